"""Wrong answers to typed factors, counted by one conditional UPDATE each.

The database is the truth: parallel guesses count as if they came one after the
other, with any number of processes and without a cache.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db.models import BooleanField, Case, F, Q, Value, When

from django_mfa import clock, conf
from django_mfa.accounts import service as accounts
from django_mfa.accounts.models import MFAAccount

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser


def keep_open(user: AbstractBaseUser) -> bool:
    """Make charges of `user` wait for this transaction; False when locked already.

    Must run in a transaction, as its first write.
    """
    if accounts.of(user)._state.adding:
        accounts.ensure(user)
    # SECURITY: right answers queue with the wrong ones, on the row that locks. In
    # a sub-query the lock would be read as it was when the statement began: of
    # many guesses at once the right one would pass, however many came before it.
    rows = MFAAccount.objects.filter(_not_locked(clock.now()), pk=user.pk)
    return bool(rows.update(epoch=F("epoch")))


def locked_until(user: AbstractBaseUser) -> datetime | None:
    """Until when typed codes of `user` are refused, as far as was read."""
    until = accounts.of(user).locked_until
    return until if until and until > clock.now() else None


def charge_account(user: AbstractBaseUser) -> bool:
    """Count one wrong answer of `user`; False when the account is locked already.

    Must run in a transaction, as its first write.
    """
    account = accounts.of(user)
    if account._state.adding:
        accounts.ensure(user)
    now, limits = clock.now(), conf.get().LIMITS
    fresh = Q(window_start__gt=now - timedelta(seconds=limits.FAILURE_WINDOW))
    last = Q(failures__gte=limits.FAILURES - 1)
    fresh_last = Q(pk=F("pk")) if limits.FAILURES <= 1 else fresh & last
    until = now + timedelta(seconds=limits.LOCK)
    rows = MFAAccount.objects.filter(_not_locked(now), pk=user.pk)
    # MariaDB assigns from left to right and reads what it has just written:
    # each column stands before those that its new value depends on.
    values = {
        "locked_until": Case(When(fresh_last, then=Value(until)), default=None),
        "lock_announced": Value(value=False, output_field=BooleanField()),
        "failures": Case(When(fresh, then=F("failures") + 1), default=1),
        "window_start": Case(When(fresh, then=F("window_start")), default=Value(now)),
    }
    known = {"failures": account.failures, "window_start": account.window_start}
    if rows.filter(**known).update(**values):
        return True
    # Others were charged meanwhile: this may be the one that locks.
    account.failures = limits.FAILURES
    return bool(rows.update(**values))


def may_have_locked(user: AbstractBaseUser) -> bool:
    """Whether the charge just made can have been the one that locks."""
    return accounts.of(user).failures + 1 >= conf.get().LIMITS.FAILURES


def announce_lock(user: AbstractBaseUser) -> datetime | None:
    """Return the end of a lock that nobody has been told of yet; each is told once."""
    now = clock.now()
    rows = MFAAccount.objects.filter(
        pk=user.pk, locked_until__gt=now, lock_announced=False
    )
    if not rows.update(lock_announced=True):
        return None
    return MFAAccount.objects.values_list("locked_until", flat=True).get(pk=user.pk)


def _not_locked(now: datetime) -> Q:
    return Q(locked_until=None) | Q(locked_until__lte=now)
