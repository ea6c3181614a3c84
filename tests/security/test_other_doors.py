"""Other ways to log in, other middleware, other mountings: the gate holds for all."""

from __future__ import annotations

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth import (
    aauthenticate,
    alogin,
    authenticate,
    get_user_model,
    login,
)
from django.contrib.auth.backends import RemoteUserBackend
from django.contrib.auth.decorators import login_required, permission_required
from django.contrib.auth.views import LoginView
from django.http import HttpResponse
from django.test import AsyncClient, Client, RequestFactory
from django.test.utils import override_script_prefix
from django.urls import path, reverse
from django_otp import match_token
from django_otp.decorators import otp_required
from django_otp.forms import OTPAuthenticationForm
from django_otp.views import LoginView as OTPLoginView

from django_mfa.approvals import approve
from django_mfa.approvals.models import Approval
from django_mfa.decorators import mfa_required
from django_mfa.factors.totp.models import TOTPDevice
from django_mfa.testing import add_totp, totp_code
from testproject.urls import urlpatterns as pages
from tests.browser import Browser

pytestmark = pytest.mark.usefixtures("clock", "doors")

OURS = "django_mfa.middleware.MFAMiddleware"
AUTH = "django.contrib.auth.middleware.AuthenticationMiddleware"


def whoami(request):
    return HttpResponse(str(request.user.pk))


async def awhoami(request):
    user = await request.auser()
    return HttpResponse(str(user.pk))


def enter(request):
    """A login view of the site's own: logs in, and says who is in after that."""
    user = authenticate(
        request, username=request.POST["username"], password=request.POST["password"]
    )
    if user is None:
        return HttpResponse("no", status=401)
    for _ in range(int(request.POST.get("times", 1))):
        login(request, user)
    return HttpResponse(str(request.user.pk))


async def aenter(request):
    user = await aauthenticate(
        request, username=request.POST["username"], password=request.POST["password"]
    )
    await alogin(request, user)
    seen = await request.auser()
    return HttpResponse(f"{seen.pk} {request.user.pk}")


def again(request):
    """Logs in whoever `request.user` is, once more."""
    if request.user.is_authenticated:
        login(request, request.user)
    return HttpResponse(str(request.user.pk))


async def aagain(request):
    user = await request.auser()
    await alogin(request, user)
    return HttpResponse(str(user.pk))


def pay(request):
    terms = {"second_person": True, "permission": "auth.add_user"}
    approve(request, "pay", None, "Pay Ben", {"Amount": 5000}, **terms)


urlpatterns = [
    path("pay/", pay),
    path("whoami/", whoami),
    path("awhoami/", awhoami),
    path("enter/", enter),
    path("aenter/", aenter),
    path("again/", again),
    path("aagain/", aagain),
    path(
        "plain-login/",
        LoginView.as_view(template_name="site/plain.html"),
        name="plain_login",
    ),
    path("otp-login/", OTPLoginView.as_view()),
    path("members/", login_required(whoami)),
    path("vault/", mfa_required(whoami)),
    path("otp/", otp_required(whoami, login_url="/mfa/login/")),
    path("granted/", permission_required("app.none", login_url="/mfa/login/")(whoami)),
    *pages,
]


@pytest.fixture
def doors(settings):
    settings.ROOT_URLCONF = __name__


def who(browser, url="/whoami/"):
    return browser.get(url).text


def beside_django_otp(middleware, place):
    """Put the middleware of django-otp before ours, or after it."""
    spot = middleware.index(OURS) + (place == "after")
    theirs = "django_otp.middleware.OTPMiddleware"
    return [*middleware[:spot], theirs, *middleware[spot:]]


def credentials(user):
    return {"username": user.get_username(), "password": "pw"}


@pytest.mark.parametrize("url", ["/enter/", "/plain-login/", "/mfa/login/", "/aenter/"])
def test_every_login_view_is_met(alice, url):
    browser = Browser()
    response = browser.post(url, credentials(alice.user))
    if url in ("/enter/", "/aenter/"):
        assert set(response.text.split()) == {"None"}
    assert who(browser) == who(browser, "/awhoami/") == "None"
    assert browser.is_waiting
    browser.code(totp_code(alice.secret))
    assert who(browser) == who(browser, "/awhoami/") == str(alice.user.pk)
    assert browser.get("/otp/").status_code == 200


@pytest.mark.parametrize("url", ["/enter/", "/plain-login/", "/aenter/"])
def test_every_login_view_lets_in_who_owes_nothing(carol, url):
    browser = Browser()
    browser.post(url, credentials(carol))
    assert who(browser) == str(carol.pk)
    assert browser.get("/otp/").status_code == 302


