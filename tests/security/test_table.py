"""Every user state x view x door: the answer, and no chain of redirects that loops."""

from __future__ import annotations

import itertools
from importlib.util import find_spec
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.test import AsyncClient

from django_mfa import clock as clocks
from django_mfa.accounts.models import MFAAccount
from django_mfa.testing import add_recovery_codes, add_totp, totp_code
from django_mfa.values import Proof
from tests.browser import Browser

has_rest = find_spec("rest_framework") is not None
pytestmark = pytest.mark.urls("tests.rest_pages" if has_rest else "tests.policy_pages")

MINUTES_16 = 16 * 60
#: So that the admin is theirs, but for what they have to show.
ROOT = {"is_staff": True, "is_superuser": True}


def nobody(make_user, clock, settings):
    return Browser()


def held(make_user, clock, settings):
    user = make_user("held", **ROOT)
    add_totp(user)
    return Browser().begin(user)


def owes_enrolment(make_user, clock, settings):
    user = make_user("owes", **ROOT)
    MFAAccount.objects.create(user=user, required=True)
    return Browser().begin(user)


def in_grace(make_user, clock, settings):
    settings.DJANGO_MFA = {
        **settings.DJANGO_MFA,
        "POLICIES": [{"who": "everyone", "grace_days": 7}],
    }
    return Browser().begin(make_user("grace", **ROOT))


def by_trust(make_user, clock, settings):
    user = make_user("trust", **ROOT)
    secret = add_totp(user)
    browser = Browser().begin(user)
    browser.code(totp_code(secret), trust="1")
    browser.post("/logout/")
    return browser.begin(user)


def fresh(make_user, clock, settings):
    user = make_user("fresh", **ROOT)
    return Browser().enter(user, add_totp(user))


def old(make_user, clock, settings):
    browser = fresh(make_user, clock, settings)
    clock.tick(MINUTES_16)
    return browser


def weak(make_user, clock, settings):
    """By a recovery code, where the policy takes only the app."""
    settings.DJANGO_MFA = {
        **settings.DJANGO_MFA,
        "POLICIES": [{"who": "everyone", "allowed_factors": ["totp"]}],
    }
    user = make_user("weak", **ROOT)
    add_totp(user)
    browser = Browser().enter(user, add_totp(user, name="Second"))
    store = browser.session
    proof = Proof("recovery_code", "x", int(clocks.timestamp()), "aal2", ("otp",))
    store["_mfa_proofs"] = [proof.as_json()]
    store.save()
    add_recovery_codes(user)
    return browser


def strong(make_user, clock, settings):
    browser = fresh(make_user, clock, settings)
    store = browser.session
    proofs = [{**proof, "phishing_resistant": True} for proof in store["_mfa_proofs"]]
    store["_mfa_proofs"] = proofs
    store.save()
    return browser


STATES = {
    each.__name__: each
    for each in (
        *(nobody, held, owes_enrolment, in_grace, by_trust),
        *(fresh, old, weak, strong),
    )
}
#: What each view asks for, and by which text it is known to have run.
ANYBODY, PROOF, FRESH, STRONG = "anybody", "proof", "fresh", "strong"
VIEWS = {
    "/p/page/": ANYBODY,
    "/p/api/": ANYBODY,
    "/p/exempt/": "exempt",
    "/p/any/": PROOF,
    "/admin/": PROOF,
    "/p/step_up/": FRESH,
    "/p/api_step_up/": FRESH,
    "/p/async/": FRESH,
    "/p/resistant/": STRONG,
}
REST = {"/p/drf/": ANYBODY, "/p/drf_step_up/": FRESH, "/p/drf_resistant/": STRONG}
VIEWS |= REST if has_rest else {}
RAN = {"/admin/": b"Site administration"}
DOORS = {"page": "text/html, */*", "program": "application/json"}

