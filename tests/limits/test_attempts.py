from __future__ import annotations

from datetime import timedelta

import pytest

from django_mfa import clock
from django_mfa.accounts.models import MFAAccount
from django_mfa.limits import attempts
from django_mfa.testing import freeze
from tests.stories import fresh, queries


def account(user) -> MFAAccount:
    return MFAAccount.objects.get(pk=user.pk)


def charge(user, times: int) -> list[bool]:
    return [attempts.charge_account(fresh(user)) for _ in range(times)]


@pytest.fixture
def moving():
    with freeze() as frozen:
        yield frozen


def test_wrong_answers_are_counted(user, moving):
    assert charge(user, 3) == [True] * 3
    found = account(user)
    assert found.failures == 3
    assert found.window_start == clock.now()
    assert found.locked_until is None


def test_the_fifth_wrong_answer_locks_for_half_an_hour(user, moving):
    charge(user, 4)
    assert attempts.locked_until(fresh(user)) is None
    charge(user, 1)
    until = clock.now() + timedelta(seconds=1800)
    assert account(user).locked_until == until
    assert attempts.locked_until(fresh(user)) == until


def test_while_locked_nothing_is_counted(user, moving):
    assert charge(user, 7) == [True] * 5 + [False] * 2
    assert account(user).failures == 5


def test_a_lock_ends(user, moving):
    charge(user, 5)
    moving.tick(1799)
    assert attempts.locked_until(fresh(user)) is not None
    assert charge(user, 1) == [False]
    moving.tick(1)
    assert attempts.locked_until(fresh(user)) is None
    assert charge(user, 1) == [True]


def test_after_a_lock_the_count_begins_anew(user, moving):
    charge(user, 5)
    moving.tick(1800)
    charge(user, 4)
    assert account(user).failures == 4
    assert account(user).locked_until is None
    charge(user, 1)
    assert account(user).locked_until is not None


def test_failures_are_forgotten_after_the_window(user, moving):
    charge(user, 4)
    moving.tick(899)
    assert account(user).failures == 4
    moving.tick(1)
    charge(user, 1)
    found = account(user)
    assert found.failures == 1
    assert found.window_start == clock.now()
    assert found.locked_until is None


def test_the_window_does_not_slide(user, moving):
    start = clock.now()
    charge(user, 2)
    moving.tick(500)
    charge(user, 2)
    assert account(user).window_start == start
    moving.tick(400)
    charge(user, 1)
    assert account(user).failures == 1


def test_a_lock_shorter_than_the_window_locks_again_at_once(user, moving, settings):
    settings.DJANGO_MFA = {"LIMITS": {"LOCK": 60}}
    charge(user, 5)
    moving.tick(60)
    assert charge(user, 2) == [True, False]


def test_one_failure_may_be_the_limit(user, moving, settings):
    settings.DJANGO_MFA = {"LIMITS": {"FAILURES": 1}}
    assert charge(user, 2) == [True, False]


def test_others_are_not_charged(make_user, moving):
    alice, bob = make_user("alice"), make_user("bob")
    charge(bob, 1)
    charge(alice, 5)
    assert account(bob).failures == 1
    assert attempts.locked_until(fresh(bob)) is None


def test_a_charge_is_one_update_for_who_has_an_account(user, moving):
    charge(user, 1)
    found = fresh(user)
    assert found.mfa_account
    with queries() as seen:
        attempts.charge_account(found)
    assert len(seen) == 1
    assert seen[0].startswith("UPDATE")


def test_an_account_is_kept_open_unless_it_is_locked(make_user, moving):
    alice, bob = make_user("alice"), make_user("bob")
    charge(alice, 5)
    assert not attempts.keep_open(fresh(alice))
    assert attempts.keep_open(fresh(bob))
    moving.tick(1800)
    assert attempts.keep_open(fresh(alice))


def test_a_charge_beside_others_may_be_the_one_that_locks(user, moving):
    charge(user, 1)
    late = fresh(user)
    assert not attempts.may_have_locked(late)
    charge(user, 3)
    assert attempts.charge_account(late)
    assert attempts.may_have_locked(late)
    assert account(user).locked_until is not None


def test_a_lock_is_told_once(user, moving):
    charge(user, 4)
    assert attempts.announce_lock(user) is None
    charge(user, 1)
    assert attempts.announce_lock(user) == account(user).locked_until
    assert attempts.announce_lock(user) is None


def test_every_lock_is_told(user, moving):
    charge(user, 5)
    assert attempts.announce_lock(user)
    moving.tick(1800)
    charge(user, 5)
    assert attempts.announce_lock(user)


def test_a_lock_that_is_over_is_not_told(user, moving):
    charge(user, 5)
    moving.tick(1800)
    assert attempts.announce_lock(user) is None


def test_the_charge_that_may_have_locked_is_known_from_what_was_read(user, moving):
    charge(user, 3)
    assert not attempts.may_have_locked(fresh(user))
    charge(user, 1)
    assert attempts.may_have_locked(fresh(user))
