"""Approve one action on one object: asked for, given with a proof, used once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import router, transaction
from django.db.models import Q
from django.views.decorators.debug import sensitive_variables

from django_mfa import signals
from django_mfa.approvals import service
from django_mfa.approvals.drafts import Draft
from django_mfa.approvals.models import Approval
from django_mfa.errors import (
    ApprovalNotFound,
    ApprovalRequired,
    ApprovalVoid,
    EnrolmentRequired,
    FactorNotAvailable,
    MFARequired,
    NotPermitted,
)
from django_mfa.session import Context
from django_mfa.values import Proof, Purpose

from . import challenge, step_up

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from uuid import UUID

    from django.db.models import Model

    from django_mfa.factors.base import Factor
    from django_mfa.factors.devices import MFADevice
    from django_mfa.values import Asking

__all__ = ["ApprovalRequired", "approve"]


def approve(  # noqa: PLR0913  # each is one thing that is shown or demanded
    request: Any,
    action: str,
    obj: Model | Iterable[Model] | None,
    summary: str,
    fields: Mapping[str, Any],
    *,
    second_person: bool = False,
    permission: str = "",
) -> Approval:
    """Spend an approval of exactly this and return it.

    Without one raise `ApprovalRequired`: the middleware leads the person to the
    page that shows `summary` and `fields` and asks for a proof, and back. With
    `second_person` somebody else, who has `permission`, gives it.

    Call it in the transaction of the change, so that both commit or none does.
    """
    if second_person and not permission:
        message = "A second person needs a permission: say which."
        raise ValueError(message)
    ctx = Context.of(request)
    if ctx.actor is None:
        raise MFARequired
    terms = {"second_person": second_person, "permission": permission}
    draft = Draft.of(action, obj, summary, fields, **terms)
    approval = service.use(draft, ctx.actor)
    if approval is None:
        raise ApprovalRequired(draft)
    _tell(signals.approval_used, ctx, approval)
    return approval


def open_request(ctx: Context, error: ApprovalRequired, next_url: str = "") -> Approval:
    """Store what `error` asks for; its details then say where and what it is."""
    next_url = ctx.require_session().safe_next(next_url)
    with _transaction():
        approval, is_new = service.ask(error.draft, ctx.require_actor(), next_url)
        if is_new:
            _tell(signals.approval_requested, ctx, approval)
    error.details |= {
        "approval": str(approval.public_id),
        "summary": approval.summary,
        "fields": dict(approval.fields),
        "second_person": approval.second_person,
        "expires": approval.expires.isoformat(),
    }
    return approval


def find(ctx: Context, public_id: UUID) -> Approval:
    """Return a request that the signed-in user made or may answer."""
    actor = ctx.require_actor()
    rows = Approval.objects.select_related("requester")
    approval = rows.filter(public_id=public_id).first()
    if approval is None:
        raise ApprovalNotFound
    if approval.requester_id != actor.pk and not may_answer(actor, approval):
        # SECURITY: another person's request and one that never was read alike.
        raise ApprovalNotFound
    return approval


def may_answer(actor: Any, approval: Approval) -> bool:
    """Whether `actor` is the person, or one of those, whose yes counts."""
    is_requester = bool(approval.requester_id == actor.pk)
    if not approval.second_person:
        return is_requester
    # SECURITY: nobody is their own second person, superusers neither.
    return not is_requester and bool(actor.has_perm(approval.permission))


def waiting_for(ctx: Context) -> Sequence[Approval]:
    """Return the requests that the signed-in user may answer now."""
    actor = ctx.require_actor()
    rows = Approval.objects.filter(Approval.waiting()).select_related("requester")
    asked = rows.filter(second_person=True).order_by().values_list("permission")
    may = [name for (name,) in asked.distinct() if actor.has_perm(name)]
    theirs = Q(second_person=True, permission__in=may) & ~Q(requester=actor)
    # SECURITY: chosen by the database, so that a heap of others hides none of them.
    return list(rows.filter(theirs | Q(second_person=False, requester=actor))[:100])


def factors_asked(ctx: Context) -> list[Factor]:
    """Return the factors by which the signed-in user can approve, the best first."""
    factors = step_up.factors_asked(ctx)
    if not factors:
        raise EnrolmentRequired
    return factors


@sensitive_variables()
def give(ctx: Context, public_id: UUID, response: Any, *, factor: str = "") -> Approval:
    """Judge the response and approve with it; raise `ApprovalVoid` or `NotPermitted`.

    Raises what `challenge.judge` raises as well.
    """
    approval, actor = find(ctx, public_id), ctx.require_actor()
    _require_open(actor, approval)
    kind = challenge.choose(factors_asked(ctx), response, wanted=factor)
    asking = challenge.asking_of(ctx, Purpose.APPROVAL, **_about(actor, approval))
    response = kind.take(asking, response)
    devices = kind.candidates(actor.pk, response)
    if not devices and not kind.is_ceremony:
        raise FactorNotAvailable

    def accept(device: MFADevice, proof: Proof) -> None:
        if not service.give(approval, actor, proof):
            raise ApprovalVoid
        ctx.require_session().step_up(proof, device)
        _tell(signals.approval_given, ctx, approval, device=device)

    case = challenge.Case(ctx, kind, asking, actor)
    challenge.judge(case, devices, response, accept=accept)
    return approval


def ask(ctx: Context, public_id: UUID, slug: str) -> Mapping[str, Any]:
    """Make a challenge that carries the digest of what is approved."""
    kind = challenge.choose_asked(factors_asked(ctx), slug)
    return kind.ask(begin_asking(ctx, public_id))


def begin_asking(ctx: Context, public_id: UUID) -> Asking:
    """Return what a challenge is bound to that approves this; raise if it cannot be given."""
    approval, actor = find(ctx, public_id), ctx.require_actor()
    _require_open(actor, approval)
    of = _about(actor, approval)
    return challenge.begin_asking(ctx, Purpose.APPROVAL, **of)


def refuse(ctx: Context, public_id: UUID) -> Approval:
    """Say no; the requester may take the request back. It takes no proof."""
    approval, actor = find(ctx, public_id), ctx.require_actor()
    with _transaction():
        if not service.refuse(approval, actor):
            raise ApprovalVoid
        _tell(signals.approval_refused, ctx, approval)
    return approval


def _about(actor: Any, approval: Approval) -> dict[str, Any]:
    return {"user_pk": actor.pk, "about": approval.bound_digest}


def _require_open(actor: Any, approval: Approval) -> None:
    if not may_answer(actor, approval):
        raise NotPermitted
    if not approval.is_waiting or not service.is_unchanged(approval):
        raise ApprovalVoid


def _tell(
    event: signals.Event, ctx: Context, approval: Approval, device: Any = None
) -> None:
    event.emit(
        ctx,
        approval.requester,
        device=device,
        reason=approval.action,
        action=approval.action,
        approval=str(approval.public_id),
        summary=approval.summary,
        object=f"{approval.object_label} {', '.join(approval.object_keys)}".strip(),
    )


def _transaction() -> Any:
    return transaction.atomic(using=router.db_for_write(Approval))
