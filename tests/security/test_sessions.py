from __future__ import annotations

import pytest
from django.conf import settings as site
from django.contrib.auth.views import LoginView
from django.core.cache import cache
from django.http import HttpResponse
from django.urls import path, reverse

from django_mfa.accounts.models import MFAAccount
from django_mfa.factors.totp.models import TOTPDevice
from django_mfa.flows import reset
from django_mfa.session import Context
from django_mfa.testing import add_email, add_totp, totp_code
from testproject.urls import urlpatterns as pages
from tests.browser import Browser

pytestmark = pytest.mark.usefixtures("clock")


def keep(request):
    """A page that keeps something in the session, as a basket does."""
    request.session["basket"] = request.GET["put"]
    return HttpResponse("kept")


def look(request):
    return HttpResponse(request.session.get("basket", ""))


urlpatterns = [
    path("keep/", keep),
    path("look/", look),
    path("plain-login/", LoginView.as_view(template_name="site/plain.html")),
    *pages,
]


# S01


def test_S01_the_key_changes_at_the_password_and_at_the_factor(alice, visitor):
    visitor.get("/mfa/login/")
    visitor.session.save()
    keys = [visitor.key]
    visitor.begin(alice.user)
    keys.append(visitor.key)
    visitor.code(totp_code(alice.secret))
    keys.append(visitor.key)
    assert len(set(keys)) == 3
    for old in keys[:2]:
        assert not visitor.with_key(old).is_in
        assert not visitor.with_key(old).is_waiting
    assert visitor.is_in


def test_S01_a_planted_key_is_worth_nothing(alice, visitor):
    session = visitor.session
    session["planted"] = 1
    session.save()
    planted = visitor.key
    thief = visitor.with_key(planted)
    alice.enter(visitor)
    assert visitor.key != planted
    assert not thief.is_in
    assert not thief.is_waiting


def test_S01_a_planted_key_that_waits_as_the_victim_is_worth_nothing(alice, visitor):
    """The thief knows the password, and plants the session that waits for the code."""
    thief = alice.begin()
    victim = visitor.with_key(thief.key)
    victim.begin(alice.user)
    victim.code(totp_code(alice.secret))
    assert victim.is_in
    assert not thief.is_in


def test_S01_the_csrf_token_changes_at_each_step(alice):
    browser = Browser(enforce_csrf_checks=True)
    tokens = []

    def send(name, **data):
        browser.page("login" if name == "login" else name)
        tokens.append(browser.cookies["csrftoken"].value)
        return browser.send(name, csrfmiddlewaretoken=tokens[-1], **data)

    send("login", username=alice.user.get_username(), password="pw")
    send("verify", code=totp_code(alice.secret))
    assert browser.is_in
    tokens.append(browser.cookies["csrftoken"].value)
    assert tokens[-1] not in tokens[:-1]


def test_S01_step_up_changes_key_and_token(alice, clock):
    browser = alice.enter()
    key, token = browser.key, browser.cookies["csrftoken"].value
    clock.tick(60)
    browser.send("step_up", code=totp_code(alice.secret))
    assert browser.key != key
    assert browser.cookies["csrftoken"].value != token
    assert not browser.with_key(key).is_in
    assert browser.is_in


def test_S01_password_step_up_changes_the_key(carol, visitor, clock):
    visitor.begin(carol)
    key = visitor.key
    clock.tick(2000)
    visitor.send("step_up", password="pw")
    assert visitor.key != key
    assert not visitor.with_key(key).is_in


def test_S01_enrolment_changes_the_key(carol, visitor):
    visitor.begin(carol)
    key = visitor.key
    enrol(visitor, carol)
    assert visitor.key != key
    assert not visitor.with_key(key).is_in


def test_S01_an_old_cookie_is_worth_nothing_after_signing_out(alice):
    browser = alice.enter()
    key = browser.key
    browser.post(reverse("logout"))
    assert not browser.with_key(key).is_in
    waiting = alice.begin()
    key = waiting.key
    waiting.post(reverse("logout"))
    assert not waiting.is_waiting
    assert not waiting.with_key(key).is_waiting


def enrol(browser, user):
    browser.page("setup", "totp")
    device = TOTPDevice.objects.get(user=user, confirmed=False)
    browser.send("setup", "totp", code=totp_code(device.secret))
    device.refresh_from_db()
    assert device.confirmed
    return device.secret


# S02


