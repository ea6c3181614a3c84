from __future__ import annotations

import pytest
from django.core.cache import cache

from django_mfa.audit.models import AuditEvent
from django_mfa.factors.recovery_code.models import RecoveryCodeSet
from django_mfa.testing import totp_code
from tests.browser import Browser

pytestmark = pytest.mark.usefixtures("clock")


def last_reason():
    return AuditEvent.objects.filter(event="challenge_failed").latest("id").reason


def test_R01_a_code_is_refused_the_second_time_and_clears_no_counter(alice):
    alice.begin().code("000000")
    alice.enter()
    alice.begin().code("111111")
    assert alice.totp.failures == 1
    replay = alice.begin()
    assert replay.code(totp_code(alice.secret)).status_code == 200
    assert not replay.is_in
    assert last_reason() == "replay"
    assert alice.totp.failures == 1


def test_R01_a_code_for_signing_in_is_no_code_for_stepping_up(alice, clock):
    browser = alice.enter()
    clock.tick(1000)
    code = totp_code(alice.secret)
    alice.begin().code(code)
    browser.send("step_up", code=code)
    assert browser.page("disable").status_code == 302
    assert last_reason() == "replay"


def test_R01_a_replay_reads_like_a_wrong_code(alice):
    alice.enter()
    replay = alice.begin().code(totp_code(alice.secret))
    wrong = alice.begin().code("000000")
    assert replay.status_code == wrong.status_code
    assert str(replay.context["error"]) == str(wrong.context["error"])


@pytest.mark.parametrize("flush", [False, True])
def test_R02_a_used_step_burns_those_before_it(alice, clock, flush):
    now, ahead = totp_code(alice.secret), totp_code(alice.secret, clock.at + 30)
    browser = alice.begin()
    browser.code(ahead)
    assert browser.is_in
    if flush:
        cache.clear()
    older = alice.begin()
    older.code(now)
    assert not older.is_in
    assert last_reason() == "replay"
    clock.tick(45)
    if flush:
        cache.clear()
    replay = alice.begin()
    replay.code(ahead)
    assert not replay.is_in
    assert last_reason() == "replay"
    clock.tick(30)
    assert alice.enter().is_in


def test_R02_the_window_is_one_step_to_either_side(alice, clock):
    for seconds in (-60, 60):
        browser = alice.begin()
        browser.code(totp_code(alice.secret, clock.at + seconds))
        assert not browser.is_in
    browser = alice.begin()
    browser.code(totp_code(alice.secret, clock.at - 30))
    assert browser.is_in


def test_R02_a_clock_set_back_revives_no_code(alice, clock):
    used = totp_code(alice.secret)
    alice.enter()
    clock.tick(-20)
    browser = alice.begin()
    browser.code(used)
    assert not browser.is_in
    # An hour back, the app shows codes of steps that are burnt as well.
    clock.tick(-3600)
    browser = alice.begin()
    browser.code(totp_code(alice.secret))
    assert not browser.is_in
    browser.code(alice.codes[0])
    assert browser.is_in


def test_R03_one_code_in_ten_waiting_sessions_lets_one_in(alice):
    waiting = [alice.begin() for _ in range(10)]
    code = totp_code(alice.secret)
    for browser in waiting:
        browser.code(code)
    assert [browser.is_in for browser in waiting].count(True) == 1


def test_R03_one_recovery_code_in_ten_waiting_sessions_lets_one_in(alice):
    waiting = [alice.begin() for _ in range(10)]
    for browser in waiting:
        browser.code(alice.codes[3])
    assert [browser.is_in for browser in waiting].count(True) == 1
    assert RecoveryCodeSet.objects.get(user=alice.user).left == 9


@pytest.mark.parametrize("spelling", ["{0}", "{0} ", " {0}", "{1}", "{2}", "{3}"])
def test_R03_a_recovery_code_spelt_otherwise_is_the_same_code(alice, spelling):
    code = alice.codes[0]
    forms = code, code.lower(), code.replace("-", ""), " ".join(code)
    browser = alice.begin()
    browser.code(spelling.format(*forms))
    assert browser.is_in
    again = alice.begin()
    again.code(code)
    assert not again.is_in
    assert last_reason() == "replay"


def test_a_code_of_bob_opens_nothing_of_alice(alice, bob):
    browser = alice.begin()
    for code in (totp_code(bob.secret), bob.codes[0]):
        browser.code(code)
        assert not browser.is_in
    # And costs bob nothing.
    assert bob.enter(Browser(REMOTE_ADDR="192.0.2.1")).is_in
    assert bob.totp.failures_total == 0
    assert RecoveryCodeSet.objects.get(user=bob.user).left == 10
