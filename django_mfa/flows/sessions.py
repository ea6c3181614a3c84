"""End the sessions of a person: by themselves, or by an administrator."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import router, transaction

from django_mfa import signals
from django_mfa.accounts import service as accounts
from django_mfa.accounts.models import MFAAccount
from django_mfa.clients import issuer as issuers
from django_mfa.clients.stores import ClientStore
from django_mfa.errors import NotPermitted, ReasonRequired

from . import step_up, trust
from .reset import may_reset

if TYPE_CHECKING:
    from django_mfa.session import Context


def end_others(ctx: Context) -> None:
    """Sign the signed-in user out everywhere but here; no browser is trusted any more.

    It takes no fresh proof: whoever is afraid must not be held up.
    """
    user, session = ctx.require_actor(), ctx.require_session()
    with session.all_or_nothing():
        session.keep_up(accounts.end_sessions(user))
        trust.revoke_all(ctx, user, reason="sessions_ended")
        if not isinstance(session.store, ClientStore):
            issuers.end_all(user)  # the one token of a person may be the caller's
        signals.sessions_ended.emit(ctx, user)


def end_all_of(ctx: Context, target: Any, reason: str) -> None:
    """Sign `target` out everywhere, as an administrator or by a shell command.

    Raises `NotPermitted`, `StepUpRequired`, `ReasonRequired`.
    """
    _require_administrator(ctx, target, reason)
    with _transaction():
        accounts.end_sessions(target)
        trust.revoke_all(ctx, target, reason="sessions_ended")
        issuers.end_all(target)
        signals.sessions_ended.emit(ctx, target, reason=reason.strip())


def set_required(ctx: Context, target: Any, *, required: bool, reason: str) -> None:
    """Make a second factor a must for `target`, or no more; raises as `end_all_of`."""
    _require_administrator(ctx, target, reason)
    with _transaction():
        accounts.ensure(target)
        MFAAccount.objects.filter(pk=target.pk).update(required=required)
        signals.requirement_set.emit(
            ctx, target, reason=reason.strip(), required=required
        )


def _require_administrator(ctx: Context, target: Any, reason: str) -> None:
    if ctx.session is not None:
        if not may_reset(ctx.actor, target):
            raise NotPermitted
        step_up.require_fresh(ctx)
    if not reason.strip():
        raise ReasonRequired


def _transaction() -> Any:
    return transaction.atomic(using=router.db_for_write(MFAAccount))