@pytest.mark.parametrize(
    "name",
    [
        "profile",
        "transfer",
        "receipt",
        "admin:index",
        "admin:password_change",
        "admin:jsi18n",
    ],
)
def test_S02_a_waiting_session_is_anonymous_to_every_view(superuser, name):
    secret = add_totp(superuser)
    browser = Browser().begin(superuser)
    response = browser.get(reverse(name))
    assert response.status_code in (301, 302, 401, 403, 404)
    assert superuser.get_username().encode() not in response.content
    assert secret.encode() not in response.content


@pytest.mark.parametrize(
    "name", ["security", "recovery_codes", "disable", "step_up", "setup"]
)
def test_S02_a_waiting_session_sees_none_of_our_own_pages(alice, name):
    response = alice.begin().page(name)
    assert response.status_code == 302
    assert response["Location"].startswith(("/mfa/verify/", "/mfa/login/"))


def test_S02_a_waiting_session_holds_nothing_secret(alice):
    browser = alice.begin()
    data = repr(dict(browser.session.items()))
    alice.user.refresh_from_db()
    assert set(browser.session.keys()) == {"_mfa_hold"}
    for secret in (
        "pw",
        alice.user.password,
        alice.secret,
        alice.user.get_username(),
        alice.user.email,
    ):
        assert f"'{secret}'" not in data


def test_S02_the_public_page_names_nobody(alice):
    response = alice.begin().get("/")
    assert response.status_code == 200
    assert b"Sign out" not in response.content
    assert not response.context["user"].is_authenticated


def test_S02_a_program_is_told_what_is_owed_and_no_more(alice):
    response = alice.begin().get(
        reverse("transfer"), headers={"accept": "application/json"}
    )
    assert response.status_code in (401, 403)
    body = response.json()
    assert body["code"] == "mfa_required"
    assert body["methods"] == ["totp", "recovery_code"]
    assert alice.user.get_username() not in response.text


# S06


def test_S06_a_password_change_ends_the_other_browser(alice):
    browser = alice.enter()
    alice.user.set_password("new")
    alice.user.save()
    assert not browser.is_in
    assert not browser.is_waiting


def test_S06_a_device_added_elsewhere_asks_for_the_factor_again(alice, clock):
    one = alice.enter()
    clock.tick(30)
    two = alice.enter()
    key = two.key
    secret = enrol(one, alice.user)
    assert one.is_in
    assert not two.is_in
    assert two.is_waiting
    assert not two.with_key(key).is_in
    clock.tick(30)
    two.code(totp_code(secret))
    assert two.is_in


def test_S06_a_device_removed_elsewhere_asks_for_the_factor_again(alice, clock):
    one = alice.enter()
    clock.tick(30)
    two = alice.enter()
    other = alice.totp
    add_totp(alice.user, name="Spare")
    assert one.send("device_remove", other.public_id).status_code == 302
    assert one.is_in
    assert not two.is_in
    assert two.is_waiting


def test_S06_new_recovery_codes_elsewhere_ask_for_the_factor_again(alice, clock):
    one = alice.enter()
    clock.tick(30)
    two = alice.enter()
    assert one.send("recovery_codes").status_code == 200
    assert one.is_in
    assert not two.is_in


def test_S06_switching_off_elsewhere_ends_the_other_session(alice, clock):
    """A stolen session must not become one with a fresh password."""
    one = alice.enter()
    clock.tick(30)
    two = alice.enter()
    clock.tick(120)
    assert one.send("disable").status_code == 302
    assert one.is_in
    assert not two.is_in
    answer = two.page("setup", "totp")
    assert answer.status_code == 302
    assert answer["Location"].startswith("/mfa/login/")


def test_S06_a_reset_by_an_administrator_ends_every_session(alice, clock):
    one, waiting = alice.enter(), alice.begin()
    reset.reset(Context(), alice.user, "lost phone")
    assert not one.is_in
    assert not one.is_waiting
    waiting.code(alice.codes[0])
    assert not waiting.is_in
    for browser in (one, waiting):
        assert browser.page("setup", "totp")["Location"].startswith("/mfa/login/")


def test_S06_a_reset_leaves_no_session_that_may_set_up_anew(make_user, clock):
    """The owner is staff and must have a factor; a thief holds an old cookie."""
    owner = make_user("dave", is_staff=True)
    secret = add_totp(owner)
    stolen = Browser().enter(owner, secret)
    clock.tick(7200)
    reset.reset(Context(), owner, "lost phone")
    for name in ("security", "setup"):
        assert stolen.page(name)["Location"].startswith("/mfa/login/")
    assert stolen.page("setup", "totp")["Location"].startswith("/mfa/login/")


