from __future__ import annotations

from datetime import timedelta

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpResponse
from django.test import AsyncClient, RequestFactory
from django.urls import re_path, reverse

from django_mfa.accounts import service as accounts
from django_mfa.errors import EnrolmentRequired, MFARequired
from django_mfa.middleware import MFAMiddleware
from django_mfa.testing import add_totp, freeze, mfa_login
from tests import pages
from tests.stories import CountingCache, queries

MODEL_BACKEND = "django.contrib.auth.backends.ModelBackend"
EVERYONE = {"POLICIES": [{"who": "everyone", "grace_days": 7}]}
JSON = {"accept": "application/json"}

pytestmark = pytest.mark.urls("tests.pages")


def away(request):
    """Looks who is there, and sends them to sign in."""
    assert request.user.is_authenticated
    return redirect_to_login("/away/", "/mfa/login/")


urlpatterns = [re_path("^away/$", away)]


class AsyncBrowser:
    """An `AsyncClient` that is called like a `Client`."""

    def __init__(self) -> None:
        self.client = AsyncClient()

    def get(self, path: str, **more):
        return async_to_sync(self.client.get)(path, **more)


@pytest.fixture
def abrowser():
    return AsyncBrowser()


@pytest.fixture
def held(client, user):
    """A browser in which the password of `user` was right and a code is owed."""
    add_totp(user)
    client.force_login(user)
    return client


def test_nobody_is_nobody_and_not_verified(client, abrowser, db):
    assert client.get("/t/who/").content == b"nobody"
    assert client.get("/t/verified/").content == b"False False"
    assert abrowser.get("/t/awho/").content.endswith(b"nobody True False")
    assert abrowser.get("/t/averified/").content == b"False False"


def test_who_showed_a_factor_is_verified(client, abrowser, user):
    name = user.get_username().encode()
    mfa_login(client, user)
    assert client.get("/t/who/").content == name
    assert client.get("/t/verified/").content == b"True True"
    abrowser.client.cookies = client.cookies
    assert abrowser.get("/t/averified/").content == b"True True"
    assert abrowser.get("/t/who/").content == name


def test_who_is_held_is_nobody(held, abrowser):
    abrowser.client.cookies = held.cookies
    assert held.get("/t/who/").content == b"nobody"
    assert held.get("/t/verified/").content == b"False False"
    assert held.get("/t/exempt/").content == b"nobody"
    assert abrowser.get("/t/averified/").content == b"False False"


# What is added to a request


def cost(client, path: str) -> list[str]:
    client.get(path)
    with queries() as seen:
        assert client.get(path).status_code == 200
    return seen


def test_a_view_that_ignores_the_user_costs_nothing(client, abrowser, user):
    mfa_login(client, user)
    abrowser.client.cookies = client.cookies
    assert cost(client, "/t/plain/") == []
    assert cost(abrowser, "/t/aplain/") == []


@pytest.mark.parametrize("path", ["/t/who/", "/t/verified/", "/t/bare/", "/t/otp/"])
def test_a_verified_request_costs_what_django_costs(client, user, path):
    mfa_login(client, user)
    # The session and the user.
    assert len(cost(client, path)) == 2


@pytest.mark.parametrize("path", ["/t/averified/", "/t/arecent/"])
def test_an_async_verified_request_costs_what_django_costs(
    client, abrowser, user, path
):
    mfa_login(client, user)
    abrowser.client.cookies = client.cookies
    assert len(cost(abrowser, path)) == 2


@pytest.mark.parametrize("path", ["/t/who/", "/t/averified/"])
def test_with_the_backend_of_django_it_costs_one_more(
    client, abrowser, user, settings, path
):
    settings.AUTHENTICATION_BACKENDS = [MODEL_BACKEND]
    mfa_login(client, user)
    abrowser.client.cookies = client.cookies
    browser = abrowser if "/a" in path else client
    assert len(cost(browser, path)) == 3


def test_a_session_without_factor_costs_what_django_costs(client, user):
    client.force_login(user)
    assert len(cost(client, "/t/who/")) == 2


def test_a_request_asks_no_cache(client, abrowser, user, settings):
    settings.CACHES = {"default": {"BACKEND": "tests.stories.CountingCache"}}
    mfa_login(client, user)
    abrowser.client.cookies = client.cookies
    CountingCache.calls = 0
    for path in ("/t/plain/", "/t/who/", "/t/verified/", "/t/recent/"):
        client.get(path)
    for path in ("/t/aplain/", "/t/averified/", "/t/arecent/"):
        abrowser.get(path)
    assert CountingCache.calls == 0


def test_the_count_of_calls_counts(settings, db):
    from django.core.cache import cache

    settings.CACHES = {"default": {"BACKEND": "tests.stories.CountingCache"}}
    CountingCache.calls = 0
    cache.get("x")
    assert CountingCache.calls == 1


# What came to be owed


def test_a_duty_that_came_up_is_met_at_the_next_request(client, user, settings):
    settings.DJANGO_MFA = EVERYONE
    with freeze() as moving:
        client.force_login(user)
        assert client.get("/t/who/").content != b"nobody"
        moving.tick(timedelta(days=7))
        assert client.get("/t/who/").content == b"nobody"