def test_logging_in_twice_in_one_request_helps_nobody(alice):
    browser = Browser()
    assert (
        browser.post("/enter/", {**credentials(alice.user), "times": 3}).text == "None"
    )
    assert who(browser) == "None"


def test_logging_in_again_keeps_the_proof_of_this_very_session(alice):
    browser = alice.enter()
    assert who(browser, "/again/") == str(alice.user.pk)
    assert who(browser, "/vault/") == str(alice.user.pk)


@pytest.mark.parametrize("place", ["no", "before", "after"])
@pytest.mark.parametrize("url", ["/again/", "/aagain/"])
def test_logging_in_again_makes_no_proof_fresh(alice, clock, settings, url, place):
    if place != "no":
        settings.MIDDLEWARE = beside_django_otp(settings.MIDDLEWARE, place)
    browser = alice.enter()
    assert browser.get("/mfa/disable/").status_code == 200
    clock.tick(901)
    browser.get(url)
    assert who(browser, "/vault/") == str(alice.user.pk)
    assert browser.get("/mfa/disable/")["Location"].startswith("/mfa/step-up/")


def test_logging_in_again_with_another_code_makes_the_proof_fresh(alice, clock):
    browser = alice.enter()
    clock.tick(901)
    device = TOTPDevice.objects.get(user=alice.user)
    code = {"otp_token": totp_code(alice.secret), "otp_device": device.persistent_id}
    browser.post("/otp-login/", {**credentials(alice.user), **code})
    assert browser.get("/mfa/disable/").status_code == 200


def test_logging_in_again_as_another_asks_for_theirs(alice, bob):
    browser = alice.enter()
    browser.post("/enter/", credentials(bob.user))
    assert who(browser) == "None"
    browser.code(totp_code(alice.secret))
    assert who(browser) == "None"


@pytest.mark.parametrize(
    ("url", "way"),
    [
        ("/otp/", "/mfa/setup/?next=%2Fotp%2F"),
        ("/granted/?a=1", "/mfa/setup/?next=%2Fgranted%2F%3Fa%3D1"),
    ],
)
def test_who_is_signed_in_and_not_let_in_goes_in_no_circle(carol, url, way):
    browser = Browser().begin(carol)
    response = browser.get(url, follow=True)
    assert response.status_code == 200
    assert response.request["PATH_INFO"] == "/mfa/login/"
    assert carol.get_username() in response.text
    assert way in response.text
    assert response.context["next"] == url
    assert browser.get("/mfa/login/", {"next": "/members/"})["Location"] == "/members/"


def test_who_was_verified_and_is_not_let_in_may_sign_in_as_another(alice, carol, clock):
    browser = alice.enter()
    response = browser.get("/granted/", follow=True)
    assert alice.user.get_username() in response.text
    assert "?next=%2Fgranted" not in response.text
    # Later on it is no circle.
    clock.tick(60)
    assert browser.get("/mfa/login/?next=/granted/").status_code == 302
    browser.post("/mfa/login/", {**credentials(carol), "next": "/members/"})
    assert who(browser) == str(carol.pk)


def test_in_a_trusted_browser_the_way_is_the_second_step(alice, settings):
    settings.DJANGO_MFA = {"TRUSTED_DEVICES": {"ENABLED": True}}
    browser = alice.begin()
    browser.code(totp_code(alice.secret), trust="on")
    browser.post("/logout/")
    response = browser.begin(alice.user).get("/otp/", follow=True)
    assert "/mfa/step-up/?next=%2Fotp%2F" in response.text


def test_force_login_is_met_as_well(alice, carol):
    browser = Client()
    browser.force_login(alice.user)
    assert who(browser) == "None"
    browser.force_login(carol)
    assert who(browser) == str(carol.pk)
    assert browser.get("/vault/").status_code == 302


@pytest.mark.django_db(transaction=True)
def test_the_asynchronous_client_is_met_as_well(alice, carol):
    async def story():
        browser = AsyncClient()
        await browser.aforce_login(alice.user)
        seen = [(await browser.get(url)).text for url in ("/whoami/", "/awhoami/")]
        other = AsyncClient()
        await other.aforce_login(carol)
        seen += [(await other.get(url)).text for url in ("/whoami/", "/awhoami/")]
        third = AsyncClient()
        entered = (await third.post("/aenter/", credentials(alice.user))).text
        waiting = await third.post(
            reverse("django_mfa:verify"), {"code": totp_code(alice.secret)}
        )
        return [
            *seen,
            entered,
            (await third.get("/awhoami/")).text,
            waiting.status_code,
        ]

    alices, carols = str(alice.user.pk), str(carol.pk)
    assert async_to_sync(story)() == [
        "None",
        "None",
        carols,
        carols,
        "None None",
        alices,
        302,
    ]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "url", ["/vault/", "/members/", "/profile/", "/mfa/", "/mfa/login/", "/admin/"]
)
def test_a_waiting_session_is_anonymous_on_the_event_loop(alice, url):
    async def story():
        browser = AsyncClient()
        await browser.aforce_login(alice.user)
        html = await browser.get(url)
        program = await browser.get(url, headers={"accept": "application/json"})
        return html, program

    html, program = async_to_sync(story)()
    assert html.status_code == 302
    assert program.status_code in (302, 401, 403)


