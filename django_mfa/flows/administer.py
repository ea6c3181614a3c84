"""What an administrator does to the account of somebody else, beside the reset.

By an administrator (`ctx.actor`) with a fresh proof, or by a shell command (no
session); each has a reason, a row in the audit log and a mail to the person. All
raise `NotPermitted`, `StepUpRequired`, `ReasonRequired`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import router, transaction

from django_mfa import signals
from django_mfa.accounts import service as accounts
from django_mfa.accounts.models import MFAAccount
from django_mfa.clients import issuer as issuers
from django_mfa.factors import registry

from . import trust
from .reset import authorise

if TYPE_CHECKING:
    from django_mfa.session import Context


def sign_out(ctx: Context, target: Any, reason: str) -> None:
    """Sign `target` out everywhere; no browser is trusted any more."""
    authorise(ctx, target, reason)
    with _transaction():
        accounts.end_sessions(target)
        trust.revoke_all(ctx, target, reason="sessions_ended")
        issuers.end_all(target)
        signals.sessions_ended.emit(ctx, target, reason=reason.strip())


def require(ctx: Context, target: Any, reason: str, *, required: bool = True) -> None:
    """Make a second factor a must for `target` whatever the policies say, or no more."""
    authorise(ctx, target, reason)
    with _transaction():
        accounts.ensure(target)
        MFAAccount.objects.filter(pk=target.pk).update(required=required)
        signals.requirement_set.emit(
            ctx, target, reason=reason.strip(), required=required
        )


def unlock(ctx: Context, target: Any, reason: str) -> None:
    """Let the codes of `target` be judged again before the time is over.

    Only what waits is freed: a device that was disabled stays so, and the count of
    its wrong codes goes on.
    """
    authorise(ctx, target, reason)
    with _transaction():
        MFAAccount.objects.filter(pk=target.pk).update(
            failures=0, window_start=None, locked_until=None
        )
        for kind in registry.factors().values():
            rows = kind.model._default_manager.filter(user=target)
            rows.update(locked_until=None)
        signals.account_unlocked.emit(ctx, target, reason=reason.strip())


def _transaction() -> Any:
    return transaction.atomic(using=router.db_for_write(MFAAccount))
