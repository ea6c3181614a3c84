from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import TestCase

from django_mfa import clock
from django_mfa.accounts.models import MFAAccount
from django_mfa.audit.models import AuditEvent
from django_mfa.factors.recovery_code.factor import (
    RecoveryCodeFactor,
    new_codes,
    set_of,
)
from django_mfa.factors.recovery_code.models import RecoveryCode, RecoveryCodeSet
from django_mfa.session import Context
from django_mfa.testing import FactorContract, add_recovery_codes
from tests.stories import queries

FACTOR = RecoveryCodeFactor()


class TestContract(FactorContract, TestCase):
    slug = "recovery_code"

    def enrol(self, user):
        self.codes = add_recovery_codes(user)

    def right(self, user):
        return self.codes[0]

    def wrong(self, user):
        return "ZZZZ-ZZZZ"

    def test_a_code_is_accepted_while_typed_codes_are_locked(self):
        user = self._person("alice")
        self.enrol(user)
        until = clock.now() + timedelta(hours=1)
        assert MFAAccount.objects.filter(pk=user.pk).update(locked_until=until)
        assert self._answer(user, self.right(user))


@pytest.mark.parametrize("response", ["ABCD-EFGH", "abcdefgh", "2345 6789"])
def test_eight_letters_and_digits_have_the_shape_of_a_code(response):
    assert FACTOR.has_shape(response) is True


@pytest.mark.parametrize("response", ["123456", "", "ABCDEFG0", None, 23456789, [], {}])
def test_other_things_have_not(response):
    assert FACTOR.has_shape(response) is False


def test_recovery_codes_are_neither_set_up_nor_enough_by_themselves():
    assert not FACTOR.enrollable
    assert not FACTOR.primary


def test_the_set_comes_with_codes_user_and_account_in_one_query(user):
    written = add_recovery_codes(user)
    with queries() as seen:
        (found,) = FACTOR.devices(user.pk)
        assert isinstance(found, RecoveryCodeSet)
        assert found.user.mfa_account.pk == user.pk
        assert found.judge(written[3]).right
    assert len(seen) == 1


def test_the_set_knows_which_codes_are_spent(user):
    written = add_recovery_codes(user)
    (found,) = FACTOR.devices(user.pk)
    found.claim(found.judge(written[0]))
    (found,) = FACTOR.devices(user.pk)
    assert found.judge(written[0]).reason == "replay"
    assert found.judge(written[1]).right


def test_who_has_no_codes_or_none_confirmed_has_no_set(make_user):
    alice, bob = make_user("alice"), make_user("bob")
    add_recovery_codes(bob)
    assert list(FACTOR.devices(alice.pk)) == []
    assert set_of(alice) is None
    assert set_of(bob) == RecoveryCodeSet.objects.get()
    RecoveryCodeSet.objects.update(confirmed=False)
    assert list(FACTOR.devices(bob.pk)) == []
    assert set_of(bob) is None


def test_new_codes_are_stored_only_when_it_is_said(user):
    made = new_codes(user)
    assert not RecoveryCodeSet.objects.exists()
    made.store()
    found = RecoveryCodeSet.objects.get()
    assert (found.user, found.left, found.confirmed) == (user, 10, True)
    assert found.cost == 4
    assert RecoveryCode.objects.count() == 10
    assert all(found.judge(code).right for code in made.written)


def test_new_codes_void_the_old_ones_of_their_owner_alone(make_user):
    alice, bob = make_user("alice"), make_user("bob")
    old, bobs = add_recovery_codes(alice), add_recovery_codes(bob)
    add_recovery_codes(alice)
    (mine,), (his,) = FACTOR.devices(alice.pk), FACTOR.devices(bob.pk)
    assert not any(mine.judge(code).right for code in old)
    assert his.judge(bobs[0]).right
    assert RecoveryCode.objects.count() == 20


def test_codes_are_in_no_repr(user):
    made = new_codes(user)
    assert made.written[0] not in repr(made)
    assert made.digests[0] not in repr(made)


def test_a_use_tells_how_many_are_left(user):
    written = add_recovery_codes(user)
    (found,) = FACTOR.devices(user.pk)
    found.claim(found.judge(written[0]))
    FACTOR.used(Context(actor=user), found)
    row = AuditEvent.objects.get()
    assert (row.event, row.details) == ("recovery_code_used", {"left": 9})
