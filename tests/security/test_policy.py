from __future__ import annotations

from typing import Any
from urllib.parse import unquote

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission
from django.db.models import F
from django.test import AsyncClient

from django_mfa.accounts.models import MFAAccount
from django_mfa.flows import administer
from django_mfa.policy.models import Exemption, Policy
from django_mfa.session import Context
from django_mfa.testing import add_recovery_codes, add_totp, mfa_login, totp_code
from django_mfa.trusted_devices.models import TrustedDevice
from tests.browser import Browser
from tests.stories import queries

pytestmark = pytest.mark.urls("tests.policy_pages")

SIXTEEN_MINUTES = 16 * 60
TRUST = {"TRUSTED_DEVICES": {"ENABLED": True}}
DAY = 86400


def configure(settings, **more):
    settings.DJANGO_MFA = {**settings.DJANGO_MFA, **more}


@pytest.fixture
def trusted(settings, clock, alice):
    """A browser that alice trusts, and in which nobody is signed in."""
    configure(settings, **TRUST)
    browser = alice.begin()
    browser.code(totp_code(alice.secret), trust="1")
    browser.post("/logout/")
    clock.tick(60)
    return browser


# U07: a stamp that is too old


def test_U07_a_big_form_after_16_minutes_is_not_run_and_not_repeated(alice, clock):
    browser = alice.enter()
    clock.tick(SIXTEEN_MINUTES)
    big = {"text": "x" * 5_000_000}
    response = browser.post(
        "/p/step_up/", big, headers={"referer": "http://testserver/p/page/"}
    )
    assert response.status_code == 302
    assert "X-Ran" not in response.headers
    assert response.url == "/mfa/step-up/?next=%2Fp%2Fpage%2F"
    response = browser.post(response.url, {"code": totp_code(alice.secret)})
    assert response.url == "/p/page/"
    assert browser.get("/p/step_up/").content == b"seen"


def test_a_clock_that_steps_back_revives_no_stamp(alice, clock):
    browser = alice.enter()
    clock.tick(-60)
    assert browser.get("/p/step_up/").status_code == 302


def test_a_referer_of_another_site_is_not_gone_back_to(alice, clock):
    browser = alice.enter()
    clock.tick(SIXTEEN_MINUTES)
    response = browser.post("/p/step_up/", headers={"referer": "https://evil.example/"})
    assert response.url == "/mfa/step-up/"


def test_classes_and_async_views_ask_as_well(alice, clock):
    browser = alice.enter()
    for page in ("class", "decorated", "async"):
        assert browser.get(f"/p/{page}/").content == b"seen"
    clock.tick(SIXTEEN_MINUTES)
    for page in ("class", "decorated", "async"):
        assert browser.get(f"/p/{page}/").status_code == 302


# U08 and T02: trusted browsers


def test_a_trusted_browser_is_not_challenged_and_proves_nothing(trusted, alice):
    assert trusted.password(alice.user).url == "/accounts/profile/" or trusted.is_in
    assert trusted.is_in
    for page in ("any", "step_up", "resistant"):
        response = trusted.get(f"/p/{page}/")
        assert response.url.startswith("/mfa/step-up/")


def test_U08_a_trusted_browser_does_not_open_the_admin(trusted, alice):
    alice.user.is_staff = alice.user.is_superuser = True
    alice.user.save()
    trusted.password(alice.user)
    assert trusted.get("/admin/").url.startswith("/mfa/step-up/")


@pytest.mark.parametrize("how", ["revoke", "all", "password", "factor", "reset", "end"])
def test_T02_trust_ends(how, trusted, alice, make_user):
    other = alice.enter()
    row = TrustedDevice.objects.get()
    if how == "revoke":
        other.send("trusted_browser", row.public_id, revoke="1")
    elif how == "all":
        other.send("trusted_browsers")
    elif how == "password":
        alice.user.set_password("pw")
        alice.user.save()
    elif how == "factor":
        add_recovery_codes(alice.user)
        MFAAccount.objects.filter(pk=alice.user.pk).update(epoch=99)
    elif how == "reset":
        administer.sign_out(Context(), alice.user, "lost")
    else:
        other.send("sign_ins")
    trusted.begin(alice.user)
    assert trusted.is_waiting


def test_T02_a_policy_that_forbids_trust_is_asked_at_the_next_request(trusted, alice):
    trusted.password(alice.user)
    assert trusted.is_in
    Policy.objects.create(
        name="No trust", who="everyone", required=False, trust_allowed=False
    )
    assert not trusted.is_in
    assert trusted.is_waiting


