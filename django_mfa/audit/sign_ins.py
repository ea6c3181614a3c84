"""A person's own recent sign-ins, as the log holds them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from django.db.models import Q

from django_mfa.limits.browsers import describe

from .models import AuditEvent

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

SHOWN = 20


class SignIn(NamedTuple):
    """One sign-in, or one that failed at the second factor."""

    at: datetime
    address: str
    browser: str
    how: str
    failed: bool


def recent(user: Any) -> Sequence[SignIn]:
    """Return the latest sign-ins of `user`, the newest first."""
    at_login = Q(
        event__in=("challenge_passed", "challenge_failed"), details__purpose="login"
    )
    rows = AuditEvent.objects.filter(
        at_login | Q(event="signed_in"), user_id=user.pk
    ).order_by("-id")
    return [_sign_in(row) for row in rows[:SHOWN]]


def _sign_in(row: AuditEvent) -> SignIn:
    return SignIn(
        at=row.at,
        address=row.address or "",
        browser=describe(row.user_agent),
        how=row.device_name or row.factor or row.reason,
        failed=row.event == "challenge_failed",
    )
