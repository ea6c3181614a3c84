from __future__ import annotations

import pytest
from django.contrib.auth.models import AnonymousUser, Permission
from django.db import DatabaseError

from django_mfa import clock, conf
from django_mfa.accounts.models import MFAAccount
from django_mfa.errors import NotPermitted, ReasonRequired, StepUpRequired
from django_mfa.factors.recovery_code.models import RecoveryCodeSet
from django_mfa.factors.totp.models import TOTPDevice
from django_mfa.flows import reset
from django_mfa.session import Context
from django_mfa.signals import factors_reset
from django_mfa.testing import add_recovery_codes, add_totp, session_context
from tests.stories import fresh, held, last_told, next_request, signed_in, told


def allow(user, *codenames: str):
    user.user_permissions.add(*Permission.objects.filter(codename__in=codenames))
    return fresh(user)


@pytest.fixture
def root(superuser):
    """The session of a superuser who has just shown a factor."""
    return signed_in(superuser, add_totp(superuser))


@pytest.fixture
def target(user):
    add_totp(user, name="Lost")
    add_recovery_codes(user)
    return user


def devices(user) -> int:
    return TOTPDevice.objects.filter(user=user).count()


# Who may


def test_a_superuser_may_reset_anybody_else(make_user, superuser, user, staff):
    other = make_user("toor", is_superuser=True)
    assert reset.may_reset(superuser, user)
    assert reset.may_reset(superuser, staff)
    assert reset.may_reset(superuser, other)


def test_nobody_may_reset_themselves(superuser):
    assert not reset.may_reset(superuser, fresh(superuser))


@pytest.mark.parametrize("actor", [None, AnonymousUser()])
def test_nobody_is_not_allowed_anything(user, actor):
    assert not reset.may_reset(actor, user)


def test_without_the_permission_staff_may_not(staff, user):
    assert not reset.may_reset(allow(staff, "change_user", "change_person"), user)


def test_with_the_permission_staff_may(staff, user):
    assert reset.may_reset(allow(staff, "reset_mfa"), user)


def test_never_upward_to_a_superuser(staff, superuser):
    assert not reset.may_reset(allow(staff, "reset_mfa"), superuser)


def test_never_upward_to_who_may_more(staff, make_user):
    mightier = allow(make_user("mighty"), "delete_totpdevice")
    assert not reset.may_reset(allow(staff, "reset_mfa"), mightier)
    assert reset.may_reset(allow(staff, "delete_totpdevice"), mightier)


def test_never_upward_to_who_was_switched_off_for_it(staff, superuser, make_user):
    mightier = allow(make_user("mighty", is_active=False), "delete_totpdevice")
    assert not reset.may_reset(allow(staff, "reset_mfa"), mightier)
    assert reset.may_reset(superuser, mightier)


def test_never_upward_from_without_to_staff(user, staff, make_user):
    helper = allow(make_user("helper"), "reset_mfa")
    assert reset.may_reset(helper, user)
    assert not reset.may_reset(helper, staff)


def test_equals_may_reset_one_another(staff, make_user):
    equal = allow(make_user("equal"), "reset_mfa")
    assert reset.may_reset(allow(staff, "reset_mfa"), equal)


def test_who_was_switched_off_may_nothing(superuser, user):
    superuser.is_active = False
    assert not reset.may_reset(superuser, user)


def test_a_user_model_without_permissions_has_none():
    assert reset._permissions(object()) == set()


# What it does


def test_every_factor_is_removed_and_it_is_told(root, superuser, target):
    MFAAccount.objects.filter(pk=target.pk).update(
        failures=3,
        locked_until=clock.now(),
        default_device=superuser.mfa_totpdevice_set.get().public_id,
    )
    reset.reset(root, target, "  lost the phone ")
    assert devices(target) == 0
    assert not RecoveryCodeSet.objects.exists()
    account = MFAAccount.objects.get(pk=target.pk)
    assert (account.failures, account.locked_until) == (0, None)
    assert account.default_device is None
    row = last_told()
    assert (row.event, row.reason) == ("factors_reset", "lost the phone")
    assert (row.user, row.actor) == (target, superuser)
    assert devices(superuser) == 1


def test_sessions_of_the_person_end(root, user):
    secret = add_totp(user)
    there = signed_in(user, secret)
    reset.reset(root, user, "lost")
    assert next_request(there).actor is None


def test_a_sign_in_that_waits_ends(root, target):
    ctx = held(target)
    reset.reset(root, target, "lost")
    assert fresh(target).mfa_account.epoch != (
        ctx.require_session().require_hold().epoch
    )


def test_the_session_of_the_administrator_stays(root, superuser, target):
    reset.reset(root, target, "lost")
    assert next_request(root).actor == superuser


def test_who_may_not_does_not(make_user, target):
    ctx = signed_in(make_user("eve"))
    with pytest.raises(NotPermitted):
        reset.reset(ctx, target, "because")
    with pytest.raises(NotPermitted):
        reset.reset(session_context(), target, "because")
    assert devices(target) == 1
    assert "factors_reset" not in told()


def test_the_administrator_must_have_shown_a_factor_lately(root, target, moving):
    moving.tick(conf.get().STEP_UP.MAX_AGE + 1)
    with pytest.raises(StepUpRequired):
        reset.reset(root, target, "lost")
    assert devices(target) == 1


@pytest.mark.parametrize("reason", ["", "  ", "\n"])
def test_a_reason_must_be_given(root, target, reason):
    with pytest.raises(ReasonRequired):
        reset.reset(root, target, reason)
    with pytest.raises(ReasonRequired):
        reset.reset(Context(), target, reason)
    assert devices(target) == 1


def test_a_shell_command_may(target):
    reset.reset(Context(), target, "lost")
    assert devices(target) == 0
    row = last_told()
    assert (row.event, row.user, row.actor) == ("factors_reset", target, None)


def test_an_error_of_a_listener_undoes_the_reset(target):
    def refuse(**kwargs):
        raise DatabaseError("no")

    factors_reset.connect(refuse)
    try:
        with pytest.raises(DatabaseError):
            reset.reset(Context(), target, "lost")
    finally:
        factors_reset.disconnect(refuse)
    assert devices(target) == 1
    assert RecoveryCodeSet.objects.exists()
    assert told() == []
