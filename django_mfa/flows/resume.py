"""An administrator lets codes be sent again where sending pauses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import router, transaction

from django_mfa.errors import NotPermitted
from django_mfa.limits import pauses
from django_mfa.limits.models import SendPause

from . import step_up

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django_mfa.session import Context

PERMISSION = "django_mfa.end_sendpause"


def may_resume(actor: Any) -> bool:
    """Whether `actor` may end pauses."""
    return actor is not None and bool(actor.has_perm(PERMISSION))


def resume(ctx: Context, chosen: Iterable[SendPause]) -> int:
    """End these pauses, and return how many were not over yet.

    By an administrator (`ctx.actor`) with a fresh proof. Raises `NotPermitted` and
    `StepUpRequired`.
    """
    if not may_resume(ctx.actor):
        raise NotPermitted
    step_up.require_fresh(ctx)
    with transaction.atomic(using=router.db_for_write(SendPause)):
        return sum(pauses.end(ctx, pause) for pause in chosen)
