"""Handlers, media, prefixes, methods: what is decided is decided on the view."""

from __future__ import annotations

from typing import Any

import pytest
from asgiref.sync import SyncToAsync, async_to_sync
from django.core.exceptions import ImproperlyConfigured
from django.test import AsyncClient, override_settings
from django.urls import set_script_prefix

from django_mfa.accounts.models import MFAAccount
from tests.browser import Browser

pytestmark = pytest.mark.urls("tests.policy_pages")

SIXTEEN_MINUTES = 16 * 60
OURS = "django_mfa.middleware.MFAMiddleware"


class Quiet(Browser):
    """Shows the page of a failure, as a server does."""

    def __init__(self, **more: Any) -> None:
        super().__init__(raise_request_exception=False, **more)


def triggers(settings, *rules):
    settings.DJANGO_MFA = {**settings.DJANGO_MFA, "STEP_UP": {"TRIGGERS": list(rules)}}


@pytest.mark.parametrize(
    ("path", "status", "word"),
    [("/nowhere/", 404, "no page"), ("/p/broken/", 500, "failed")],
)
def test_handlers_of_errors_see_nobody_who_owes_something(
    alice, carol, path, status, word
):
    held = alice.begin(Quiet())
    response = held.get(path)
    assert (response.status_code, response.content) == (
        status,
        f"{word}, nobody".encode(),
    )
    inside = alice.enter(Quiet())
    assert inside.get(path).content == f"{word}, {alice.user.get_username()}".encode()
    owing = Quiet().begin(carol)
    MFAAccount.objects.update_or_create(user=carol, defaults={"required": True})
    assert owing.get(path).content == f"{word}, nobody".encode()


@pytest.mark.parametrize(
    "rule", [{"path": "media/*"}, {"view": "django.views.static.serve"}]
)
def test_files_that_django_serves_are_views_like_others(alice, clock, settings, rule):
    triggers(settings, rule)
    browser = alice.enter()
    assert b"for the table" in browser.get("/media/policy_pages.py").getvalue()
    clock.tick(SIXTEEN_MINUTES)
    for path in ("/media/pages.py", "/media//pages.py", "/media/./pages.py"):
        assert browser.get(path).status_code == 302
        assert browser.head(path).status_code == 302


@pytest.mark.parametrize("server", ["wsgi", "asgi"])
def test_a_site_below_a_prefix_leads_within_it(alice, clock, settings, server):
    triggers(settings, {"path": "same/"})
    browser = alice.enter()
    clock.tick(SIXTEEN_MINUTES)
    with override_settings(FORCE_SCRIPT_NAME="/site"):
        client = AsyncClient() if server == "asgi" else browser
        client.cookies = browser.cookies
        get = async_to_sync(client.get) if server == "asgi" else client.get
        path = "/site/same/" if server == "asgi" else "/same/"
        set_script_prefix("/site/")  # as the handlers of real servers do
        try:
            response = get(path)
        finally:
            set_script_prefix("/")
    assert response.status_code == 302
    assert response.url.startswith("/site/mfa/step-up/?next=%2Fsite%2Fsame%2F")


@pytest.mark.parametrize("method", ["BREW", "PROPFIND", "CONNECT"])
@pytest.mark.parametrize("path", ["/p/step_up/", "/same/", "/twice/"])
def test_methods_that_nobody_knows_are_denied(alice, clock, settings, method, path):
    triggers(settings, {"view": "same"}, {"view": "twice", "methods": "write"})
    browser = alice.enter()
    clock.tick(SIXTEEN_MINUTES)
    response = browser.generic(method, path)
    assert response.status_code in (302, 403)
    assert "X-Ran" not in response.headers


@pytest.mark.parametrize("path", ["/p/streamed/", "/p/astreamed/"])
@pytest.mark.parametrize("server", ["wsgi", "asgi"])
@pytest.mark.filterwarnings("ignore:StreamingHttpResponse must consume:Warning")
def test_what_is_streamed_is_refused_before_it_begins(alice, clock, path, server):
    browser = alice.enter()
    client: Any = browser
    get = browser.get
    if server == "asgi":
        client = AsyncClient()
        client.cookies = browser.cookies
        get = async_to_sync(client.get)
    assert get(path).streaming
    clock.tick(SIXTEEN_MINUTES)
    response = get(path)
    assert response.status_code == 302
    assert not response.streaming


# The order of middleware


def without(settings, name):
    return [each for each in settings.MIDDLEWARE if each != name]


@pytest.mark.parametrize("server", ["wsgi", "asgi"])
@pytest.mark.parametrize(
    "missing",
    [
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
    ],
)
def test_without_what_it_needs_no_view_runs(db, settings, missing, server):
    settings.MIDDLEWARE = without(settings, missing)
    get = async_to_sync(AsyncClient().get) if server == "asgi" else Browser().get
    for path in ("/", "/p/any/", "/mfa/login/"):
        with pytest.raises(ImproperlyConfigured):
            get(path)


