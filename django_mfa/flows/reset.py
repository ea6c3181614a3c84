"""An administrator takes away every factor of somebody who lost them, or a machine's way in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import router, transaction

from django_mfa import signals
from django_mfa.accounts import service as accounts
from django_mfa.accounts.models import MFAAccount
from django_mfa.clients import issuer as issuers
from django_mfa.errors import NotPermitted, ReasonRequired
from django_mfa.values import RESET

from . import app_passwords, manage, step_up

if TYPE_CHECKING:
    from django_mfa.app_passwords.models import AppPassword
    from django_mfa.session import Context

PERMISSION = "django_mfa.reset_mfa"
#: Why an app password ended, where its owner did not revoke it.
BY_ADMINISTRATOR = "administrator"


def may_reset(actor: Any, target: Any) -> bool:
    """Whether `actor` may reset `target`: with the permission, and never upward."""
    may = actor is not None and bool(actor.has_perm(PERMISSION))
    return may and reaches(actor, target)


def reaches(actor: Any, target: Any) -> bool:
    """Whether `target` is somebody else, and not mightier than `actor`."""
    if actor.pk == target.pk:
        return False
    if getattr(actor, "is_superuser", False):
        return True
    # SECURITY: who takes away the factors of somebody mightier needs only their
    # password to become them.
    return not (_is_above(target, actor) or _permissions(target) - _permissions(actor))


def _is_above(target: Any, actor: Any) -> bool:
    """Whether `target` has a standing that `actor` has not, or one that nobody can tell."""
    for standing in ("is_superuser", "is_staff"):
        if getattr(target, standing, False) and not getattr(actor, standing, False):
            return True
    # SECURITY: Django tells no permissions of who is switched off: somebody mightier
    # could be switched off, reset, and switched on again.
    return not target.is_active


def reset(ctx: Context, target: Any, reason: str) -> None:
    """Remove every factor of `target`, end their app passwords and all proofs.

    By an administrator (`ctx.actor`) with a fresh proof, or by a shell command
    (no session). Raises `NotPermitted`, `StepUpRequired`, `ReasonRequired`.
    """
    authorise(ctx, target, reason)
    with transaction.atomic(using=router.db_for_write(MFAAccount)):
        accounts.begin_change(target)
        gone = manage.erase(target)
        MFAAccount.objects.filter(pk=target.pk).update(failures=0, locked_until=None)
        app_passwords.end_all(ctx, target, RESET)
        issuers.end_all(target)
        signals.factors_reset.emit(ctx, target, reason=reason.strip(), gone=gone)


def authorise(ctx: Context, target: Any, reason: str) -> None:
    """Raise unless `ctx` may act upon `target`, with a fresh proof and for a reason."""
    if ctx.session is not None:
        _require_permission(ctx, target)
    if not reason.strip():
        raise ReasonRequired


def require_sight_of(ctx: Context, target: Any) -> None:
    """Raise unless `ctx.actor` may see which factors `target` has: with a fresh proof.

    One's own as well; for others by the same right by which they could be reset.
    """
    if ctx.require_actor().pk != target.pk:
        _require_permission(ctx, target)
    step_up.require_fresh(ctx)


def revoke_app_password(ctx: Context, row: AppPassword) -> None:
    """Revoke an app password of somebody else, by an administrator with a fresh proof.

    Raises `NotPermitted`, `StepUpRequired`.
    """
    _require_permission(ctx, row.user)
    with transaction.atomic(using=router.db_for_write(MFAAccount)):
        app_passwords.end(ctx, row.user, [row], BY_ADMINISTRATOR)


def _require_permission(ctx: Context, target: Any) -> None:
    if not may_reset(ctx.actor, target):
        raise NotPermitted
    step_up.require_fresh(ctx)


def _permissions(user: Any) -> set[str]:
    get = getattr(user, "get_all_permissions", None)
    return set(get()) if get else set()
