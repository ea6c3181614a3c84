"""From signal to row, and to a line of JSON for whoever collects logs."""

from __future__ import annotations

import json
import logging
import re
from typing import TYPE_CHECKING, Any

from django.db import router, transaction

from django_mfa import conf
from django_mfa.signals import EVENTS

from .models import AuditEvent

if TYPE_CHECKING:
    from django_mfa.session import Context

log = logging.getLogger("django_mfa.audit")

RESULTS = {
    "challenge_passed": AuditEvent.PASSED,
    "challenge_failed": AuditEvent.FAILED,
}
#: A user name that may be a telephone number.
REACHABLE = r"\+?[\d\s()./-]{6,}"


def connect() -> None:
    """Listen to every signal of the package."""
    for name, signal in EVENTS.items():
        signal.connect(record, dispatch_uid=f"django_mfa.audit.{name}")


def record(  # noqa: PLR0913  # what every signal says
    sender: Any,
    *,
    event: str,
    user: Any,
    context: Context,
    factor: str,
    device: str,
    device_name: str,
    reason: str,
    details: dict[str, Any],
    **kwargs: Any,
) -> None:
    """Write the row of one event, inside the transaction of what it tells of."""
    actor = context.actor or (user if context.session is not None else None)
    row = AuditEvent(
        event=event,
        result=RESULTS.get(event, ""),
        reason=reason[:255],
        user_id=getattr(user, "pk", None),
        user_name=_name(user),
        actor_id=getattr(actor, "pk", None),
        actor_name=_name(actor),
        factor=factor,
        device=device,
        device_name=device_name,
        address=context.address or None,
        user_agent=context.user_agent,
        request_id=context.request_id,
        details=details,
    )
    row.save(force_insert=True)
    if conf.get().AUDIT.LOG and log.isEnabledFor(logging.INFO):
        using = router.db_for_write(AuditEvent)
        transaction.on_commit(lambda: _write_line(row), using=using, robust=True)


def _name(user: Any) -> str:
    return str(user.get_username())[:255] if user is not None else ""


def _write_line(row: AuditEvent) -> None:
    """One line in the field names of the Elastic Common Schema."""
    fields = {
        "@timestamp": row.at.isoformat(),
        "event.action": row.event,
        "event.outcome": {"passed": "success", "failed": "failure"}.get(row.result),
        "event.reason": row.reason,
        "user.id": _text(row.user_id),
        "user.name": _nickname(row.user_name),
        "user.effective.id": _text(row.actor_id),
        "source.ip": row.address,
        "user_agent.original": row.user_agent,
        "http.request.id": row.request_id,
        "mfa.factor": row.factor,
        "mfa.device": row.device,
        **{f"mfa.{name}": value for name, value in row.details.items()},
    }
    log.info("%s", json.dumps({k: v for k, v in fields.items() if v not in (None, "")}))


def _nickname(name: str) -> str:
    """Return the user name, or nothing where people sign in by an address or a number."""
    # SECURITY: logs travel further than the database; what a person can be written to or
    # called at stays in the row, and `user.id` finds it.
    return "" if "@" in name or re.fullmatch(REACHABLE, name) else name


def _text(value: Any) -> str | None:
    return None if value is None else str(value)