@pytest.mark.parametrize("server", ["wsgi", "asgi"])
def test_before_what_it_needs_no_view_runs(db, settings, server):
    settings.MIDDLEWARE = [OURS, *without(settings, OURS)]
    get = async_to_sync(AsyncClient().get) if server == "asgi" else Browser().get
    with pytest.raises(ImproperlyConfigured):
        get("/p/any/")


@pytest.mark.parametrize("path", ["/p/any/", "/p/step_up/", "/p/class/", "/p/async/"])
def test_without_it_marked_views_run_for_nobody(alice, settings, path):
    browser = alice.enter(Quiet())
    settings.MIDDLEWARE = without(settings, OURS)
    response = browser.with_key(browser.key).get(path)
    assert response.status_code == 500
    assert "X-Ran" not in response.headers


def early(get_response):
    """A middleware of a site that looks at the user before the view is known."""

    def middleware(request):
        assert str(request.user)
        return get_response(request)

    return middleware


def test_who_was_looked_at_too_early_is_looked_at_again(alice, settings):
    settings.DJANGO_MFA = {
        **settings.DJANGO_MFA,
        "POLICIES": [{"who": "everyone", "phishing_resistant": True, "grace_days": 0}],
    }
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, f"{__name__}.early"]
    browser = alice.begin()
    browser.post("/mfa/verify/", {"code": alice.codes[0]})
    assert browser.get("/profile/").url.startswith("/mfa/setup/")
    # The page on which it is given sees them all the same.
    assert browser.get("/mfa/setup/").status_code == 200
    assert browser.get("/p/exempt/").content == b"seen"


# On the event loop


@pytest.mark.parametrize("path", ["/p/async/", "/p/asame/", "/p/astreamed/"])
def test_an_async_view_is_decided_on_without_a_thread(
    alice, settings, monkeypatch, path
):
    triggers(settings, {"view": "asame"})
    browser = alice.enter()
    client = AsyncClient()
    client.cookies = browser.cookies
    hops: list[Any] = []
    monkeypatch.setattr("django_mfa.flows.gate.sync_to_async", hops.append)
    response = async_to_sync(client.get)(path)
    assert response.status_code == 200
    assert hops == []


def test_none_of_our_code_runs_in_a_thread(alice, monkeypatch):
    """Counted where asgiref changes over; Django's own ORM calls do so, ours do not."""
    browser = alice.enter()
    client = AsyncClient()
    client.cookies = browser.cookies
    called: list[str] = []
    change_over = SyncToAsync.__call__

    async def noted(self, *args, **kwargs):
        called.append(str(getattr(self.func, "__module__", "")))
        return await change_over(self, *args, **kwargs)

    monkeypatch.setattr(SyncToAsync, "__call__", noted)
    assert async_to_sync(client.get)("/p/async/").content == b"seen"
    assert called
    assert [name for name in called if name.startswith("django_mfa")] == []


# What a view lets through, and what is too big to be kept


def test_an_error_that_a_view_lets_through_is_a_page_that_says_what_to_do(alice):
    browser = alice.enter()
    page = browser.get("/p/void/")
    assert page.status_code == 409
    assert b"Nothing was done." in page.content
    said = browser.get("/p/void/", headers={"accept": "application/json"})
    assert said.json()["code"] == "approval_void"


@pytest.mark.parametrize(("size", "kept"), [(100, True), (70_000, False)])
def test_a_form_that_is_too_big_is_not_even_read(alice, clock, size, kept):
    browser = alice.enter()
    clock.tick(SIXTEEN_MINUTES)
    response = browser.post("/p/kept/", {"note": "x" * size})
    assert response.url == "/mfa/step-up/?next=%2Fp%2Fkept%2F"
    assert ("_mfa_form" in browser.session) is kept


@pytest.mark.parametrize("length", ["9" * 5000, "²", "-1"])
def test_a_form_whose_length_is_no_number_is_not_even_read(alice, clock, length):
    browser = alice.enter()
    clock.tick(SIXTEEN_MINUTES)
    response = browser.post("/p/kept/", {"note": "x"}, CONTENT_LENGTH=length)
    assert response.url == "/mfa/step-up/?next=%2Fp%2Fkept%2F"
    assert "_mfa_form" not in browser.session


@pytest.mark.urls("testproject.urls")
def test_a_look_at_the_headers_alone_leaves_the_form_to_the_person(alice, clock):
    browser = alice.enter()
    clock.tick(SIXTEEN_MINUTES)
    asked = browser.post("/transfer/", {"recipient": "Bob Ross", "amount": "9"})
    clock.tick(30)
    browser.post(asked.url, {"code": alice.code})
    assert browser.head("/transfer/").status_code == 200
    assert b"Bob Ross" in browser.get("/transfer/").content
    assert b"Bob Ross" not in browser.get("/transfer/").content
