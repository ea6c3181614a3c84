from __future__ import annotations

import uuid

import pytest
from django.core import mail
from django.urls import reverse

from django_mfa.accounts.models import MFAAccount
from django_mfa.audit.models import AuditEvent
from django_mfa.factors.passkey.models import Passkey
from django_mfa.factors.recovery_code.models import RecoveryCode, RecoveryCodeSet
from django_mfa.factors.totp.models import TOTPDevice
from django_mfa.flows import enrol as flow
from django_mfa.flows import gate
from django_mfa.testing import add_passkey, add_totp, mfa_login, totp_code
from tests.browser import Browser

pytestmark = pytest.mark.usefixtures("clock")


def shown_secret(response):
    return response.context["show"]["secret"].replace(" ", "")


def begin(browser):
    response = browser.page("setup", "totp")
    assert response.status_code == 200
    return shown_secret(response)


# E01


@pytest.mark.parametrize("method", ["get", "post", "head"])
@pytest.mark.parametrize(
    "name", ["setup", "recovery_codes", "disable", "codes_saved", "security"]
)
def test_E01_a_password_does_not_reach_the_set_up_of_who_has_a_factor(
    alice, name, method
):
    browser, rows = alice.begin(), TOTPDevice.objects.count()
    urls = [reverse(f"django_mfa:{name}")]
    if name == "setup":
        urls += [
            reverse("django_mfa:setup", args=[slug])
            for slug in ("totp", "recovery_code", "nothing")
        ]
    before = set(RecoveryCode.objects.values_list("digest"))
    for url in urls:
        response = getattr(browser, method)(
            url, {"code": totp_code(alice.secret), "name": "mine"}
        )
        assert response.status_code in (302, 404, 405), url
        assert b"otpauth" not in response.content
    assert TOTPDevice.objects.count() == rows
    assert set(RecoveryCode.objects.values_list("digest")) == before
    assert not browser.is_in


def test_E01_a_proof_that_is_not_fresh_enrols_nothing(alice, clock):
    browser = alice.enter()
    clock.tick(901)
    for send in (browser.page, browser.send):
        response = send("setup", "totp")
        assert response.status_code == 302
        assert response["Location"].startswith("/mfa/step-up/")
    assert TOTPDevice.objects.count() == 1
    browser.send("step_up", code=totp_code(alice.secret))
    assert browser.page("setup", "totp").status_code == 200


def test_E01_a_password_is_not_enough_to_step_up_with_a_factor(alice, clock):
    browser = alice.enter()
    clock.tick(901)
    browser.send("step_up", password="pw")
    assert browser.page("setup", "totp").status_code == 302


def test_E01_a_set_up_begun_before_the_first_factor_is_worth_nothing_after_it(carol):
    """Two browsers know the password; the owner is the first to confirm."""
    owner, thief = Browser().begin(carol), Browser().begin(carol)
    stolen = begin(thief)
    secret = begin(owner)
    assert owner.send("setup", "totp", code=totp_code(secret)).status_code == 200
    thief.send("setup", "totp", code=totp_code(stolen))
    assert not thief.is_in
    assert TOTPDevice.objects.filter(user=carol, confirmed=True).count() == 1


def test_E01_a_thief_does_not_see_the_secret_that_the_owner_will_confirm(carol):
    """Who began a set-up elsewhere must not know the secret of the device."""
    thief = Browser().begin(carol)
    known = begin(thief)
    owner = Browser().begin(carol)
    secret = begin(owner)
    assert secret != known
    assert begin(owner) == secret
    assert begin(thief) == known
    assert owner.send("setup", "totp", code=totp_code(secret)).status_code == 200
    assert TOTPDevice.objects.get(user=carol, confirmed=True).secret == secret


@pytest.mark.parametrize("flags", [{}, {"is_staff": True}])
def test_E01_a_planted_session_does_not_bring_its_set_up_along(make_user, flags):
    """The thief knows the password, begins a set-up and plants the session."""
    user = make_user("dave", **flags)
    thief = Browser().begin(user)
    known = begin(thief)
    owner = thief.with_key(thief.key)
    owner.begin(user)
    assert begin(owner) != known


