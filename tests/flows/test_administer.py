from __future__ import annotations

import pytest

from django_mfa import clock
from django_mfa.accounts.models import MFAAccount
from django_mfa.errors import NotPermitted, ReasonRequired, StepUpRequired
from django_mfa.factors.recovery_code.models import RecoveryCodeSet
from django_mfa.factors.totp.models import TOTPDevice
from django_mfa.flows import administer
from django_mfa.session import Context
from django_mfa.testing import add_recovery_codes, add_totp
from django_mfa.trusted_devices import service
from django_mfa.trusted_devices.models import TrustedDevice
from tests.stories import last_told, signed_in, told

DEEDS = {
    "require": administer.require,
    "sign_out": administer.sign_out,
    "unlock": administer.unlock,
}
each_deed = pytest.mark.parametrize("deed", DEEDS.values(), ids=DEEDS)


@pytest.fixture
def root(superuser):
    return signed_in(superuser, add_totp(superuser))


@pytest.fixture
def target(user):
    add_totp(user)
    add_recovery_codes(user)
    return user


def account(user):
    return MFAAccount.objects.get(pk=user.pk)


@each_deed
def test_it_wants_the_permission(deed, make_user, target):
    helper = make_user("bob", is_staff=True)
    ctx = signed_in(helper, add_totp(helper))
    before = told()
    with pytest.raises(NotPermitted):
        deed(ctx, target, "why")
    assert told() == before


@each_deed
def test_it_wants_a_fresh_proof(deed, root, target, moving):
    moving.tick(901)
    before = told()
    with pytest.raises(StepUpRequired):
        deed(root, target, "why")
    assert told() == before


@each_deed
def test_it_wants_a_reason_of_the_shell_too(deed, target):
    with pytest.raises(ReasonRequired):
        deed(Context(), target, "  ")
    assert told() == []


def test_a_factor_is_required_and_no_more(root, user):
    administer.require(root, user, " Asked by the bank ")
    assert account(user).required
    event = last_told()
    assert (event.event, event.reason) == ("requirement_set", "Asked by the bank")
    assert (event.user_id, event.actor_id) == (user.pk, root.actor.pk)
    administer.require(root, user, "Over", required=False)
    assert not account(user).required
    assert last_told().details["required"] is False


def test_sessions_end_and_trust_with_them(root, target):
    service.trust(target, name="Firefox", address="")
    before = account(target).epoch
    administer.sign_out(root, target, "Stolen laptop")
    assert account(target).ended_epoch == account(target).epoch == before + 1
    assert not TrustedDevice.objects.exists()
    assert told()[-2:] == ["browser_untrusted", "sessions_ended"]


def test_a_lock_ends_and_what_was_disabled_stays_so(root, target):
    until = clock.now().replace(year=2199)
    MFAAccount.objects.filter(pk=target.pk).update(locked_until=until, failures=5)
    RecoveryCodeSet.objects.filter(user=target).update(locked_until=until, failures=7)
    TOTPDevice.objects.filter(user=target).update(disabled_at=clock.now(), failures=20)
    administer.unlock(root, target, "Showed a passport")
    assert (account(target).locked_until, account(target).failures) == (None, 0)
    codes = RecoveryCodeSet.objects.get(user=target)
    assert (codes.locked_until, codes.failures) == (None, 7)
    device = TOTPDevice.objects.get(user=target)
    assert device.disabled_at is not None
    assert device.failures == 20
    assert last_told().event == "account_unlocked"
