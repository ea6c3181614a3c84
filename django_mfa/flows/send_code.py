"""Ask for a code: to sign in, or to show again that it is you."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django_mfa.errors import FactorNotAvailable
from django_mfa.extras import lazy
from django_mfa.factors import registry
from django_mfa.values import Purpose

from . import approve, challenge, step_up

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from django_mfa.factors.base import Factor
    from django_mfa.factors.sent_code.parcel import Sent
    from django_mfa.session import Context

    from . import sending
else:  # most sites send no codes: what that takes is not loaded at their start
    sending = lazy("django_mfa.flows.sending")


def to_sign_in(ctx: Context, slug: str, *, device: str = "") -> Sent:
    """Send a code for the sign-in that waits, to the device of that public id if one is given.

    Raises `FactorNotAvailable`, `TooManyAttempts`, `SendTooSoon`, `SendRefused`,
    `SendFailed`; then nothing was spent.
    """
    hold = challenge.require_challenge(ctx)
    kind = _choose(challenge.factors_asked(ctx), slug)
    ctx.require_session().held_user(hold)
    asking = challenge.begin_asking(ctx, Purpose.LOGIN, user_pk=hold.user_pk)
    return sending.send_to_owner(ctx, kind, asking, device)


def to_step_up(ctx: Context, slug: str, *, device: str = "") -> Sent:
    """Send a code to the signed-in user; raises what `to_sign_in` raises."""
    user = ctx.require_actor()
    kind = _choose(step_up.factors_asked(ctx), slug)
    asking = challenge.begin_asking(ctx, Purpose.STEP_UP, user_pk=user.pk)
    return sending.send_to_owner(ctx, kind, asking, device)


def to_approve(ctx: Context, public_id: UUID, slug: str, *, device: str = "") -> Sent:
    """Send a code for one approval; it serves for no other."""
    kind = _choose(approve.factors_asked(ctx), slug)
    asking = approve.begin_asking(ctx, public_id)
    return sending.send_to_owner(ctx, kind, asking, device)


def look(
    ctx: Context, slug: str, purpose: Purpose, about: str = ""
) -> tuple[Sent | None, Sequence[Any]]:
    """Return how it stands with the code sent last, and the devices that can get one."""
    if purpose == Purpose.LOGIN:
        user_pk = challenge.require_challenge(ctx).user_pk
    else:
        user_pk = ctx.require_actor().pk
    asking = challenge.asking_of(ctx, purpose, user_pk=user_pk, about=about)
    return sending.look(registry.get(slug), asking)


def _choose(offered: Sequence[Factor], slug: str) -> Factor:
    for kind in offered:
        if kind.slug == slug and kind.sends:
            return kind
    raise FactorNotAvailable
