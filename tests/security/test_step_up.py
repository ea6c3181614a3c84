from __future__ import annotations

import pytest
from django.http import HttpResponse
from django.urls import path, reverse
from django.views import View

from django_mfa.accounts.models import MFAAccount
from django_mfa.decorators import mfa_exempt, mfa_required
from django_mfa.mixins import MFARequiredMixin
from django_mfa.policy.requirements import AnyFactor, PhishingResistant, Recent
from django_mfa.testing import add_totp, totp_code
from testproject.urls import urlpatterns as pages
from tests.browser import Browser

pytestmark = pytest.mark.usefixtures("clock", "vault")

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"]
TREASURE = "the-treasure"
ran: list[str] = []


def answer(request):
    ran.append(request.method)
    return HttpResponse(TREASURE, headers={"Allow": TREASURE})


class Anything(View):
    def dispatch(self, request, *args, **kwargs):
        return answer(request)


class Mixed(MFARequiredMixin, Anything):
    mfa_requirement = Recent(900)


@mfa_required
async def slow(request):
    return answer(request)


VAULTS = {
    "function": mfa_required(answer),
    "recent": mfa_required(Recent(900))(answer),
    "class": mfa_required(Anything.as_view()),
    "mixin": Mixed.as_view(),
    "async": slow,
    "either": mfa_required(PhishingResistant() | AnyFactor())(answer),
}

urlpatterns = [
    *(path(f"vault/{name}/", view) for name, view in VAULTS.items()),
    path("exempt/", mfa_exempt(lambda request: HttpResponse(str(request.user.pk)))),
    path("whoami/", lambda request: HttpResponse(str(request.user.pk))),
    *pages,
]


@pytest.fixture
def vault(settings):
    settings.ROOT_URLCONF = __name__
    ran.clear()


@pytest.mark.parametrize("name", VAULTS)
def test_U01_without_a_factor_no_method_gets_through(alice, carol, staff, name):
    people = {
        "nobody": Browser(),
        "password only": Browser().begin(carol),
        "waits for a proof": alice.begin(),
        "waits for a set-up": Browser().begin(staff),
    }
    for who, browser in people.items():
        for method in METHODS:
            check_denied(browser, method, f"/vault/{name}/", who)
    assert ran == []


def check_denied(browser, method, url, who):
    for accept in ("text/html", "application/json"):
        response = browser.generic(method, url, headers={"accept": accept})
        assert response.status_code in (301, 302, 401, 403, 405), (who, method)
        assert TREASURE not in response.text
        assert TREASURE not in str(response.headers)
        if accept == "application/json" and method != "HEAD":
            assert response.json()["code"].startswith("mfa_"), (who, method)


@pytest.mark.parametrize("name", VAULTS)
def test_U01_with_a_factor_every_method_gets_through(alice, name):
    browser = alice.enter()
    for method in METHODS:
        assert browser.generic(method, f"/vault/{name}/").status_code == 200
    assert ran == METHODS


@pytest.mark.parametrize("name", ["recent", "mixin"])
def test_U07_a_stale_proof_runs_nothing_and_the_post_is_not_repeated(
    alice, clock, name
):
    browser = alice.enter()
    clock.tick(901)
    big = {"text": "x" * 2_000_000}
    response = browser.post(f"/vault/{name}/", big)
    assert response.status_code == 302
    assert ran == []
    assert response["Location"].startswith("/mfa/step-up/")
    assert "next" not in response["Location"]
    asked = browser.get(f"/vault/{name}/?a=1")
    assert asked["Location"] == f"/mfa/step-up/?next=%2Fvault%2F{name}%2F%3Fa%3D1"
    back = browser.post(asked["Location"], {"code": totp_code(alice.secret)})
    assert back["Location"] == f"/vault/{name}/?a=1"
    assert ran == []
    browser.get(back["Location"])
    assert ran == ["GET"]


def test_U05_who_must_enrol_reaches_the_set_up_and_the_way_out_only(staff):
    browser = Browser().begin(staff)
    assert browser.get("/whoami/").text == "None"
    for name in ("profile", "admin:index", "transfer"):
        response = browser.get(reverse(name))
        assert response.status_code == 302
    assert browser.page("setup").status_code == 200
    assert browser.page("setup", "totp").status_code == 200
    answer = browser.get(reverse("transfer"), headers={"accept": "application/json"})
    assert answer.json()["code"] == "mfa_enrolment_required"
    assert answer.status_code in (401, 403)
    assert browser.post(reverse("logout")).status_code == 302
    assert browser.page("setup").status_code == 302