def test_an_exempt_view_is_known_by_its_mark(client, user, settings):
    settings.DJANGO_MFA = EVERYONE
    with freeze() as moving:
        client.force_login(user)
        client.get("/t/who/")
        moving.tick(timedelta(days=7))
        assert client.get("/t/exempt/").content != b"nobody"
        assert client.get("/t/exempt//", follow=True).status_code == 404
        assert client.get("/t/who/").content == b"nobody"


def test_factors_changed_elsewhere_are_met_at_the_next_request(client, abrowser, user):
    mfa_login(client, user)
    abrowser.client.cookies = client.cookies
    accounts.begin_change(user)
    assert abrowser.get("/t/averified/").content == b"False False"
    assert client.get("/t/who/").content == b"nobody"
    assert client.get("/mfa/verify/").status_code == 200


def test_on_the_event_loop_user_and_auser_are_one(client, abrowser, user):
    mfa_login(client, user)
    abrowser.client.cookies = client.cookies
    accounts.begin_change(user)
    assert abrowser.get("/t/awho/").content == b"nobody True False"


# What is said to who was turned away


def test_who_is_held_and_turned_away_goes_to_verify_and_comes_back(held):
    response = held.get("/t/login-required/?a=1")
    assert (response.status_code, response.url) == (302, "/mfa/verify/")
    assert held.get("/mfa/login/").url == "/mfa/verify/"
    hold = held.session["_mfa_hold"]
    assert hold["next"] == "/t/login-required/?a=1"


def test_who_must_enrol_and_is_turned_away_goes_to_the_set_up(client, staff):
    client.force_login(staff)
    assert client.get("/t/login-required/").url == "/mfa/setup/"


def test_a_post_that_was_turned_away_is_not_gone_back_to(held):
    assert held.post("/t/login-required/").url == "/mfa/verify/"
    assert held.session["_mfa_hold"]["next"] == ""


def test_on_the_event_loop_it_is_said_likewise(held, abrowser):
    abrowser.client.cookies = held.cookies
    response = abrowser.get("/t/login-required/")
    assert (response.status_code, response.url) == (302, "/mfa/verify/")


@pytest.mark.parametrize("path", ["/t/login-required/", "/t/refuse/", "/t/api/"])
def test_a_program_that_was_turned_away_is_told_what_is_owed(held, path):
    response = held.get(path, headers=JSON)
    assert response.status_code == 403
    assert response.json() == {
        "code": "mfa_required",
        "detail": str(MFARequired()),
        "methods": ["totp"],
        "mfa_required": True,
    }
    assert "insufficient_user_authentication" in response["WWW-Authenticate"]


def test_a_view_that_speaks_json_is_answered_for_in_json(held):
    assert held.get("/t/api/").json()["code"] == "mfa_required"


def test_who_must_enrol_is_told_so(client, staff):
    client.force_login(staff)
    body = client.get("/t/api/").json()
    assert body["code"] == "mfa_enrolment_required"
    assert body["detail"] == str(EnrolmentRequired())
    assert body["methods"] == []


def test_a_refusal_by_the_view_stays_one_for_people(held):
    response = held.get("/t/refuse/")
    assert response.status_code == 403
    assert "json" not in response["Content-Type"]


def test_other_answers_stay_as_they_are(held):
    assert held.get("/t/elsewhere/")["Location"] == "/x/None"
    assert held.get("/t/plain/").content == b"plain"
    assert held.get("/t/who/", headers=JSON).content == b"nobody"


def test_nobody_who_waits_for_nothing_is_told_anything(client, user):
    assert client.get("/t/login-required/").url.startswith("/mfa/login/?next=")
    assert client.get("/t/api/").json() == {"detail": "Who are you?"}
    client.force_login(user)
    assert client.get("/t/api/").json() == {"name": user.get_username()}


def test_an_exempt_view_speaks_for_itself(held):
    response = held.get("/t/exempt-refusal/", headers=JSON)
    assert response.status_code == 403
    assert "json" not in response["Content-Type"]


@pytest.mark.urls("tests.test_middleware")
def test_a_urlconf_without_our_pages_redirects_as_it_likes(client, user, settings):
    settings.LOGIN_URL = "django_mfa:login"
    client.force_login(user)
    assert client.get("/away/").url == "/mfa/login/?next=/away/"


def test_a_site_with_a_login_page_of_its_own_is_understood(held, settings):
    settings.LOGIN_URL = "/accounts/login/"
    assert held.get("/t/login-required/").url == "/mfa/verify/"
    settings.LOGIN_URL = "home"
    assert held.get("/t/login-required/").url == "/mfa/verify/"


# Where it stands


@pytest.mark.parametrize("missing", ["session", "user"])
def test_it_must_come_after_what_it_needs(missing):
    request = RequestFactory().get(reverse("home"))
    request.session = {}  # type: ignore[assignment]  # only whether it is there
    request.user = None  # type: ignore[assignment]  # only whether it is there
    delattr(request, missing)
    with pytest.raises(ImproperlyConfigured, match="must come after"):
        MFAMiddleware(lambda request: HttpResponse())(request)


def test_it_runs_on_either_kind_of_server():
    assert MFAMiddleware.sync_capable
    assert MFAMiddleware.async_capable
    assert MFAMiddleware(pages.aplain).is_async
    assert not MFAMiddleware(lambda request: HttpResponse()).is_async
