"""End the sessions of a person, by themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django_mfa import signals
from django_mfa.accounts import service as accounts
from django_mfa.clients import issuer as issuers

from . import trust

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
        # The one token of a person may be the caller's.
        issuers.end_all(user, spare=getattr(session.store, "issuer", ""))
        signals.sessions_ended.emit(ctx, user)