def test_U08_trust_is_not_enough_for_a_policy_that_asks_for_a_kind_of_factor(
    trusted, alice, clock
):
    trusted.password(alice.user)
    assert trusted.is_in
    strict(allowed_factors=["totp"])
    assert not trusted.is_in
    assert trusted.is_waiting
    clock.tick(30)
    assert b'name="trust"' not in trusted.page("verify").content
    trusted.code(totp_code(alice.secret), trust="1")
    assert trusted.is_in
    assert TrustedDevice.objects.count() == 1
    trusted.post("/logout/")
    trusted.begin(alice.user)
    assert trusted.is_waiting


def test_trust_is_worth_nothing_to_another_person_at_the_same_browser(
    trusted, alice, bob
):
    trusted.begin(bob.user)
    assert trusted.is_waiting


def test_the_token_is_known_to_the_browser_alone(trusted):
    token = trusted.cookies["mfa_trust"].value
    row = TrustedDevice.objects.get()
    assert token not in str(vars(row))
    assert len(token) >= 43
    assert trusted.cookies["mfa_trust"]["httponly"]


def test_on_https_the_cookie_is_bound_to_the_host(settings, alice, clock):
    configure(settings, **TRUST)
    browser, name = Browser(), alice.user.get_username()
    login = {"username": name, "password": "pw"}
    browser.post("/mfa/login/", login, secure=True)
    code = {"code": totp_code(alice.secret), "trust": "1"}
    browser.post("/mfa/verify/", code, secure=True)
    cookie = browser.cookies["__Host-mfa_trust"]
    assert cookie["secure"]
    assert cookie["max-age"] == 30 * 86400
    assert cookie["path"] == "/"
    assert not cookie["domain"]


def test_switched_off_nothing_is_offered_or_believed(trusted, settings, alice):
    configure(settings, TRUSTED_DEVICES={})
    trusted.begin(alice.user)
    assert trusted.is_waiting


def test_switched_off_a_session_that_rests_on_trust_must_prove_itself(
    trusted, settings, alice
):
    trusted.password(alice.user)
    assert trusted.is_in
    configure(settings, TRUSTED_DEVICES={})
    assert not trusted.is_in
    assert trusted.is_waiting


def test_a_clock_that_steps_back_revives_no_trust(trusted, alice, clock):
    clock.tick(-DAY)
    trusted.begin(alice.user)
    assert trusted.is_waiting


# U09: weak proofs


def test_U09_a_weak_proof_is_refused_with_what_would_do(alice, clock):
    browser = alice.enter()
    response = browser.get("/p/resistant/", headers={"accept": "application/json"})
    assert response.status_code == 403
    assert response.json()["code"] == "step_up_required"
    assert "totp" not in response.json()["methods"]


# Policies during a session


def test_a_role_that_was_granted_counts_at_the_next_request(client, user, settings):
    configure(settings, POLICIES=[{"who": "group:Tellers", "grace_days": 0}])
    client.force_login(user)
    assert client.get("/profile/").status_code == 200
    Group.objects.create(name="Tellers").user_set.add(user)
    assert client.get("/profile/").url.startswith("/mfa/setup/")


def strict(**more):
    values = {"name": "Strict", "who": "everyone", "allowed_factors": ["recovery_code"]}
    return Policy.objects.create(**{**values, **more})


def test_an_edited_policy_leads_a_verified_session_to_what_will_do(alice):
    browser: Any = alice.enter()
    policy = strict()
    response = browser.get("/profile/")
    assert response.url == "/mfa/step-up/?next=%2Fprofile%2F&factors=recovery_code"
    assert browser.get(response.url).status_code == 200
    done = browser.post(response.url, {"code": alice.codes[0], "next": "/profile/"})
    assert done.url == "/profile/"
    assert browser.is_in
    policy.delete()
    assert browser.is_in


def test_at_sign_in_only_what_will_do_is_asked_for(alice):
    strict()
    browser = alice.begin()
    assert browser.code(totp_code(alice.secret)).status_code in (200, 404)
    assert not browser.is_in
    browser.code(alice.codes[0])
    assert browser.is_in


def test_an_exemption_lifts_a_policy_until_it_is_over(alice, clock):
    from datetime import timedelta

    from django_mfa import clock as clocks

    browser = alice.enter()
    strict()
    until = clocks.now() + timedelta(hours=1)
    Exemption.objects.create(user=alice.user, reason="on leave", expires=until)
    assert browser.is_in
    clock.tick(3601)
    assert not browser.is_in


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("who", ["everyone", "group", "permission"])
def test_a_verified_request_costs_no_query_for_its_policies(who, alice, clock):
    group = Group.objects.create(name="G")
    group.user_set.add(alice.user)
    permission = Permission.objects.get(codename="reset_mfa")
    alice.user.user_permissions.add(permission)
    browser = alice.enter()
    with queries() as before:
        browser.get("/profile/")
    strict(
        who=who,
        group=group if who == "group" else None,
        permission="django_mfa.reset_mfa",
        allowed_factors=["totp"],
    )
    browser.get("/profile/")  # learns
    aclient = AsyncClient()
    aclient.cookies = browser.cookies
    for get in (browser.get, async_to_sync(aclient.get)):
        with queries() as after:
            assert get("/profile/").status_code == 200
        assert len(after) == len(before)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("how", ["group", "permission", "group_permission"])
