"""What changed about a person's own account lately, as the log holds it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from django_mfa.limits.browsers import describe

from .models import AuditEvent

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

SHOWN = 20


class Change(NamedTuple):
    """One change; address and browser are empty where somebody else made it."""

    at: datetime
    event: str
    device_name: str
    address: str
    browser: str


def recent(user: Any, events: Collection[str]) -> Sequence[Change]:
    """Return the latest of `events` that concern `user`, the newest first."""
    rows = AuditEvent.objects.filter(user_id=user.pk, event__in=events)
    return [_change(row) for row in rows.order_by("-id")[:SHOWN]]


def _change(row: AuditEvent) -> Change:
    return Change(
        at=row.at,
        event=row.event,
        device_name=row.device_name,
        address=row.seen_address or "",
        browser=describe(row.seen_agent),
    )
