"""The account row of a person: found without a query where it came along."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any  # `Any`: the user model is the site's choice

from django.contrib.auth import get_user_model
from django.db import router
from django.db.models import F, Q

from django_mfa.errors import LoginExpired

from .joined import CARRIED
from .models import MFAAccount

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime


def of(user: Any) -> MFAAccount:
    """Return the account of `user`, unsaved and empty where none was needed yet."""
    if hasattr(user, CARRIED["epoch"]):
        _unpack(user)
    if not _is_kept(user):
        _keep(user, MFAAccount.objects.filter(pk=user.pk).first())
    return getattr(user, "mfa_account", None) or MFAAccount(user=user)


def epoch_of(user: Any) -> int:
    """Return the epoch of the account of `user`: the one question of every request."""
    if not hasattr(user, CARRIED["epoch"]):
        return of(user).epoch
    carried: int | None = getattr(user, CARRIED["epoch"])
    return carried or 0


def _unpack(user: Any) -> None:
    """Make the account of what its user carries, once: later reads are of the row."""
    values = {name: getattr(user, called) for name, called in CARRIED.items()}
    account = None
    if values["epoch"] is not None:
        values["user_id"] = user.pk
        fields = MFAAccount._meta.concrete_fields
        names = [field.attname for field in fields if field.attname in values]
        # `from_db` takes the values in the order of the model, whatever the names.
        account = MFAAccount.from_db(
            user._state.db, names, [values[name] for name in names]
        )
    _keep(user, account)


def _is_kept(user: Any) -> bool:
    """Whether the account of `user`, or that there is none, was read before."""
    return "mfa_account" in user._state.fields_cache


def _keep(user: Any, account: MFAAccount | None) -> None:
    """Let `account` be the one of `user`, whatever was carried before."""
    for called in CARRIED.values():
        if hasattr(user, called):
            delattr(user, called)
    MFAAccount._meta.get_field("user").remote_field.set_cached_value(user, account)


async def aof(user: Any) -> MFAAccount:
    """`of`, without leaving the event loop where the account came along."""
    if hasattr(user, CARRIED["epoch"]) or _is_kept(user):
        return of(user)
    account = await MFAAccount.objects.filter(pk=user.pk).afirst()
    return account or MFAAccount(user=user)


def ensure(user: Any) -> MFAAccount:
    """Return the account of `user`, made now if there is none."""
    account, _made = MFAAccount.objects.get_or_create(pk=user.pk)
    return account


def prepare(user: Any) -> None:
    """Make the account of `user` now if none was read; call it outside of transactions.

    Two that both had to make it would be a deadlock on MariaDB, where the new row also
    locks that of the user.
    """
    if of(user)._state.adding:
        ensure(user)


def begin_change(user: Any) -> int:
    """Raise the epoch and return it: every other session must prove itself anew.

    The first statement of any transaction that changes factors, so that two of
    them on one account come one after the other, on every database.
    """
    if not MFAAccount.objects.filter(pk=user.pk).update(epoch=F("epoch") + 1):
        ensure(user)
        MFAAccount.objects.filter(pk=user.pk).update(epoch=F("epoch") + 1)
    account = MFAAccount.objects.get(pk=user.pk)
    _keep(user, account)
    return account.epoch


def queue(user: Any) -> None:
    """Let changes that name this account come one after the other; proofs stay.

    Must run in a transaction, as its first write.
    """
    if not MFAAccount.objects.filter(pk=user.pk).update(epoch=F("epoch")):
        ensure(user)


def set_deadline_once(
    user: Any, deadline: datetime, column: str = "grace_deadline"
) -> datetime:
    """Store until when a factor must be set up; a later day than was said never."""
    ensure(user)
    later = Q(**{column: None}) | Q(**{f"{column}__gt": deadline})
    MFAAccount.objects.filter(later, pk=user.pk).update(**{column: deadline})
    account = MFAAccount.objects.get(pk=user.pk)
    _keep(user, account)
    return getattr(account, column) or deadline


def end_sessions(user: Any) -> int:
    """Raise the epoch and end every session that is older; must run in a transaction."""
    epoch = begin_change(user)
    MFAAccount.objects.filter(pk=user.pk).update(ended_epoch=epoch)
    of(user).ended_epoch = epoch
    return epoch


def roles_changed(users: Iterable[Any]) -> None:
    """Make the sessions of `users` (keys) ask anew for groups and permissions."""
    rows = MFAAccount.objects.filter(pk__in=users)
    rows.update(roles=F("roles") + 1)


def user_handle(user: Any) -> str:
    """Return the random name of `user` inside passkeys, made when first needed."""
    ensure(user)
    rows = MFAAccount.objects.filter(pk=user.pk)
    rows.filter(user_handle=None).update(user_handle=secrets.token_urlsafe(64))
    return str(rows.values_list("user_handle", flat=True).get())


def find_user(pk: Any) -> Any:
    """Return the user with this key, with the account; raise `LoginExpired` if there is none."""
    model = get_user_model()
    users = model._default_manager.using(router.db_for_write(model))
    user = users.select_related("mfa_account").filter(pk=pk).first()
    if user is None:
        raise LoginExpired
    return user
