"""The account row of a person: found without a query where it came along."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any  # `Any`: the user model is the site's choice

from django.contrib.auth import get_user_model
from django.db.models import F

from django_mfa.errors import LoginExpired

from .models import MFAAccount

if TYPE_CHECKING:
    from datetime import datetime


def of(user: Any) -> MFAAccount:
    """Return the account of `user`, unsaved and empty where none was needed yet."""
    try:
        account: MFAAccount = user.mfa_account
    except MFAAccount.DoesNotExist:
        return MFAAccount(user=user)
    return account


async def aof(user: Any) -> MFAAccount:
    """`of`, without leaving the event loop where the account came along."""
    if "mfa_account" in user._state.fields_cache:
        return of(user)
    account = await MFAAccount.objects.filter(pk=user.pk).afirst()
    return account or MFAAccount(user=user)


def ensure(user: Any) -> MFAAccount:
    """Return the account of `user`, made now if there is none."""
    account, _made = MFAAccount.objects.get_or_create(pk=user.pk)
    return account


def begin_change(user: Any) -> int:
    """Raise the epoch and return it: every other session must prove itself anew.

    The first statement of any transaction that changes factors, so that two of
    them on one account come one after the other, on every database.
    """
    if not MFAAccount.objects.filter(pk=user.pk).update(epoch=F("epoch") + 1):
        ensure(user)
        MFAAccount.objects.filter(pk=user.pk).update(epoch=F("epoch") + 1)
    account = MFAAccount.objects.get(pk=user.pk)
    user.mfa_account = account
    return account.epoch


def set_deadline_once(user: Any, deadline: datetime) -> datetime:
    """Store until when a factor must be set up, unless that was said before."""
    ensure(user)
    rows = MFAAccount.objects.filter(pk=user.pk, grace_deadline=None)
    rows.update(grace_deadline=deadline)
    account = MFAAccount.objects.get(pk=user.pk)
    user.mfa_account = account
    return account.grace_deadline or deadline


def find_user(pk: Any) -> Any:
    """Return the user with this key, with the account; raise `LoginExpired` if there is none."""
    users = get_user_model()._default_manager.select_related("mfa_account")
    user = users.filter(pk=pk).first()
    if user is None:
        raise LoginExpired
    return user
