from __future__ import annotations

import pytest
from django.core import mail

from django_mfa.accounts.models import MFAAccount
from django_mfa.audit.models import AuditEvent
from django_mfa.factors.recovery_code.models import RecoveryCodeSet
from django_mfa.notifications.subjects import SUBJECTS
from django_mfa.testing import add_totp, totp_code
from tests.browser import Browser, wrong_code

DAY = 86_400


def reasons(user):
    rows = AuditEvent.objects.filter(user_id=user.pk, event="challenge_failed")
    return list(rows.order_by("id").values_list("reason", flat=True))


def test_B01_after_five_wrong_codes_the_right_one_is_refused_for_a_while(alice, clock):
    browser = alice.begin()
    for _ in range(4):
        assert browser.code(wrong_code(alice.secret)).status_code == 200
    refused = browser.code(wrong_code(alice.secret))
    assert refused.status_code == 429
    assert refused["Retry-After"] == "1800"

    refused = browser.code(totp_code(alice.secret))
    assert refused.status_code == 429
    assert int(refused["Retry-After"]) == 1800
    assert not browser.is_in
    assert reasons(alice.user) == ["wrong"] * 5 + ["locked"]
    assert alice.totp.failures_total == 5

    clock.tick(1801)
    browser.begin(alice.user).code(totp_code(alice.secret))
    assert browser.is_in


def test_B01_the_lock_reads_the_same_for_a_right_and_a_wrong_code(alice, clock):
    browser = alice.begin()
    for _ in range(5):
        browser.code(wrong_code(alice.secret))
    right = browser.code(totp_code(alice.secret))
    wrong = browser.code(wrong_code(alice.secret))
    assert right.status_code == wrong.status_code == 429
    assert right["Retry-After"] == wrong["Retry-After"]
    assert str(right.context["error"]) == str(wrong.context["error"])


def test_B01_other_sessions_and_set_ups_do_not_refill_it(alice, clock):
    for _ in range(5):
        alice.begin().code(wrong_code(alice.secret))
    assert alice.begin().code(totp_code(alice.secret)).status_code == 429


def test_B01_five_sessions_share_one_count_with_step_up(alice, clock):
    signed_in = alice.enter()
    for _ in range(3):
        alice.begin().code(wrong_code(alice.secret))
    clock.tick(60)
    for _ in range(2):
        signed_in.send("step_up", code=wrong_code(alice.secret))
    clock.tick(30)
    refused = signed_in.send("step_up", code=totp_code(alice.secret))
    assert refused.status_code == 429
    # Who was in stays in: a lock is no sign-out.
    assert signed_in.is_in


def test_B01_a_recovery_code_still_works_while_typed_codes_are_locked(alice, clock):
    browser = alice.begin()
    for _ in range(5):
        browser.code(wrong_code(alice.secret))
    browser.code(alice.codes[0])
    assert browser.is_in


def test_B01_wrong_recovery_codes_do_not_lock_the_app(alice, clock):
    browser = alice.begin()
    for _ in range(6):
        browser.code("AAAA-AAAA")
    browser.code(totp_code(alice.secret))
    assert browser.is_in


def test_B01_another_users_success_does_not_clear_the_address(alice, bob, clock):
    for person in (alice, bob):
        for _ in range(4):
            person.begin().code(wrong_code(person.secret))
    bob.enter()
    alice.begin().code("AAAA-AAAA")
    alice.begin().code("AAAA-AAAA")
    # Ten wrong codes from here, whoever they were for.
    assert bob.begin().code(bob.codes[0]).status_code == 429
    elsewhere = Browser(REMOTE_ADDR="192.0.2.7")
    elsewhere.begin(bob.user).code(bob.codes[0])
    assert elsewhere.is_in