def test_rows_that_were_written_without_a_signal_count_after_ten_seconds(
    how, alice, clock
):
    group = Group.objects.create(name="G")
    permission = Permission.objects.get(codename="reset_mfa")
    strict(
        who="group" if how == "group" else "permission",
        group=group,
        permission="django_mfa.reset_mfa",
    )
    user = get_user_model()
    key = f"{user._meta.model_name}_id"
    through = {
        "group": (user.groups.through, {key: alice.user.pk, "group_id": group.pk}),
        "permission": (
            user.user_permissions.through,
            {key: alice.user.pk, "permission_id": permission.pk},
        ),
        "group_permission": (
            Group.permissions.through,
            {"group_id": group.pk, "permission_id": permission.pk},
        ),
    }
    if how == "group_permission":
        alice.user.groups.add(group)
    browser = alice.enter()
    assert browser.is_in
    table, row = through[how]
    table.objects.bulk_create([table(**row)])
    clock.tick(11)
    assert not browser.is_in
    assert browser.get("/profile/").url.startswith("/mfa/step-up/")
    table.objects.filter(**row).delete()
    clock.tick(11)
    assert browser.is_in


def test_a_role_that_was_granted_counts_in_a_verified_session(alice):
    group = Group.objects.create(name="G")
    strict(who="group", group=group)
    browser = alice.enter()
    assert browser.is_in
    group.user_set.add(alice.user)
    assert not browser.is_in
    alice.user.groups.clear()
    assert browser.is_in
    group.user_set.set([alice.user])
    assert not browser.is_in
    group.user_set.clear()
    assert browser.is_in


# Sessions


def test_proofs_wear_out(alice, clock, settings):
    configure(settings, SESSIONS={"PROOF_AGE": 3600})
    browser = alice.enter()
    clock.tick(3601)
    assert not browser.is_in
    assert browser.is_waiting


def test_sessions_end(alice, clock, settings):
    configure(settings, SESSIONS={"ABSOLUTE_AGE": 3600})
    browser = alice.enter()
    clock.tick(3601)
    assert not browser.is_in
    assert not browser.is_waiting


def test_proofs_without_a_password_do_not_lengthen_a_session(alice, clock, settings):
    configure(settings, SESSIONS={"ABSOLUTE_AGE": 3600, "PROOF_AGE": 1000})
    browser = alice.enter()
    for _time in range(3):
        clock.tick(1001)
        assert not browser.is_in
        browser.code(totp_code(alice.secret))
        assert browser.is_in
    clock.tick(1001)
    assert not browser.is_in
    assert not browser.is_waiting
    assert browser.enter(alice.user, alice.secret)
    clock.tick(999)
    assert browser.is_in


def test_a_change_of_factors_elsewhere_does_not_lengthen_a_session(
    alice, clock, settings
):
    configure(settings, SESSIONS={"ABSOLUTE_AGE": 3600})
    browser = alice.enter()
    clock.tick(3000)
    MFAAccount.objects.update(epoch=F("epoch") + 1)
    assert not browser.is_in
    browser.code(totp_code(alice.secret))
    assert browser.is_in
    clock.tick(601)
    assert not browser.is_in
    assert not browser.is_waiting


def test_a_cookie_taken_elsewhere_must_prove_itself_and_ends_nothing(alice, settings):
    configure(settings, SESSIONS={"BIND": ["browser", "address"]})
    owner = Browser(headers={"user-agent": "Firefox/1"}).enter(alice.user, alice.secret)
    thief = owner.with_key(owner.key)
    thief.defaults["HTTP_USER_AGENT"] = "Chrome/1"
    assert thief.get("/profile/").url.startswith("/mfa/step-up/")
    for page in ("setup", "security", "recovery_codes"):
        assert thief.page(page).status_code == 302
    assert owner.is_in


def test_signed_out_everywhere_but_here(alice):
    from django_mfa.testing import freeze

    with freeze() as moving:
        one = alice.enter()
        moving.tick(60)
        two = alice.enter()
    assert two.send("sign_ins").status_code == 302
    assert two.is_in
    assert not one.is_in
    assert not one.is_waiting
    assert b"Failed" not in two.page("sign_ins").content


# Rules of the setting, and tricks with paths


RULES = [
    {"path": "rules/pay/*", "methods": "write"},
    {"view": "same"},
    {"view": "tests.policy_pages.plain", "methods": ["POST"]},
    {"path": "ruled/*"},
    {"path": "password/*"},
    {"path": "re/password/"},
]