def test_S06_a_session_from_before_the_package_has_no_fresh_password(carol, visitor):
    visitor.begin(carol)
    session = visitor.session
    for name in [name for name in dict(session.items()) if name[:4] == "_mfa"]:
        del session[name]
    session.save()
    assert visitor.is_in
    assert visitor.page("setup", "totp")["Location"].startswith("/mfa/step-up/")


# A sign-in that waits, while things change


def test_a_hold_ends_with_the_password(alice):
    browser = alice.begin()
    alice.user.set_password("new")
    alice.user.save()
    assert browser.code(totp_code(alice.secret))["Location"].startswith("/mfa/login/")
    assert not browser.is_in
    assert not browser.is_waiting


def test_a_hold_ends_with_the_account(alice):
    browser = alice.begin()
    alice.user.is_active = False
    alice.user.save()
    browser.code(totp_code(alice.secret))
    assert not browser.is_in
    alice.user.is_active = True
    alice.user.save()
    assert not browser.is_waiting


def test_a_hold_ends_with_the_user(alice):
    browser = alice.begin()
    alice.user.delete()
    assert browser.page("verify").status_code in (200, 302)
    assert browser.code("123456").status_code == 302
    assert not browser.is_waiting


@pytest.mark.parametrize("part", ["codes that are sent", "trusted browsers"])
def test_a_hold_that_is_over_leads_in_no_circle(make_user, settings, part):
    person = make_user("dora")
    if part == "trusted browsers":
        settings.DJANGO_MFA = {"TRUSTED_DEVICES": {"ENABLED": True}}
        add_totp(person)
        url = "/mfa/verify/"
    else:
        settings.DJANGO_MFA = {"FACTORS": ["email", "recovery_code"]}
        add_email(person)
        url = "/mfa/verify/email/send/"
    browser = Browser().begin(person)
    person.set_password("new")
    person.save()
    send = browser.post if url.endswith("send/") else browser.get
    response = send(url, follow=True)
    assert response.request["PATH_INFO"] == "/mfa/login/"
    assert response.status_code == 200
    assert not browser.is_waiting


def test_a_hold_ends_when_the_device_is_deleted(alice):
    browser = alice.begin()
    TOTPDevice.objects.filter(user=alice.user).delete()
    assert browser.page("verify").status_code in (200, 302, 404)
    answer = browser.code("123456")
    assert answer.status_code == 302
    assert not browser.is_in


def test_a_hold_ends_with_its_backend(alice, settings):
    browser = alice.begin()
    settings.AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]
    answer = browser.code(totp_code(alice.secret))
    assert answer.status_code == 302
    assert not browser.is_in
    assert alice.enter().is_in


def test_a_hold_lives_for_a_quarter_of_an_hour_and_nothing_renews_it(alice, clock):
    browser = alice.begin()
    for _ in range(3):
        clock.tick(299)
        assert browser.is_waiting
        browser.code("000000")
    clock.tick(4)
    assert not browser.is_waiting
    browser.code(totp_code(alice.secret))
    assert not browser.is_in


def test_a_hold_from_the_future_is_none(alice, clock):
    browser = alice.begin()
    clock.tick(-60)
    assert not browser.is_waiting


def test_a_proof_from_the_future_is_not_fresh(alice, clock):
    browser = alice.enter()
    clock.tick(-3600)
    assert browser.page("disable").status_code == 302
    assert browser.get(reverse("transfer")).status_code == 302


def test_two_tabs_of_one_sign_in(alice, clock):
    """Both tabs wait; one is answered, the other is answered as well."""
    browser = alice.begin()
    browser.code(totp_code(alice.secret))
    clock.tick(30)
    late = browser.code(totp_code(alice.secret))
    assert late.status_code == 302
    assert browser.is_in
    assert alice.totp.uses == 1


def test_signing_in_twice_keeps_one_session(alice, clock):
    browser = alice.enter()
    clock.tick(30)
    answer = browser.password(alice.user)
    assert answer.status_code == 302
    browser.code(totp_code(alice.secret))
    assert browser.is_in


# Two people at one browser


@pytest.fixture
def shop(settings):
    settings.ROOT_URLCONF = __name__


def held_elsewhere(person):
    """Alice was in, with a basket; her factors changed elsewhere, so now she waits."""
    browser = person.enter()
    browser.get("/keep/", {"put": "the basket of alice"})
    MFAAccount.objects.filter(pk=person.user.pk).update(epoch=77)
    assert not browser.is_in
    return browser


