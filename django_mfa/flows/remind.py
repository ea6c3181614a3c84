"""Remind people, before the time is over, to set up a factor."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.contrib.auth import get_user_model
from django.db import router, transaction

from django_mfa import clock, signals
from django_mfa.accounts.models import MFAAccount
from django_mfa.factors import registry
from django_mfa.policy import engine, snapshot
from django_mfa.policy.terms import Terms

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django_mfa.session import Context

DAY = timedelta(days=1)


def due(now: datetime) -> Iterator[tuple[Any, datetime]]:
    """Yield whom to remind now, and until when they have time."""
    days = max(_all_reminder_days(), default=0)
    users = get_user_model()._default_manager.select_related("mfa_account")
    waiting = users.filter(
        is_active=True,
        mfa_account__grace_deadline__gt=now,
        mfa_account__grace_deadline__lte=now + days * DAY,
    )
    for user in waiting.order_by("pk").iterator(chunk_size=500):
        until = _until(user, now)
        if until is not None:
            yield user, until


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
    bound = engine.duty(user) is not None and not engine.is_exempt(user)
    if registry.enrolled(user) or not bound:
        return None
    until: datetime = user.mfa_account.grace_deadline
    reached = [until - days * DAY for days in asked.reminder_days]
    reached = [moment for moment in reached if moment <= now]
    sent = user.mfa_account.reminded_at
    if not reached or (sent is not None and sent >= max(reached)):
        return None
    return until


def _all_reminder_days() -> set[int]:
    return {days for rule in snapshot.rules() for days in Terms((rule,)).reminder_days}