def test_E01_a_first_device_that_came_in_between_stops_the_second(carol, monkeypatch):
    """Between the check and the write of one browser, the other one confirms."""
    owner, thief = Browser().begin(carol), Browser().begin(carol)
    secret, stolen = begin(owner), begin(thief)
    new_codes = flow.new_codes

    def meanwhile(user):
        monkeypatch.setattr(flow, "new_codes", new_codes)
        assert owner.send("setup", "totp", code=totp_code(secret)).status_code == 200
        return new_codes(user)

    monkeypatch.setattr(flow, "new_codes", meanwhile)
    thief.send("setup", "totp", code=totp_code(stolen))
    monkeypatch.undo()
    assert TOTPDevice.objects.get(user=carol, confirmed=True).secret == secret
    assert not thief.is_in
    assert owner.is_in


# E02


def test_E02_an_unconfirmed_device_counts_for_nothing(carol, clock):
    browser = Browser().begin(carol)
    secret = begin(browser)
    assert gate.owed(carol) == (None, ())
    other = Browser().begin(carol)
    assert other.is_in
    assert other.code(totp_code(secret)).status_code == 302
    assert other.send("step_up", code=totp_code(secret)).status_code == 200
    assert not AuditEvent.objects.filter(event="challenge_passed").exists()
    clock.tick(601)
    assert begin(browser) != secret
    assert TOTPDevice.objects.filter(user=carol).count() == 1


def test_E02_a_set_up_is_not_renewed_by_looking_or_trying(carol, clock):
    browser = Browser().begin(carol)
    secret = begin(browser)
    for _ in range(2):
        clock.tick(299)
        browser.send("setup", "totp", code="000000")
        assert begin(browser) == secret
    clock.tick(3)
    browser.send("setup", "totp", code=totp_code(secret))
    assert not TOTPDevice.objects.filter(confirmed=True).exists()


def test_E02_a_set_up_is_not_guessed_for_ever(carol, clock, settings):
    settings.DJANGO_MFA = {**settings.DJANGO_MFA, "LIMITS": {"ADDRESS_FAILURES": 0}}
    browser = Browser().begin(carol)
    secret = begin(browser)
    for _ in range(21):
        browser.send("setup", "totp", code="000000")
    browser.send("setup", "totp", code=totp_code(secret))
    assert not TOTPDevice.objects.filter(confirmed=True).exists()


# E03

ACTIONS = ["device", "device_default", "device_remove"]


@pytest.mark.parametrize("name", ACTIONS)
@pytest.mark.parametrize("method", ["get", "post", "head", "delete"])
def test_E03_a_device_of_bob_and_one_that_never_was_read_alike(
    alice, bob, name, method
):
    browser = alice.enter()
    codes = RecoveryCodeSet.objects.get(user=bob.user)
    pending = TOTPDevice.objects.create(
        user=alice.user, name="waits", sealed_secret="x"
    )
    before = (
        list(TOTPDevice.objects.values()),
        list(RecoveryCodeSet.objects.values()),
        list(MFAAccount.objects.values()),
    )
    answers = []
    for public_id in (
        uuid.uuid4(),
        bob.totp.public_id,
        codes.public_id,
        pending.public_id,
    ):
        url = reverse(f"django_mfa:{name}", args=[public_id])
        response = getattr(browser, method)(url, {"name": "stolen"})
        text = response.text.replace(str(public_id), "ID")
        token = (response.context or {}).get("csrf_token")
        answers.append((response.status_code, text.replace(str(token), "T")))
    assert len(set(answers)) == 1
    assert answers[0][0] in (404, 405)
    after = (
        list(TOTPDevice.objects.values()),
        list(RecoveryCodeSet.objects.values()),
        list(MFAAccount.objects.values()),
    )
    assert after == before


@pytest.mark.parametrize(
    "public_id", ["1", "x", "00000000-0000-0000-0000-00000000000g", "%00", "..%2f"]
)
def test_E03_what_is_no_id_is_not_found(alice, public_id):
    browser = alice.enter()
    for tail in ("", "default/", "remove/"):
        assert browser.post(f"/mfa/devices/{public_id}/{tail}").status_code == 404


