"""An administrator lets somebody try again who ran into a limit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import router, transaction

from django_mfa import signals
from django_mfa.accounts.models import MFAAccount
from django_mfa.errors import NotPermitted, ReasonRequired
from django_mfa.factors import registry

from . import step_up
from .reset import may_reset

if TYPE_CHECKING:
    from django_mfa.session import Context


def unlock(ctx: Context, target: Any, reason: str) -> None:
    """End the locks of `target`; devices that were switched off stay so.

    Raises `NotPermitted`, `StepUpRequired`, `ReasonRequired`.
    """
    if ctx.session is not None:
        if not may_reset(ctx.actor, target):
            raise NotPermitted
        step_up.require_fresh(ctx)
    if not reason.strip():
        raise ReasonRequired
    with transaction.atomic(using=router.db_for_write(MFAAccount)):
        # SECURITY: the count of each device stays: it is what bounds all guesses.
        account = MFAAccount.objects.filter(pk=target.pk)
        account.update(failures=0, locked_until=None, window_start=None)
        for kind in registry.factors().values():
            rows = kind.model._default_manager.filter(user_id=target.pk)
            rows.filter(locked_until__isnull=False).update(locked_until=None)
        signals.account_unlocked.emit(ctx, target, reason=reason.strip())