LOGINS = ["/mfa/login/", "/plain-login/", "/admin/login/"]


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize("url", LOGINS)
def test_what_alice_left_is_not_shown_to_bob_who_waits(alice, bob, url):
    bob.user.is_staff = True
    bob.user.save()
    browser = held_elsewhere(alice)
    name = bob.user.get_username()
    browser.post(url, {"username": name, "password": "pw"})
    assert b"basket" not in browser.get("/look/").content
    browser.code(totp_code(bob.secret))
    assert browser.is_in
    assert b"basket" not in browser.get("/look/").content


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize("url", LOGINS[:2])
def test_what_alice_left_is_not_shown_to_carol_who_has_no_factor(
    alice, carol, clock, url
):
    browser = held_elsewhere(alice)
    browser.post(url, {"username": carol.get_username(), "password": "pw"})
    assert browser.is_in
    assert b"basket" not in browser.get("/look/").content
    # And carol's own password is fresh since now, not since alice's.
    assert browser.session["_mfa_password_at"] == int(clock.at)


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize("url", LOGINS[:2])
@pytest.mark.parametrize("end", ["cancel", "time"])
def test_what_alice_left_is_not_shown_after_her_sign_in_was_given_up(
    alice, carol, clock, end, url
):
    browser = held_elsewhere(alice)
    if end == "cancel":
        browser.send("cancel")
    else:
        clock.tick(1000)
        assert not browser.is_waiting
    browser.post(url, {"username": carol.get_username(), "password": "pw"})
    assert browser.is_in
    assert b"basket" not in browser.get("/look/").content


@pytest.mark.usefixtures("shop")
def test_what_a_visitor_gathered_is_kept_when_signing_in(alice, visitor):
    visitor.get("/keep/", {"put": "apples"})
    alice.enter(visitor)
    assert visitor.get("/look/").content == b"apples"


def test_bobs_password_in_the_session_of_alice_shows_nothing_of_hers(alice, bob):
    browser = alice.enter()
    browser.post(reverse("transfer"), {"recipient": "zoe", "amount": "12"})
    assert b"zoe" in browser.get(reverse("receipt")).content
    browser.begin(bob.user)
    assert not browser.is_in
    browser.code(totp_code(bob.secret))
    assert browser.is_in
    assert b"zoe" not in browser.get(reverse("receipt"), follow=True).content
    assert bob.user.get_username().encode() in browser.get(reverse("profile")).content


def test_the_hold_of_alice_is_replaced_by_the_hold_of_bob(alice, bob):
    browser = alice.begin()
    browser.password(bob.user, next="/transfer/")
    browser.code(totp_code(alice.secret))
    assert not browser.is_in
    browser.code(totp_code(bob.secret))
    assert browser.is_in
    assert bob.user.get_username().encode() in browser.get(reverse("profile")).content


def test_where_alice_wanted_to_go_is_not_where_bob_is_led(alice, bob):
    browser = Browser()
    browser.password(alice.user, next="/transfer/receipt/?of=alice")
    browser.begin(bob.user)
    assert browser.code(totp_code(bob.secret))["Location"] == "/profile/"


def test_a_wrong_password_of_bob_leaves_the_hold_of_alice(alice, bob):
    browser = alice.begin()
    browser.password(bob.user, password="no")
    browser.code(totp_code(alice.secret))
    assert browser.is_in


# Keys in the session that tell of somebody else


def test_proofs_of_another_owner_are_no_proofs(alice, carol):
    browser = alice.enter()
    session = browser.session
    session["_auth_user_id"] = str(carol.pk)
    session["_auth_user_hash"] = carol.get_session_auth_hash()
    session.save()
    answer = browser.get(reverse("transfer"))
    assert answer.status_code == 302
    assert "setup" in answer["Location"] or "login" in answer["Location"]


def test_an_epoch_from_the_future_is_not_the_present_one(alice):
    browser = alice.enter()
    session = browser.session
    session["_mfa_epoch"] = 999
    session.save()
    assert not browser.is_in
    assert browser.is_waiting


def test_a_session_from_before_the_package_was_installed_has_to_prove_itself(alice):
    browser = alice.enter()
    session = browser.session
    for name in [name for name in dict(session.items()) if name[:4] == "_mfa"]:
        del session[name]
    session.save()
    assert not browser.is_in
    assert browser.is_waiting


@pytest.mark.parametrize(
    "data", [{}, {"user": "1"}, [], "x", 7, {"user": None, "factors": None}]
)
def test_a_hold_that_another_version_wrote_is_none(visitor, data):
    session = visitor.session
    session["_mfa_hold"] = data
    session.save()
    assert not visitor.is_in
    assert visitor.page("verify").status_code == 302
    assert visitor.code("123456").status_code == 302
    assert visitor.page("login").status_code == 200


# Other places where sessions live