# E05


def test_E05_the_last_device_that_a_policy_needs_stays(alice):
    MFAAccount.objects.filter(pk=alice.user.pk).update(required=True)
    browser = alice.enter()
    for name, args in (("device_remove", [alice.totp.public_id]), ("disable", [])):
        response = browser.send(name, *args)
        assert response.status_code == 409
        assert b"second step" in response.content
    assert alice.totp
    assert RecoveryCodeSet.objects.filter(user=alice.user).exists()


def test_E05_the_last_device_of_the_kind_that_a_policy_needs_stays(alice, settings):
    rule = {"who": "everyone", "phishing_resistant": True}
    settings.DJANGO_MFA = {**settings.DJANGO_MFA, "POLICIES": [rule]}
    passkey, browser = add_passkey(alice.user), Browser()
    mfa_login(browser, alice.user, "passkey")
    page = browser.page("device_remove", passkey.public_id)
    assert b"a device of this kind" in page.content
    assert browser.send("device_remove", passkey.public_id).status_code == 409
    assert Passkey.objects.get() == passkey
    assert browser.send("device_remove", alice.totp.public_id).status_code == 302


def test_E05_without_a_policy_the_last_device_takes_the_codes_with_it(alice):
    browser = alice.enter()
    assert browser.send("device_remove", alice.totp.public_id).status_code == 302
    assert not TOTPDevice.objects.exists()
    assert not RecoveryCode.objects.exists()
    assert browser.is_in


@pytest.mark.parametrize("required", [True, False])
def test_E05_removing_recovery_codes_does_not_switch_everything_off(alice, required):
    """The only app is disabled, so nothing usable is left; it still stands guard."""
    MFAAccount.objects.filter(pk=alice.user.pk).update(required=required)
    TOTPDevice.objects.filter(user=alice.user).update(disabled_at="2026-01-01T00:00Z")
    browser = alice.begin()
    browser.code(alice.codes[0])
    assert browser.is_in
    codes = RecoveryCodeSet.objects.get(user=alice.user)
    browser.send("device_remove", codes.public_id)
    assert TOTPDevice.objects.filter(user=alice.user).exists()
    assert gate.owed(alice.user)[0] == "proof"


# E06

FORMS = [
    ("login", {"username": "alice", "password": "pw"}),
    ("verify", {"code": "123456"}),
    ("cancel", {}),
    ("step_up", {"code": "123456"}),
    ("setup totp", {"code": "123456"}),
    ("device ID", {"name": "stolen"}),
    ("device_default ID", {}),
    ("device_remove ID", {}),
    ("recovery_codes", {}),
    ("codes_saved", {}),
    ("disable", {}),
]


@pytest.mark.parametrize("state", ["verified", "waiting", "nobody"])
@pytest.mark.parametrize(("form", "data"), FORMS)
def test_E06_a_form_from_elsewhere_changes_nothing(alice, form, data, state):
    browser = Browser(enforce_csrf_checks=True)
    if state != "nobody":
        easy = alice.enter() if state == "verified" else alice.begin()
        browser = Browser(enforce_csrf_checks=True).with_key(easy.key)
        browser.handler.enforce_csrf_checks = True
    before = [
        list(rows.objects.values())
        for rows in (TOTPDevice, RecoveryCodeSet, MFAAccount, AuditEvent)
    ]
    name, *args = form.replace("ID", str(alice.totp.public_id)).split()
    for headers in ({}, {"origin": "https://evil.example"}):
        assert (
            browser.post(
                reverse(f"django_mfa:{name}", args=args), data, headers=headers
            ).status_code
            == 403
        )
    after = [
        list(rows.objects.values())
        for rows in (TOTPDevice, RecoveryCodeSet, MFAAccount, AuditEvent)
    ]
    assert after == before