# Middleware of Django's


@pytest.fixture
def remote_user(settings):
    settings.AUTHENTICATION_BACKENDS = [
        *settings.AUTHENTICATION_BACKENDS,
        f"{__name__}.SomeRemoteUserBackend",
    ]


class SomeRemoteUserBackend(RemoteUserBackend):
    create_unknown_user = False


@pytest.mark.usefixtures("remote_user")
@pytest.mark.parametrize("place", ["before", "after"])
@pytest.mark.parametrize(
    "kind", ["RemoteUserMiddleware", "PersistentRemoteUserMiddleware"]
)
def test_a_user_named_by_the_web_server_is_met_as_well(alice, settings, place, kind):
    middleware = list(settings.MIDDLEWARE)
    spot = middleware.index(OURS) + (place == "after")
    middleware.insert(spot, f"django.contrib.auth.middleware.{kind}")
    settings.MIDDLEWARE = middleware
    browser = Browser(REMOTE_USER=alice.user.get_username())
    for _ in range(3):
        assert who(browser) == "None"
    assert browser.get("/vault/").status_code == 302
    assert browser.page("verify").status_code == 200
    browser.code("000000")
    browser.code(totp_code(alice.secret))
    for _ in range(3):
        assert who(browser) == str(alice.user.pk)
    assert who(browser, "/vault/") == str(alice.user.pk)
    assert alice.totp.uses == 1


@pytest.mark.parametrize("place", ["before", "after"])
def test_beside_djangos_login_required_middleware_nothing_goes_in_a_circle(
    alice, staff, settings, place
):
    middleware = list(settings.MIDDLEWARE)
    spot = middleware.index(OURS) + (place == "after")
    middleware.insert(spot, "django.contrib.auth.middleware.LoginRequiredMiddleware")
    settings.MIDDLEWARE = middleware
    browser = Browser()
    assert browser.page("login").status_code == 200
    first = browser.get("/whoami/", follow=True)
    assert first.status_code == 200
    assert first.request["PATH_INFO"] == "/mfa/login/"
    browser.begin(alice.user)
    assert browser.page("verify").status_code == 200
    asked = browser.get("/whoami/", follow=True)
    assert asked.request["PATH_INFO"] == "/mfa/verify/"
    assert browser.code(totp_code(alice.secret))["Location"] == "/whoami/"
    assert who(browser) == str(alice.user.pk)
    held = Browser().begin(staff)
    assert (
        held.get("/whoami/", follow=True).request["PATH_INFO"].startswith("/mfa/setup/")
    )


@pytest.mark.parametrize("place", ["before", "after"])
def test_beside_the_middleware_of_django_otp(alice, settings, place):
    settings.MIDDLEWARE = beside_django_otp(settings.MIDDLEWARE, place)
    browser = alice.begin()
    assert who(browser) == "None"
    assert browser.get("/otp/").status_code == 302
    browser.code(totp_code(alice.secret))
    assert browser.get("/otp/").status_code == 200
    assert browser.get("/vault/").status_code == 200
    TOTPDevice.objects.filter(user=alice.user).update(confirmed=False)
    assert browser.get("/otp/").status_code in (200, 302)


def test_the_wrong_order_of_middleware_shows_nothing(alice, settings):
    browser = alice.begin()
    middleware = [name for name in settings.MIDDLEWARE if name != OURS]
    for order in ([OURS, *middleware], middleware):
        settings.MIDDLEWARE = order
        other = browser.with_key(browser.key)
        other.raise_request_exception = False
        assert other.get("/vault/").status_code == 500


@pytest.mark.parametrize(
    "name",
    [
        "plain_login",
        "/plain-login/",
        "/mfa/login/",
        "https://testserver/plain-login/",
        "admin:login",
    ],
)
def test_whatever_the_login_address_is_called_what_is_owed_is_said(
    alice, settings, name
):
    settings.LOGIN_URL = name
    browser = alice.begin()
    response = browser.get("/members/?a=1")
    assert response["Location"] == "/mfa/verify/"
    assert browser.code(totp_code(alice.secret))["Location"] == "/members/?a=1"


