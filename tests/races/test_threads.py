from __future__ import annotations

import re
from threading import Thread

import pytest
from django.db import connections, transaction
from django.urls import reverse

from django_mfa.accounts.models import MFAAccount
from django_mfa.audit.models import AuditEvent
from django_mfa.factors.recovery_code.models import RecoveryCode, RecoveryCodeSet
from django_mfa.factors.totp.models import TOTPDevice
from django_mfa.testing import add_totp, mfa_login, totp_code
from tests.browser import Browser, wrong_code

from .crowd import all_at_once, statuses

pytestmark = pytest.mark.race

MANY = 20
WRITTEN = r"\b[2-9A-HJKMNP-Z]{4}-[2-9A-HJKMNP-Z]{4}\b"


def waiting(user, number=MANY):
    return [Browser(raise_request_exception=False).begin(user) for _ in range(number)]


def signed_in(user, number):
    browsers = [Browser(raise_request_exception=False) for _ in range(number)]
    for browser in browsers:
        mfa_login(browser, user)
    return browsers


def in_and_out(browsers, codes):
    found = statuses(
        all_at_once(
            [
                lambda browser=browser, code=code: browser.code(code)
                for browser, code in zip(browsers, codes, strict=True)
            ]
        )
    )
    assert max(found) < 500, found
    return [browser.is_in for browser in browsers]


def test_R03_one_right_code_from_twenty_sessions_lets_one_in(alice):
    results = in_and_out(waiting(alice), [totp_code(alice.secret)] * MANY)
    assert results.count(True) == 1
    device = TOTPDevice.objects.get(user=alice)
    assert (device.uses, device.failures_total) == (1, 0)
    assert AuditEvent.objects.filter(event="challenge_passed").count() == 1
    assert AuditEvent.objects.filter(reason="replay").count() == MANY - 1


def test_R03_one_recovery_code_from_twenty_sessions_lets_one_in(alice):
    results = in_and_out(waiting(alice), [alice.codes[0]] * MANY)
    assert results.count(True) == 1
    assert RecoveryCodeSet.objects.get(user=alice).left == 9
    assert RecoveryCode.objects.exclude(used_at=None).count() == 1


def test_R03_every_recovery_code_at_once_lets_each_in(alice):
    results = in_and_out(waiting(alice, 10), alice.codes)
    assert results.count(True) == 10
    codes = RecoveryCodeSet.objects.get(user=alice)
    assert (codes.left, codes.uses) == (0, 10)


def test_B01_of_twenty_wrong_codes_at_once_five_are_judged(alice):
    results = in_and_out(waiting(alice), [wrong_code(alice.secret)] * MANY)
    assert not any(results)
    device = TOTPDevice.objects.get(user=alice)
    assert (device.failures, device.failures_total) == (5, 5)
    failed = AuditEvent.objects.filter(event="challenge_failed")
    assert failed.filter(reason="wrong").count() == 5
    assert AuditEvent.objects.filter(event="account_locked").count() == 1
    account = MFAAccount.objects.get(pk=alice.pk)
    assert account.failures == 5
    assert account.locked_until is not None


def test_B02_the_cap_holds_when_the_last_guesses_come_together(alice, clock):
    TOTPDevice.objects.update(failures=18, failures_total=18)
    results = in_and_out(waiting(alice, 10), [wrong_code(alice.secret)] * 10)
    assert not any(results)
    device = TOTPDevice.objects.get(user=alice)
    assert device.disabled_at is not None
    assert AuditEvent.objects.filter(event="device_disabled").count() == 1


@pytest.mark.parametrize("kind", ["totp", "recovery_code"])
def test_B01_a_right_code_under_way_when_the_lock_falls_is_refused(alice, kind):
    """Read before the fifth failure is committed, claimed after it."""
    device, code = TOTPDevice.objects.get(user=alice), totp_code(alice.secret)
    if kind == "recovery_code":
        device, code = RecoveryCodeSet.objects.get(user=alice), alice.codes[0]
    for _ in range(4):
        with transaction.atomic():
            type(device).objects.get(pk=device.pk).charge()
    [browser] = waiting(alice, 1)
    answers = []

    def send():
        try:
            answers.append(browser.code(code))
        finally:
            connections.close_all()

    thread = Thread(target=send)
    with transaction.atomic():
        type(device).objects.select_related("user").get(pk=device.pk).charge()
        thread.start()
        thread.join(0.7)  # it reads, and then waits for this transaction
    thread.join(30)
    assert statuses(answers) == [429]
    assert not browser.is_in


def test_E05_of_two_removals_of_the_last_two_devices_one_remains(alice):
    add_totp(alice, name="Tablet")
    MFAAccount.objects.filter(pk=alice.pk).update(required=True)
    browsers = signed_in(alice, 2)
    devices = TOTPDevice.objects.filter(user=alice)
    found = statuses(
        all_at_once(
            [
                lambda browser=browser, device=device: browser.send(
                    "device_remove", device.public_id
                )
                for browser, device in zip(browsers, devices, strict=True)
            ]
        )
    )
    assert max(found) < 500, found
    assert TOTPDevice.objects.filter(user=alice).count() == 1
    assert AuditEvent.objects.filter(event="device_removed").count() == 1