#: Who meets what. An exempt view sees everybody who owes no proof.
MEETS = {
    "nobody": set(),
    "held": set(),
    "owes_enrolment": set(),
    "in_grace": {ANYBODY, "exempt"},
    "by_trust": {ANYBODY, "exempt"},
    "fresh": {ANYBODY, "exempt", PROOF, FRESH},
    "old": {ANYBODY, "exempt", PROOF},
    "weak": {"exempt"},
    "strong": {ANYBODY, "exempt", PROOF, FRESH, STRONG},
}
SPEAKS_JSON = {path for path in VIEWS if "api" in path or "drf" in path}


class Visitor:
    """A browser on WSGI or on ASGI."""

    def __init__(self, browser: Browser, server: str) -> None:
        self.client: Any = browser
        if server == "asgi":
            self.client = AsyncClient()
            self.client.cookies = browser.cookies

    def get(self, path: str, accept: str) -> Any:
        get = self.client.get
        if isinstance(self.client, AsyncClient):
            get = async_to_sync(get)
        return get(path, headers={"accept": accept})


@pytest.fixture
def site(settings):
    settings.DJANGO_MFA = {
        **settings.DJANGO_MFA,
        "POLICIES": [],
        "TRUSTED_DEVICES": {"ENABLED": True},
    }
    return settings


@pytest.mark.django_db
@pytest.mark.parametrize("server", ["wsgi", "asgi"])
@pytest.mark.parametrize("state", STATES)
def test_what_each_state_sees_and_where_it_is_led(
    state, server, make_user, clock, site
):
    """Every view by every door, one after the other in the same session."""
    browser = STATES[state](make_user, clock, site)
    visitor = Visitor(browser, server)
    for (path, asks), door in itertools.product(VIEWS.items(), DOORS):
        response = visitor.get(path, DOORS[door])
        if asks in MEETS[state]:
            assert response.status_code == 200, (path, door)
            assert RAN.get(path, b"seen") in response.content, (path, door)
        else:
            assert RAN.get(path, b"seen") not in response.content, (path, door)
            assert "X-Ran" not in response.headers, (path, door)
            is_told(visitor, response, state, path, door)


def is_told(visitor: Visitor, response, state: str, path: str, door: str) -> None:
    """A program is told what is owed, a person led to where they can give it."""
    if path in SPEAKS_JSON and state == "nobody" and VIEWS[path] == ANYBODY:
        assert response.status_code in (401, 403), path
    elif (door == "program" and not djangos_own(state, path)) or (
        path in SPEAKS_JSON and VIEWS[path] == ANYBODY
    ):
        owed_as_json(response, path)
    else:
        led_to(visitor, response)


def owed_as_json(response, path: str) -> None:
    assert response.status_code in (401, 403), (path, response)
    assert response.json()["mfa_required"] is True
    assert "insufficient_user_authentication" in response["WWW-Authenticate"]


def djangos_own(state: str, path: str) -> bool:
    """Whether Django alone answers: it redirects programs as well."""
    if path == "/admin/":  # has a login page of its own, for whom nothing waits
        return state not in ("by_trust", "held", "owes_enrolment")
    return path == "/p/exempt/" or (state == "nobody" and path == "/p/page/")


def led_to(visitor: Visitor, response) -> None:
    """Within three hops there is a page on which the person can act."""
    for _hop in range(3):
        if response.status_code != 302:
            break
        response = visitor.get(response.url, "text/html")
    assert response.status_code == 200, response
    assert b"<form" in response.content or b"/mfa/setup/" in response.content


@pytest.mark.django_db
@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize(
    "method", ["post", "put", "patch", "delete", "head", "options"]
)
def test_U01_no_method_runs_what_is_denied(state, method, make_user, clock, site):
    browser = STATES[state](make_user, clock, site)
    response = getattr(browser, method)("/p/step_up/")
    allowed = FRESH in MEETS[state]
    assert (response.status_code == 200) is allowed
    assert (response.headers.get("X-Ran") == "1") is allowed


@pytest.mark.django_db
def test_U01_an_unknown_method_is_denied_as_well(visitor):
    assert "X-Ran" not in visitor.generic("BREW", "/p/step_up/").headers