def test_B02_the_cap_disables_the_device_and_other_factors_still_work(
    alice, clock, django_capture_on_commit_callbacks
):
    mail.outbox.clear()
    with django_capture_on_commit_callbacks(execute=True):
        for day in range(20):
            clock.tick(DAY)
            browser = Browser(REMOTE_ADDR=f"198.51.100.{day + 1}").begin(alice.user)
            for _ in range(5):
                browser.code("000000")
    # One hundred wrong codes, twenty of which were judged.
    assert alice.totp.failures_total == 20
    assert alice.totp.disabled_at is not None
    assert alice.totp.disabled_reason == "too_many_failures"
    assert AuditEvent.objects.filter(event="device_disabled").count() == 1
    told = [message for message in mail.outbox if message.to == [alice.user.email]]
    subject = str(SUBJECTS["device_disabled"])
    assert [subject in message.subject for message in told].count(True) == 1

    # The right code is worth nothing now, and the password alone still is not.
    clock.tick(DAY)
    browser = alice.begin()
    browser.code(totp_code(alice.secret))
    assert not browser.is_in
    browser.code(alice.codes[0])
    assert browser.is_in


def test_B02_a_disabled_only_device_does_not_open_the_door(alice, clock):
    RecoveryCodeSet.objects.filter(user=alice.user).delete()
    alice.totp.__class__.objects.filter(user=alice.user).update(
        disabled_at="2026-01-01T00:00Z"
    )
    browser = Browser()
    browser.password(alice.user)
    assert not browser.is_in
    assert browser.page("verify").status_code == 200
    assert browser.code(totp_code(alice.secret)).status_code in (404, 429, 200)
    assert not browser.is_in
    assert browser.page("setup", "totp").status_code != 200


def test_B02_many_devices_never_allow_more_than_a_hundred_guesses(alice, clock):
    for number in range(4):
        add_totp(alice.user, name=f"Phone {number}")
    guesses = alice.totp.__class__.objects.filter(user=alice.user)
    guesses.update(failures=15, failures_total=15)
    for _day in range(7):
        clock.tick(DAY)
        browser = alice.begin()
        for _ in range(5):
            browser.code("000000")
    total = sum(guesses.values_list("failures_total", flat=True))
    assert total <= 100
    assert not guesses.filter(disabled_at=None).exists()


def test_B02_recovery_codes_are_capped_at_a_hundred(alice, clock):
    RecoveryCodeSet.objects.update(failures=80, failures_total=80)
    for _day in range(6):
        clock.tick(DAY)
        browser = alice.begin()
        for _ in range(5):
            browser.code("AAAA-AAAA")
    codes = RecoveryCodeSet.objects.get(user=alice.user)
    assert codes.failures_total == 100
    assert codes.disabled_at is not None
    browser = alice.begin()
    browser.code(totp_code(alice.secret))
    assert browser.is_in


def test_B02_success_clears_only_its_own_device(alice, clock):
    second = add_totp(alice.user, name="Tablet")
    alice.begin().code(wrong_code(alice.secret))
    charged = alice.totp.__class__.objects.get(user=alice.user, failures=1)
    other = second if charged == alice.totp else alice.secret
    clock.tick(60)
    browser = alice.begin()
    browser.code(totp_code(other))
    assert browser.is_in
    charged.refresh_from_db()
    assert charged.failures == 1


@pytest.mark.parametrize("known", [True, False])
def test_B04_wrong_passwords_never_touch_the_counters(alice, clock, known):
    before = list(MFAAccount.objects.values())
    browser = Browser()
    name = alice.user.get_username() if known else "nobody@example.com"
    for number in range(100):
        answer = browser.send("login", username=name, password=f"guess {number}")
        assert answer.status_code == 200
    assert list(MFAAccount.objects.values()) == before
    assert alice.totp.failures_total == 0
    assert not AuditEvent.objects.filter(event="challenge_failed").exists()
    assert alice.enter().is_in


def test_B04_codes_without_a_password_are_not_judged(alice, clock):
    browser = Browser()
    for _ in range(20):
        answer = browser.code(totp_code(alice.secret))
        assert answer.status_code == 302
    assert alice.totp.failures_total == 0
    assert alice.enter().is_in


def test_B04_known_and_unknown_users_read_the_same(alice, clock):
    known = Browser().send("login", username=alice.user.get_username(), password="x")
    unknown = Browser().send("login", username="zlice@example.com", password="x")
    hide = alice.user.get_username().encode()
    assert known.status_code == unknown.status_code
    assert sorted(known.headers) == sorted(unknown.headers)
    assert _bare(known, hide) == _bare(unknown, b"zlice@example.com")


