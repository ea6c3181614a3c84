"""Approvals in the database: asked for, given, refused and used by one UPDATE each."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.apps import apps

from django_mfa import clock, conf

from .drafts import Draft, digest_of, state_of
from .models import Approval

if TYPE_CHECKING:
    from django.db import models

    from django_mfa.values import Proof


def ask(draft: Draft, requester: Any, next_url: str) -> tuple[Approval, bool]:
    """Return the request for `draft` that waits, and whether it was made now."""
    state, digest = draft.state, draft.digest
    mine = Approval.objects.filter(requester=requester)
    waiting = mine.filter(Approval.waiting(), digest=digest, state=state).first()
    if waiting is not None:
        return waiting, False
    settings = conf.get().APPROVALS
    ttl = settings.SECOND_PERSON_TTL if draft.second_person else settings.TTL
    made = Approval.objects.create(
        action=draft.action,
        object_label=draft.object_label,
        object_keys=draft.object_keys,
        summary=draft.summary,
        fields=[list(each) for each in draft.fields],
        digest=digest,
        state=state,
        requester=requester,
        second_person=draft.second_person,
        permission=draft.permission,
        next=next_url[:2000],
        expires=clock.now() + timedelta(seconds=ttl),
    )
    return made, True


def use(draft: Draft, requester: Any) -> Approval | None:
    """Spend an approval of exactly this by this person: one conditional UPDATE."""
    granted = Approval.objects.filter(
        Approval.granted(),
        requester=requester,
        digest=draft.digest,
        # SECURITY: nobody changes them between this look and the commit.
        state=draft.hold_still(),
    )
    for approval in granted.select_related("approver"):
        if not _still_counts(approval):
            continue
        # SECURITY: of two threads that found the same row one gets it.
        if granted.filter(pk=approval.pk).update(used_at=clock.now()):
            return Approval.objects.get(pk=approval.pk)
    return None


def _still_counts(approval: Approval) -> bool:
    """Whether a second person who said yes may still say it."""
    if not approval.second_person:
        return True
    approver: Any = approval.approver
    return bool(
        approver and approver.is_active and approver.has_perm(approval.permission)
    )


def give(approval: Approval, approver: Any, proof: Proof) -> bool:
    """Approve it if it still waits: one conditional UPDATE."""
    until = clock.now() + timedelta(seconds=conf.get().APPROVALS.TTL)
    rows = Approval.objects.filter(Approval.waiting(), pk=approval.pk)
    if approval.second_person:
        # SECURITY: two persons, whatever came before this statement.
        rows = rows.exclude(requester=approver)
    else:
        rows = rows.filter(requester=approver)
    values = {"factor": proof.factor, "device": proof.device, "expires": until}
    return bool(rows.update(approver=approver, approved_at=clock.now(), **values))


def refuse(approval: Approval, approver: Any) -> bool:
    """Refuse it if it still waits."""
    rows = Approval.objects.filter(Approval.waiting(), pk=approval.pk)
    return bool(rows.update(approver=approver, refused_at=clock.now()))


def is_unchanged(approval: Approval) -> bool:
    """Whether the objects are what they were when it was asked for."""
    return digest_of([state_of(each) for each in _objects(approval)]) == approval.state


def _objects(approval: Approval) -> list[models.Model]:
    if not approval.object_label:
        return []
    model = apps.get_model(approval.object_label)
    return [model(pk=key) for key in approval.object_keys]