@pytest.mark.parametrize("form", ["cancel", "codes_saved", "device_default ID"])
def test_E06_looking_at_an_action_is_not_allowed(alice, form):
    name, *args = form.replace("ID", str(alice.totp.public_id)).split()
    assert alice.enter().page(name, *args).status_code == 405


@pytest.mark.parametrize(
    "form", ["disable", "device_remove ID", "recovery_codes", "device ID", "setup"]
)
def test_E06_looking_at_a_question_changes_nothing(alice, form):
    browser = alice.enter()
    name, *args = form.replace("ID", str(alice.totp.public_id)).split()
    before = [
        list(rows.objects.values())
        for rows in (TOTPDevice, RecoveryCodeSet, MFAAccount, AuditEvent)
    ]
    assert browser.page(name, *args, name="stolen", code="123456").status_code == 200
    assert [
        list(rows.objects.values())
        for rows in (TOTPDevice, RecoveryCodeSet, MFAAccount, AuditEvent)
    ] == before


# E07


def told(user):
    rows = AuditEvent.objects.filter(user_id=user.pk).order_by("id")
    return list(rows.values_list("event", flat=True))


def test_E07_every_change_is_told_to_the_owner_and_to_the_log(  # noqa: PLR0915  # a story
    carol, clock, django_capture_on_commit_callbacks
):
    browser = Browser().begin(carol)
    mail.outbox.clear()

    def events_of(change):
        seen = len(told(carol))
        mail.outbox.clear()
        with django_capture_on_commit_callbacks(execute=True):
            change()
        assert all(message.to == [carol.email] for message in mail.outbox)
        return told(carol)[seen:], len(mail.outbox)

    secret = begin(browser)
    events, mails = events_of(
        lambda: browser.send("setup", "totp", code=totp_code(secret))
    )
    assert events == ["device_confirmed", "recovery_codes_generated"]
    assert mails >= 1
    device = TOTPDevice.objects.get(user=carol)
    events, _ = events_of(lambda: browser.send("device", device.public_id, name="New"))
    assert events == ["device_renamed"]
    events, _ = events_of(lambda: browser.send("device_default", device.public_id))
    assert events == ["default_device_set"]
    events, mails = events_of(lambda: browser.send("recovery_codes"))
    assert events == ["recovery_codes_generated"]
    assert mails == 1
    events, mails = events_of(lambda: browser.send("device_remove", device.public_id))
    assert events[0] == "device_removed"
    assert mails >= 1
    clock.tick(60)
    browser.send("step_up", password="pw")
    secret = begin(browser)
    browser.send("setup", "totp", code=totp_code(secret))
    events, mails = events_of(lambda: browser.send("disable"))
    assert events[-1] == "mfa_disabled"
    assert mails >= 1


def test_E07_using_a_recovery_code_is_told(alice, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        mail.outbox.clear()
        alice.begin().code(alice.codes[0])
    assert "recovery_code_used" in told(alice.user)
    assert [message.to for message in mail.outbox] == [[alice.user.email]]


def test_E07_a_change_that_fails_is_told_to_nobody(
    alice, django_capture_on_commit_callbacks
):
    MFAAccount.objects.filter(pk=alice.user.pk).update(required=True)
    browser = alice.enter()
    seen = told(alice.user)
    with django_capture_on_commit_callbacks(execute=True):
        mail.outbox.clear()
        browser.send("disable")
        browser.send("device_remove", alice.totp.public_id)
    assert told(alice.user) == seen
    assert not mail.outbox


# The most devices


def test_more_devices_than_allowed_are_refused(alice):
    for number in range(4):
        add_totp(alice.user, name=f"Phone {number}")
    browser = alice.enter()
    assert browser.page("setup", "totp").status_code == 409
    assert browser.send("setup", "totp", code="123456").status_code == 409


def test_more_devices_than_allowed_are_refused_when_begun_before(alice):
    browser = alice.enter()
    secret = begin(browser)
    for number in range(4):
        add_totp(alice.user, name=f"Phone {number}")
    browser.send("setup", "totp", code=totp_code(secret))
    assert TOTPDevice.objects.filter(user=alice.user, confirmed=True).count() == 5