@pytest.mark.parametrize("engine", ["cache", "cached_db", "file", "signed_cookies"])
def test_the_whole_story_with_other_session_engines(
    alice, clock, settings, tmp_path, engine
):
    settings.SESSION_ENGINE = f"django.contrib.sessions.backends.{engine}"
    settings.SESSION_FILE_PATH = str(tmp_path)
    browser = Browser().begin(alice.user)
    held_key = browser.key
    assert not browser.is_in
    assert browser.code("000000").status_code == 200
    browser.code(totp_code(alice.secret))
    assert browser.is_in
    assert browser.page("disable").status_code == 200
    again = browser.with_key(held_key)
    again.code(totp_code(alice.secret))
    assert not again.is_in
    browser.post(reverse("logout"))
    assert not browser.is_in


@pytest.mark.parametrize("engine", ["cache", "cached_db"])
def test_a_flushed_cache_loses_a_retry_and_nothing_else(alice, clock, settings, engine):
    settings.SESSION_ENGINE = f"django.contrib.sessions.backends.{engine}"
    browser = Browser().begin(alice.user)
    cache.clear()
    answer = browser.code(totp_code(alice.secret))
    assert answer.status_code == 302
    if engine == "cache":
        assert answer["Location"].startswith("/mfa/login/")
        assert not browser.is_in
        clock.tick(30)
        alice.enter(browser)
    cache.clear()
    assert browser.is_in is (engine == "cached_db")


def test_a_replayed_cookie_of_a_signed_session_proves_nothing_anew(
    alice, clock, settings
):
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"
    browser = alice.begin()
    waiting = browser.key
    browser.code(totp_code(alice.secret))
    # The code is spent in the database, whatever the cookie says.
    replay = browser.with_key(waiting)
    replay.code(totp_code(alice.secret))
    assert not replay.is_in
    proven = browser.key
    MFAAccount.objects.filter(pk=alice.user.pk).update(epoch=5)
    assert not browser.with_key(proven).is_in


def test_a_session_with_much_in_it_is_kept_whole(alice, visitor):
    session = visitor.session
    session["much"] = "x" * 500_000
    session.save()
    alice.enter(visitor)
    assert len(visitor.session["much"]) == 500_000
    assert site.SESSION_COOKIE_NAME in visitor.cookies


def login_elsewhere(browser, person):
    """Any login page but ours: it calls `login` and asks nobody."""
    name = person.user.get_username()
    return browser.post("/plain-login/", {"username": name, "password": "pw"})


@pytest.fixture
def clerk(alice, settings):
    settings.ROOT_URLCONF = __name__
    alice.user.is_staff = True
    alice.user.save()
    return alice


def test_a_password_does_not_bring_a_session_that_is_over_back_to_life(
    clerk, clock, settings
):
    settings.DJANGO_MFA = {**settings.DJANGO_MFA, "SESSIONS": {"ABSOLUTE_AGE": 3600}}
    browser = clerk.enter()
    clock.tick(3601)
    login_elsewhere(browser, clerk)
    assert not browser.is_in
    assert browser.is_waiting


def test_a_password_does_not_lengthen_the_life_of_what_was_shown(
    clerk, clock, settings
):
    settings.DJANGO_MFA = {**settings.DJANGO_MFA, "SESSIONS": {"ABSOLUTE_AGE": 3600}}
    browser = clerk.enter()
    clock.tick(3000)
    login_elsewhere(browser, clerk)
    assert browser.is_in
    clock.tick(601)
    assert not browser.is_in


def test_a_password_does_not_bind_a_stolen_cookie_to_another_place(clerk, settings):
    settings.DJANGO_MFA = {**settings.DJANGO_MFA, "SESSIONS": {"BIND": ["browser"]}}
    owner = Browser(headers={"user-agent": "Firefox/1"})
    owner.enter(clerk.user, clerk.secret)
    thief = owner.with_key(owner.key)
    thief.defaults["HTTP_USER_AGENT"] = "Chrome/1"
    login_elsewhere(thief, clerk)
    assert not thief.is_in
    assert thief.is_waiting


def test_what_is_over_does_not_count_again_in_a_session_by_trust(
    clerk, clock, settings
):
    settings.DJANGO_MFA = {
        **settings.DJANGO_MFA,
        "SESSIONS": {"ABSOLUTE_AGE": 3600},
        "TRUSTED_DEVICES": {"ENABLED": True},
    }
    browser = clerk.begin()
    browser.code(clerk.code, trust="1")
    clock.tick(3601)
    login_elsewhere(browser, clerk)
    assert browser.is_in
    assert browser.get("/admin/").status_code == 302
    assert browser.session["_mfa_trusted"]
    assert "_mfa_proofs" not in browser.session
