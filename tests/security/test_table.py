"""Every user state x view x door: the answer, and no chain of redirects that loops."""

from __future__ import annotations

import itertools

import pytest
from django.test import Client

from django_mfa import clock as clocks
from django_mfa.accounts.models import MFAAccount
from django_mfa.testing import add_recovery_codes, add_totp, totp_code
from django_mfa.values import Proof
from tests.browser import Browser

pytestmark = pytest.mark.urls("tests.policy_pages")

MINUTES_16 = 16 * 60


def nobody(make_user, clock, settings):
    return Browser()


def held(make_user, clock, settings):
    user = make_user("held")
    add_totp(user)
    return Browser().begin(user)


def owes_enrolment(make_user, clock, settings):
    user = make_user("owes")
    MFAAccount.objects.create(user=user, required=True)
    return Browser().begin(user)


def in_grace(make_user, clock, settings):
    settings.DJANGO_MFA = {
        **settings.DJANGO_MFA,
        "POLICIES": [{"who": "everyone", "grace_days": 7}],
    }
    return Browser().begin(make_user("grace"))


def by_trust(make_user, clock, settings):
    user = make_user("trust")
    secret = add_totp(user)
    browser = Browser().begin(user)
    browser.code(totp_code(secret), trust="1")
    browser.post("/logout/")
    return browser.begin(user)


def fresh(make_user, clock, settings):
    user = make_user("fresh")
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
    user = make_user("weak")
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
VIEWS = ("page", "exempt", "any", "step_up", "resistant")
DOORS = ("html", "json")

#: Who sees which view. `exempt` and `page` show "nobody" or a name to everybody who
#: is let through; the others want what their names say.
SEES = {
    "nobody": set(),
    "held": set(),
    "owes_enrolment": set(),
    "in_grace": {"page", "exempt"},
    "by_trust": {"page", "exempt"},
    "fresh": {"page", "exempt", "any", "step_up"},
    "old": {"page", "exempt", "any"},
    "weak": {"exempt"},
    "strong": {"page", "exempt", "any", "step_up", "resistant"},
}
TABLE = list(itertools.product(STATES, VIEWS, DOORS))


@pytest.mark.django_db
@pytest.mark.parametrize(("state", "view", "door"), TABLE)
def test_what_each_state_sees_and_where_it_is_led(
    state, view, door, make_user, clock, settings
):
    settings.DJANGO_MFA = {**settings.DJANGO_MFA, "TRUSTED_DEVICES": {"ENABLED": True}}
    browser = STATES[state](make_user, clock, settings)
    accept = {"json": "application/json", "html": "text/html"}[door]
    response = browser.get(f"/p/{view}/", headers={"accept": accept})
    if view in SEES[state]:
        assert response.status_code == 200
        assert response.content == b"seen"
        return
    assert b"seen" not in response.content
    if door == "json" and not djangos_own(state, view):
        assert response.status_code in (401, 403)
        assert response.json()["mfa_required"] is True
        assert "insufficient_user_authentication" in response["WWW-Authenticate"]
        return
    led_to(browser, response)


@pytest.mark.django_db
@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize(
    "method", ["post", "put", "patch", "delete", "head", "options"]
)
def test_U01_no_method_runs_what_is_denied(state, method, make_user, clock, settings):
    settings.DJANGO_MFA = {**settings.DJANGO_MFA, "TRUSTED_DEVICES": {"ENABLED": True}}
    browser = STATES[state](make_user, clock, settings)
    response = getattr(browser, method)("/p/step_up/")
    allowed = "step_up" in SEES[state]
    assert (response.status_code == 200) is allowed
    assert (response.headers.get("X-Ran") == "1") is allowed


@pytest.mark.django_db
def test_U01_an_unknown_method_is_denied_as_well(visitor):
    assert "X-Ran" not in visitor.generic("BREW", "/p/step_up/").headers


def djangos_own(state: str, view: str) -> bool:
    """Whether `login_required` alone answers: it redirects programs as well."""
    return view == "exempt" or (state == "nobody" and view == "page")


def led_to(browser: Client, response) -> None:
    """Within three hops there is a page on which the person can act."""
    for _hop in range(3):
        if response.status_code != 302:
            break
        response = browser.get(response.url)
    assert response.status_code == 200, response
    assert b"<form" in response.content or b"/mfa/setup/" in response.content