@pytest.mark.parametrize(
    "url",
    [
        "/profile/",
        "/transfer/",
        "/mfa/",
        "/mfa/verify/",
        "/mfa/login/",
        "/admin/",
        "/mfa/recovery-codes/",
    ],
)
def test_U05_every_way_leads_to_the_set_up_and_none_in_a_circle(staff, url):
    browser = Browser().begin(staff)
    response = browser.get(url, follow=True)
    assert response.status_code == 200
    assert len(response.redirect_chain) <= 3
    assert response.request["PATH_INFO"].startswith("/mfa/setup/")


@pytest.mark.parametrize("change", ["enrolled", "password", "switched off", "gone"])
@pytest.mark.parametrize("url", ["/mfa/setup/", "/mfa/setup/totp/", "/transfer/"])
def test_U05_who_changed_meanwhile_starts_again_and_goes_in_no_circle(
    staff, url, change
):
    browser = Browser().begin(staff)
    if change == "enrolled":
        add_totp(staff)  # on the phone, say
    elif change == "gone":
        staff.delete()
    else:
        staff.is_active = change != "switched off"
        staff.set_password("new")
        staff.save()
    response = browser.get(url, follow=True)
    assert response.request["PATH_INFO"] == "/mfa/login/"
    assert response.status_code == 200
    assert not browser.is_waiting


def test_U05_after_the_set_up_the_way_goes_on(staff):
    browser = Browser()
    browser.password(staff, next="/transfer/")
    shown = browser.page("setup", "totp").context["show"]["secret"].replace(" ", "")
    response = browser.send("setup", "totp", code=totp_code(shown))
    assert response.status_code == 200
    assert response.context["next"] == "/transfer/"
    assert browser.get("/transfer/").status_code == 200


def test_U05_who_came_to_need_a_factor_is_held_in_the_session_at_hand(carol, clock):
    browser = Browser().begin(carol)
    assert browser.is_in
    MFAAccount.objects.update_or_create(pk=carol.pk, defaults={"required": True})
    assert browser.get("/whoami/").text == "None"
    assert not browser.is_in
    assert browser.page("setup", "totp").status_code == 200


def test_U05_an_exempt_view_sees_who_is_signed_in_and_owes_a_set_up(carol):
    browser = Browser().begin(carol)
    MFAAccount.objects.update_or_create(pk=carol.pk, defaults={"required": True})
    assert browser.get("/exempt/").text == str(carol.pk)
    assert browser.get("/whoami/").text == "None"


def test_U05_an_old_session_does_not_enrol_without_the_password(carol, clock):
    """Signed in for days, perhaps by a thief of the cookie; then the grace ends."""
    browser = Browser().begin(carol)
    clock.tick(3 * 86_400)
    MFAAccount.objects.update_or_create(pk=carol.pk, defaults={"required": True})
    assert not browser.is_in
    response = browser.page("setup", "totp")
    assert response.status_code == 302
    browser.begin(carol)
    assert browser.page("setup", "totp").status_code == 200


def test_U05_the_grace_period_is_not_renewed_by_signing_in(carol, clock, settings):
    policy = {"who": "everyone", "grace_days": 7}
    settings.DJANGO_MFA = {**settings.DJANGO_MFA, "POLICIES": [policy]}
    for _ in range(7):
        assert Browser().begin(carol).is_in
        clock.tick(86_400)
    assert not Browser().begin(carol).is_in
    clock.tick(-2 * 86_400)
    assert Browser().begin(carol).is_in


def test_a_policy_that_fails_demands(carol, settings):
    def broken(user):
        raise RuntimeError

    settings.DJANGO_MFA = {
        **settings.DJANGO_MFA,
        "POLICIES": [{"who": broken, "grace_days": 0}],
    }
    assert not Browser().begin(carol).is_in


def test_the_password_is_limited_where_it_is_the_step_up(carol):
    browser = Browser()
    browser.password(carol)
    for _try in range(10):
        assert browser.send("step_up", password="no").status_code == 200
    page = browser.send("step_up", password="pw")
    assert page.status_code == 200
    assert "Too many" in page.content.decode()