@pytest.fixture
def ruled(settings, alice, clock):
    configure(settings, STEP_UP={"TRIGGERS": RULES})
    browser = alice.enter()
    assert browser.get("/same/").content == b"seen"
    clock.tick(SIXTEEN_MINUTES)
    return browser


@pytest.mark.parametrize(
    "path",
    [
        *("/same/", "//same/", "/./same/", "/%73ame/", "/same/;a"),
        *("/same/?x=/p/exempt/", "/en/ruled/", "/de/ruled/", "/%2e/same/"),
        "/same/%2e%2e/home/",
    ],
)
@pytest.mark.parametrize("method", ["get", "head", "options", "post", "put", "trace"])
def test_tricks_with_paths_open_nothing(ruled, path, method):
    sent = {"PATH_INFO": unquote(path.partition("?")[0])}
    response = getattr(ruled, method)("/", **sent)
    assert "X-Ran" not in response.headers
    assert response.status_code in (302, 404)


def test_a_rule_that_names_the_view_holds_wherever_it_is_mounted(ruled):
    assert ruled.get("/twice/").content == b"seen"
    assert ruled.post("/twice/").status_code == 302


@pytest.mark.parametrize(
    ("language", "path"),
    [
        *(("en", "/en/password/x/"), ("de", "/de/Passwort/x/")),
        *(("en", "/re/password/"), ("de", "/re/Passwort/")),
    ],
)
def test_a_rule_for_a_route_holds_in_every_language(ruled, language, path):
    said = ruled.get(path, headers={"accept-language": language})
    assert said.status_code == 302
    assert "X-Ran" not in said.headers


def test_a_translated_route_that_no_rule_names_runs(settings, ruled):
    configure(settings, STEP_UP={"TRIGGERS": [{"path": "passwords/*"}]})
    said = ruled.get("/de/Passwort/x/", headers={"accept-language": "de"})
    assert said.content == b"seen"


def test_rules_may_concern_writing_alone(ruled):
    assert ruled.get("/rules/pay/1/").content == b"seen"
    assert ruled.post("/rules/pay/1/").status_code == 302


def test_a_script_prefix_changes_nothing(ruled):
    response = ruled.get("/same/", SCRIPT_NAME="/site")
    assert response.status_code == 302


def test_admin_actions_ask(settings, alice, clock):
    alice.user.is_staff = alice.user.is_superuser = True
    alice.user.save()
    configure(settings, STEP_UP={"TRIGGERS": ["admin_actions"]})
    browser = alice.enter()
    clock.tick(SIXTEEN_MINUTES)
    assert browser.get("/admin/auth/group/add/").status_code == 200
    response = browser.post("/admin/auth/group/add/", {"name": "New"})
    assert response.url.startswith("/mfa/step-up/")
    assert not Group.objects.filter(name="New").exists()


# ASGI


def test_on_the_event_loop_it_is_the_same_and_in_no_thread(
    alice, clock, settings, monkeypatch
):
    from django_mfa.flows import gate

    configure(settings, STEP_UP={"TRIGGERS": RULES})
    browser = alice.enter()
    client = AsyncClient()
    client.cookies = browser.cookies

    def thread(*args, **kwargs):
        raise AssertionError("a thread for a verified session")

    monkeypatch.setattr(gate, "sync_to_async", thread)
    get = async_to_sync(client.get)
    assert get("/p/async/").content == b"seen"
    assert get("/same/").content == b"seen"
    clock.tick(SIXTEEN_MINUTES)
    assert get("/p/async/").status_code == 302
    assert get("/same/").status_code == 302


def test_mfa_login_of_the_kit_meets_a_policy(client, user):
    strict(allowed_factors=["totp"])
    mfa_login(client, user)
    assert client.get("/profile/").status_code == 200
    assert add_totp(user)


def test_a_login_page_that_breaks_off_when_held_leads_on(client, user):
    """As allauth does, which asserts after `login` that somebody is signed in."""
    add_totp(user)
    response = client.get("/p/assertive/", {"pk": user.pk})
    assert response.url == "/mfa/verify/"
    assert client.get("/mfa/verify/").status_code == 200


def test_a_view_that_breaks_off_otherwise_is_an_error(client, db):
    with pytest.raises(ValueError, match="broken"):
        client.get("/p/broken/")


@pytest.mark.django_db(transaction=True)
def test_a_group_that_is_renamed_keeps_its_policy(alice):
    group = Group.objects.create(name="G")
    group.user_set.add(alice.user)
    strict(who="group", group=group)
    browser = alice.begin()
    browser.code(alice.codes[0])
    assert browser.is_in
    policy = Policy.objects.get()
    policy.allowed_factors = ["totp"]
    policy.save()
    assert not browser.is_in
    group.name = "H"
    group.save()
    assert not browser.is_in
