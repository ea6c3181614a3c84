"""Remind people, before the time is over, to set up a factor."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Any

from django.contrib.auth import get_user_model
from django.db import router, transaction
from django.db.models import Q

from django_mfa import clock, signals
from django_mfa.accounts.models import MFAAccount
from django_mfa.factors import registry
from django_mfa.policy import engine, snapshot
from django_mfa.policy.terms import Terms

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from django_mfa.session import Context

DAY = timedelta(days=1)
#: What people are given time for: a factor, and one that the policies take.
COLUMNS = ("grace_deadline", "stronger_deadline")


def due(now: datetime) -> Iterator[tuple[Any, datetime]]:
    """Yield whom to remind now, and until when they have time."""
    days = max(_all_reminder_days(), default=0)
    users = get_user_model()._default_manager.select_related("mfa_account")
    within = {"gt": now, "lte": now + days * DAY}
    waiting = reduce(or_, (_between(column, within) for column in COLUMNS))
    for user in users.filter(waiting).order_by("pk").iterator(chunk_size=500):
        # Not every user model has a column for it.
        until = _until(user, now) if getattr(user, "is_active", True) else None
        if until is not None:
            yield user, until


def _between(column: str, within: Mapping[str, datetime]) -> Q:
    names = {f"mfa_account__{column}__{end}": at for end, at in within.items()}
    return Q(**names)


def remind(ctx: Context, user: Any, until: datetime) -> bool:
    """Tell `user` once for each of the days; False when somebody else just did."""
    before = user.mfa_account.reminded_at
    with transaction.atomic(using=router.db_for_write(MFAAccount)):
        rows = MFAAccount.objects.filter(pk=user.pk, reminded_at=before)
        if not rows.update(reminded_at=clock.now()):
            return False
        signals.enrolment_reminded.emit(ctx, user, until=until.isoformat())
    return True


def _until(user: Any, now: datetime) -> datetime | None:
    """Until when, if a reminder is due that was not sent; None: nothing to tell."""
    asked = engine.terms(user)
    until = _deadline(user, asked)
    if until is None or until <= now or engine.is_exempt(user):
        return None
    reached = [until - days * DAY for days in asked.reminder_days]
    reached = [moment for moment in reached if moment <= now]
    sent = user.mfa_account.reminded_at
    if not reached or (sent is not None and sent >= max(reached)):
        return None
    return until


def _deadline(user: Any, asked: Terms) -> datetime | None:
    """Until when `user` has time to set up a factor, or one that will do; None: they need not."""
    devices = registry.enrolled(user)
    if not devices:
        return engine.deadline(user)
    usable = {device.factor for device in devices if device.disabled_at is None}
    will_do = usable.intersection(engine.methods_for(asked.demand))
    return None if will_do else engine.stronger_deadline(user, asked)


def _all_reminder_days() -> set[int]:
    return {days for rule in snapshot.rules() for days in Terms((rule,)).reminder_days}