def test_two_removals_of_one_device(alice):
    add_totp(alice, name="Tablet")
    browsers = signed_in(alice, 5)
    device = TOTPDevice.objects.filter(user=alice, name="Tablet").get()
    found = statuses(
        all_at_once(
            [
                lambda browser=browser: browser.send("device_remove", device.public_id)
                for browser in browsers
            ]
        )
    )
    assert max(found) < 500, found
    assert TOTPDevice.objects.filter(user=alice).count() == 1
    assert AuditEvent.objects.filter(event="device_removed").count() == 1


def begin_set_up(user, number, **flags):
    browsers = [
        Browser(raise_request_exception=False).begin(user) for _ in range(number)
    ]
    for browser in browsers:
        assert browser.page("setup", "totp").status_code == 200
    return browsers


@pytest.mark.parametrize("required", [False, True])
def test_two_confirmations_of_one_set_up(transactional_db, make_user, clock, required):
    user = make_user("carol", is_staff=required)
    [first] = begin_set_up(user, 1)
    again = first.with_key(first.key)
    pending = TOTPDevice.objects.filter(user=user).latest("pk")
    code = totp_code(pending.secret)
    found = statuses(
        all_at_once(
            [
                lambda browser=browser: browser.send("setup", "totp", code=code)
                for browser in (first, again)
            ]
        )
    )
    assert max(found) < 500, found
    assert TOTPDevice.objects.filter(user=user, confirmed=True).count() == 1
    assert RecoveryCodeSet.objects.filter(user=user).count() == 1
    assert RecoveryCode.objects.count() == 10
    assert AuditEvent.objects.filter(event="device_confirmed").count() == 1


def test_E01_of_two_first_set_ups_at_once_one_counts(
    transactional_db, make_user, clock
):
    """The second would be enrolled by the password alone, beside the first."""
    user = make_user("carol")
    browsers = begin_set_up(user, 2)
    shown = [
        browser.page("setup", "totp").context["show"]["secret"] for browser in browsers
    ]
    codes = [totp_code(secret.replace(" ", "")) for secret in shown]
    found = statuses(
        all_at_once(
            [
                lambda browser=browser, code=code: browser.send(
                    "setup", "totp", code=code
                )
                for browser, code in zip(browsers, codes, strict=True)
            ]
        )
    )
    assert max(found) < 500, found
    assert TOTPDevice.objects.filter(user=user, confirmed=True).count() == 1
    assert RecoveryCode.objects.count() == 10


def test_of_two_new_sets_of_recovery_codes_one_counts(alice):
    browsers = signed_in(alice, 2)
    answers = all_at_once(
        [lambda browser=browser: browser.send("recovery_codes") for browser in browsers]
    )
    assert max(statuses(answers)) < 500
    assert RecoveryCodeSet.objects.filter(user=alice).count() == 1
    assert RecoveryCode.objects.count() == 10
    # What the pages show; their contexts are mixed up by the test client.
    shown = [re.search(WRITTEN, answer.text) for answer in answers]
    good = 0
    for found in filter(None, shown):
        [browser] = waiting(alice, 1)
        browser.code(found[0])
        good += browser.is_in
    assert good == 1


def test_many_changes_of_one_account_at_once_break_nothing(alice):
    device = TOTPDevice.objects.get(user=alice)
    browsers = signed_in(alice, 12)
    work = [("device_default", {}), ("device", {"name": "Renamed"})] * 6
    urls = [reverse(f"django_mfa:{name}", args=[device.public_id]) for name, _ in work]
    found = statuses(
        all_at_once(
            [
                lambda browser=browser, url=url, data=data: browser.post(url, data)
                for browser, url, (_, data) in zip(browsers, urls, work, strict=True)
            ]
        )
    )
    assert set(found) == {302}
    device.refresh_from_db()
    assert device.name == "Renamed"


def test_a_form_sent_five_times_by_one_browser(alice):
    """A hand that trembles on the button: in once, and nothing breaks."""
    [browser] = waiting(alice, 1)
    same = [browser.with_key(browser.key) for _ in range(5)]
    for each in same:
        each.raise_request_exception = False
    results = in_and_out(same, [totp_code(alice.secret)] * 5)
    assert results.count(True) == 1
    assert TOTPDevice.objects.get(user=alice).uses == 1


def test_a_password_sent_by_many_at_once(alice):
    found = statuses(
        all_at_once(
            [lambda: Browser(raise_request_exception=False).password(alice)] * MANY
        )
    )
    assert set(found) == {302}


def test_the_first_sign_in_of_a_user_with_a_grace_period(
    transactional_db, make_user, clock, settings
):
    """The account row and its deadline are made by the first of them."""
    policy = {"who": "everyone", "grace_days": 7}
    settings.DJANGO_MFA = {**settings.DJANGO_MFA, "POLICIES": [policy]}
    user = make_user("carol")
    browsers = [Browser(raise_request_exception=False) for _ in range(8)]
    found = statuses(
        all_at_once(
            [lambda browser=browser: browser.password(user) for browser in browsers]
        )
    )
    assert set(found) == {302}
    assert all(browser.is_in for browser in browsers)
    assert (
        MFAAccount.objects.filter(pk=user.pk).exclude(grace_deadline=None).count() == 1
    )