def _bare(response, name):
    token = response.context["csrf_token"]
    return response.content.replace(name, b"NAME").replace(
        str(token).encode(), b"TOKEN"
    )


@pytest.mark.parametrize("proxies", [0, 1, 2])
def test_a_forwarded_header_does_not_refill_the_address(
    alice, clock, settings, proxies
):
    settings.DJANGO_MFA = {
        **settings.DJANGO_MFA,
        "LIMITS": {"TRUSTED_PROXIES": proxies, "FAILURES": 50, "ADDRESS_FAILURES": 10},
    }
    ours = ", 192.0.2.1" * proxies
    for number in range(10):
        browser = alice.begin(Browser(HTTP_X_FORWARDED_FOR=f"203.0.113.{number}{ours}"))
        browser.code(wrong_code(alice.secret))
    liar = alice.begin(Browser(HTTP_X_FORWARDED_FOR=f"203.0.113.99{ours}"))
    assert liar.code(totp_code(alice.secret)).status_code == 429
    honest = Browser(REMOTE_ADDR="198.51.100.3")
    if proxies:
        honest = Browser(
            HTTP_X_FORWARDED_FOR="203.0.113.5, 198.51.100.3"
            + ", 192.0.2.1" * (proxies - 1)
        )
    honest.begin(alice.user).code(totp_code(alice.secret))
    assert honest.is_in


@pytest.mark.parametrize(
    "header",
    [
        "",
        "unknown",
        "garbage, more",
        "1.2.3.4:80",
        "[::1]:443",
        "'; --",
        "\x00",
        "fe80::1%eth0",
        "9" * 5000,
        ",,,,",
    ],
)
def test_a_broken_forwarded_header_breaks_nothing(alice, clock, settings, header):
    settings.DJANGO_MFA = {**settings.DJANGO_MFA, "LIMITS": {"TRUSTED_PROXIES": 1}}
    browser = alice.begin(Browser(HTTP_X_FORWARDED_FOR=header))
    assert browser.code(wrong_code(alice.secret)).status_code == 200
    browser.code(totp_code(alice.secret))
    assert browser.is_in


@pytest.mark.parametrize("addresses", [[f"2001:db8::{n:x}" for n in range(1, 11)]])
def test_one_network_of_ipv6_addresses_is_one_address(
    alice, clock, settings, addresses
):
    settings.DJANGO_MFA = {**settings.DJANGO_MFA, "LIMITS": {"FAILURES": 50}}
    for address in addresses:
        alice.begin(Browser(REMOTE_ADDR=address)).code(wrong_code(alice.secret))
    near = alice.begin(Browser(REMOTE_ADDR="2001:db8::ffff"))
    assert near.code(totp_code(alice.secret)).status_code == 429
    far = alice.begin(Browser(REMOTE_ADDR="2001:db8:0:1::1"))
    far.code(totp_code(alice.secret))
    assert far.is_in


def test_ipv4_clients_of_an_ipv6_socket_are_told_apart(alice, clock, settings):
    settings.DJANGO_MFA = {**settings.DJANGO_MFA, "LIMITS": {"FAILURES": 50}}
    for _ in range(10):
        alice.begin(Browser(REMOTE_ADDR="::ffff:192.0.2.1")).code(
            wrong_code(alice.secret)
        )
    other = alice.begin(Browser(REMOTE_ADDR="::ffff:192.0.2.2"))
    other.code(totp_code(alice.secret))
    assert other.is_in


@pytest.mark.parametrize(
    "address", ["", "unix:", "fe80::1%eth0", "127.0.0.1:8000", "%", "::1%"]
)
def test_an_odd_remote_address_breaks_nothing(alice, clock, address):
    browser = alice.begin(Browser(REMOTE_ADDR=address))
    assert browser.code(wrong_code(alice.secret)).status_code == 200
    browser.code(totp_code(alice.secret))
    assert browser.is_in