@pytest.mark.parametrize("prefix", ["/app", "/app/deeper"])
def test_below_a_script_prefix_every_way_keeps_to_it(alice, prefix):
    browser = Browser(SCRIPT_NAME=prefix)
    data = {**credentials(alice.user), "next": f"{prefix}/vault/"}
    with override_script_prefix(f"{prefix}/"):
        response = browser.post("/mfa/login/", data)
        assert response["Location"] == f"{prefix}/mfa/verify/"
        response = browser.get("/members/")
        assert response["Location"] == f"{prefix}/mfa/verify/"
        response = browser.post("/mfa/verify/", {"code": totp_code(alice.secret)})
        assert response["Location"] == f"{prefix}/members/"
        assert browser.get("/vault/").text == str(alice.user.pk)


# What django-otp's own API makes of it


def test_match_token_charges_no_device_but_the_one_that_answers(alice):
    second = add_totp(alice.user, name="Tablet")
    device = match_token(alice.user, totp_code(second))
    assert device is not None
    assert device.name == "Tablet"
    assert alice.totp.failures == 0


def test_match_token_takes_a_code_once(alice):
    code = totp_code(alice.secret)
    assert match_token(alice.user, code) is not None
    assert match_token(alice.user, code) is None
    assert match_token(alice.user, alice.codes[0]) is not None
    assert match_token(alice.user, alice.codes[0]) is None


def test_a_form_of_django_otp_signs_in_whom_it_verified(alice):
    browser = Browser()
    token = {"otp_token": totp_code(alice.secret)}
    device = {"otp_device": alice.totp.persistent_id}
    data = {**credentials(alice.user), **token, **device}
    assert browser.post("/otp-login/", data).status_code == 302
    assert who(browser) == str(alice.user.pk)
    assert who(browser, "/vault/") == str(alice.user.pk)
    assert browser.get("/otp/").status_code == 200


@pytest.mark.parametrize("token", ["000000", "", "AAAA-AAAA"])
def test_a_form_of_django_otp_signs_nobody_else_in(alice, token):
    request = RequestFactory().post("/")
    form = OTPAuthenticationForm(
        request, {**credentials(alice.user), "otp_token": token}
    )
    assert not form.is_valid()


def test_a_device_of_bob_on_the_user_does_not_sign_alice_in(alice, bob):
    browser = Browser()
    request = RequestFactory().post("/")
    request.session = browser.session
    user = authenticate(request, username=alice.user.get_username(), password="pw")
    user.otp_device = bob.totp
    login(request, user)
    request.session.save()
    assert who(browser.with_key(request.session.session_key)) == "None"
    user.otp_device = TOTPDevice(user=alice.user, confirmed=False)
    login(request, user)
    request.session.save()
    assert who(browser.with_key(request.session.session_key)) == "None"


def impersonate(get_response):
    """A middleware that shows the site to one person as another one sees it."""

    def shown_as(request):
        name = request.GET.get("as")
        if name:
            request.user = get_user_model()._default_manager.get(pk=name)
        return get_response(request)

    return shown_as


@pytest.fixture
def impersonating(settings):
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, f"{__name__}.impersonate"]


@pytest.mark.usefixtures("impersonating")
def test_who_looks_at_the_site_as_another_asks_for_nothing_in_their_name(alice, carol):
    browser, named = alice.enter(), f"?as={carol.pk}"
    assert browser.get(f"/whoami/{named}").content.decode() == str(carol.pk)
    assert browser.post("/pay/").url.startswith("/mfa/approve/")
    # Else they would be two persons by themselves.
    assert not browser.post(f"/pay/{named}").url.startswith("/mfa/approve/")
    assert Approval.objects.get().requester == alice.user


@pytest.mark.usefixtures("impersonating")
def test_who_looks_at_the_site_as_another_sets_up_nothing_for_them(alice, carol, clock):
    browser, named = alice.enter(), f"?as={carol.pk}"
    for name in ("security", "sign_ins", "approvals", "recovery_codes"):
        response = browser.get(reverse(f"django_mfa:{name}") + named)
        assert response.url.startswith("/mfa/login/"), name
    setup = reverse("django_mfa:setup", args=["totp"]) + named
    assert browser.get(setup).status_code == 302
    assert browser.post(setup, {"code": "000000"}).status_code == 302
    assert not TOTPDevice.objects.filter(user=carol).exists()
    clock.tick(30)
    step_up = reverse("django_mfa:step_up")
    assert browser.post(step_up + named, {"password": "pw"}).status_code == 302
    assert browser.post(step_up, {"code": alice.code}).status_code == 302
    assert browser.page("security").status_code == 200
