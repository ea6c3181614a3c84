"""Nobody is logged in by a password alone: the one gate of every login path.

And of every request after it: a session whose sign-in is worth nothing any more is
*held* or ended. One that has something to add, a stronger proof or one from this
place, stays signed in, and only the pages on which that is given see its user.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from asgiref.sync import sync_to_async
from django.contrib.auth import BACKEND_SESSION_KEY, load_backend
from django.contrib.auth.models import AnonymousUser

from django_mfa import signals
from django_mfa.accounts import service as accounts
from django_mfa.errors import EnrolmentRequired, MFARequired, StepUpRequired
from django_mfa.factors import registry
from django_mfa.policy import engine, snapshot
from django_mfa.session import Context, MFASession, Owed
from django_mfa.session.hold import lets_in

from . import otp_forms, trust
from .owing import offered, owed

if TYPE_CHECKING:
    from collections.abc import Collection

    from django.contrib.auth.base_user import AbstractBaseUser

    from django_mfa.policy.terms import Terms

__all__ = ["areview", "meet_login", "offered", "owed", "review"]


def meet_login(sender: Any, request: Any, user: Any, **kwargs: Any) -> None:
    """Receiver of `user_logged_in`: let in who owes nothing, take back all others."""
    if getattr(request, "session", None) is None:
        return
    session = MFASession(request)
    if session.is_admitting(user) or not session.is_signed_in(user):
        return
    if not lets_in(load_backend(session.store[BACKEND_SESSION_KEY]), user):
        # SECURITY: what is a way in for machines opens no session for anybody.
        session.sign_out()
        return
    session.make_room(user)
    if otp_forms.proven(session, user):
        return
    again = _still_proven(session, user)
    if not again:
        # SECURITY: what is over must not count again in the session that begins.
        session.drop_proofs()
    if _proven_elsewhere(session, user, again=again) or again:
        return
    held = let_in_or_hold(session, user, next_url=_next_of(request))
    session.was_taken_back(taken=held is not None)
    if held is None:
        tell_of_sign_in(session, user)


def let_in_or_hold(
    session: MFASession,
    user: AbstractBaseUser,
    next_url: str = "",
    at: int | None = None,
) -> Owed | None:
    """Decide on a user whom Django has logged in; return what is owed.

    `at` is when the password was right: now, without it.
    """
    what, factors = owed(user)
    trusted = what == "proof" and trust.is_trusted(session, user)
    if what is None or trusted:
        session.admit(user, at=at, trusted=trusted)
        session.attach(user)
        return None
    backend = session.store[BACKEND_SESSION_KEY]
    session.begin_hold(
        user,
        backend,
        owed=what,
        factors=factors,
        next_url=next_url,
        # A proof speaks for itself; a first factor rests on the password alone.
        at=None if what == "proof" else at,
    )
    return what


def review(
    session: MFASession, user: Any, *, exempt: bool, settles: Collection[str] = ()
) -> Any:
    """`user` as this request may see them: anonymous if something came to be owed.

    `settles` names the errors that the view which was found is there to settle.
    """
    if not session.has_passed_gate():
        # SECURITY: a session from before this package was there: nobody gave a
        # password just now, so it is not fresh enough to set up a factor.
        let_in_or_hold(session, user, at=0)
    elif session.is_over():
        session.sign_out()
    elif not is_settled(session, user) or session.is_worn_out():
        _ask_again(session, user)
    elif session.proofs() or session.is_elsewhere():
        error = _owed_by_verified(session, user)
        session.owes(error)
        user = user if _may_see(error, settles, exempt=exempt) else AnonymousUser()
        session.attach(user)
        return user
    else:
        _review_without_proof(session, user, exempt=exempt)
    if not session.is_signed_in(user):
        user = AnonymousUser()
    session.attach(user)
    return user


async def areview(
    session: MFASession, user: Any, *, exempt: bool, settles: Collection[str] = ()
) -> Any:
    """`review` on the event loop; a verified session needs no thread."""
    user.mfa_account = await accounts.aof(user)
    if await _is_plainly_verified(session, user):
        session.attach(user)
        return user
    return await sync_to_async(review)(session, user, exempt=exempt, settles=settles)


def owed_by_program(session: MFASession, user: Any) -> MFARequired | None:
    """Return what a program with a token has to show, as `review` asks it of browsers."""
    asked = engine.terms(user)
    if session.proofs():
        return None if _is_met(session, asked) else _stronger(session, user, asked)
    if session.is_by_trust() and asked.trust_allowed and trust.is_on():
        return None
    what, methods = owed(user)
    if what is None:
        session.has_time(engine.deadline(user))
        return None
    return (MFARequired if what == "proof" else EnrolmentRequired)(methods=methods)


def is_settled(session: MFASession, user: AbstractBaseUser) -> bool:
    """Whether this sign-in passed the gate and no factor has changed since."""
    return session.has_passed_gate() and session.epoch() == accounts.epoch_of(user)


async def _is_plainly_verified(session: MFASession, user: Any) -> bool:
    if not (is_settled(session, user) and session.proofs()):
        return False
    if session.is_over() or session.is_elsewhere():
        return False
    concerning = await snapshot.aconcerning_sessions()
    asked = engine.terms_if_free(user, concerning, session)
    if asked is None or not _is_met(session, asked):
        return False
    session.is_asked(asked)
    return True


def _owed_by_verified(session: MFASession, user: Any) -> MFARequired | None:
    """Return what somebody who has shown a factor has to add."""
    if session.is_elsewhere():
        # SECURITY: a cookie taken to another browser. Its owner's own session
        # goes on: only this request sees nobody.
        return StepUpRequired(why="elsewhere")
    asked = engine.terms_of_session(user, session)
    session.is_asked(asked)
    return None if _is_met(session, asked) else _stronger(session, user, asked)


def _is_met(session: MFASession, asked: Terms) -> bool:
    demand = asked.demand
    return demand is None or demand.is_met_by(session.proofs())


def _stronger(session: MFASession, user: Any, asked: Terms) -> MFARequired | None:
    """Return what is owed by somebody whose proofs are too weak for the policies."""
    methods = engine.methods_for(asked.demand, session.proofs())
    devices = [d for d in registry.enrolled(user) if d.disabled_at is None]
    if any(device.factor in methods for device in devices):
        error = StepUpRequired(methods=methods)
        error.narrows = True
        return None if engine.is_exempt(user) else error
    until = engine.stronger_deadline(user, asked)
    session.has_time(until)
    return EnrolmentRequired(methods=methods) if engine.is_over(user, until) else None


def _may_see(
    error: MFARequired | None, settles: Collection[str], *, exempt: bool
) -> bool:
    """Whether the view that was found sees a person who owes this."""
    if error is None or error.code in settles:
        return True
    return exempt and error.details.get("why") != "elsewhere"


def _review_without_proof(session: MFASession, user: Any, *, exempt: bool) -> None:
    """Decide on a session by trust, or with a password alone."""
    if session.is_by_trust():
        if not trust.is_offered(user):
            _ask_again(session, user)
        return
    until = engine.deadline(user)
    session.has_time(until)
    if not exempt and engine.is_over(user, until):
        # SECURITY: it waits since the password was given, for nothing else guards a
        # first factor; the cookie of an old session must not be enough to enrol.
        backend = session.store[BACKEND_SESSION_KEY]
        at = session.password_at() or 0
        session.begin_hold(user, backend, owed="enrolment", at=at, goes_on=True)


def _ask_again(session: MFASession, user: AbstractBaseUser) -> None:
    """End the proofs of a session that did not make the change of factors."""
    what, factors = owed(user)
    if what != "proof" or session.epoch() < accounts.of(user).ended_epoch:
        # The factors are gone, by their owner elsewhere or by an administrator,
        # or all sessions were ended: whoever sits here starts with the password.
        session.sign_out()
        return
    backend = session.store[BACKEND_SESSION_KEY]
    session.begin_hold(user, backend, owed=what, factors=factors, goes_on=True)


def tell_of_sign_in(session: MFASession, user: Any) -> None:
    """Tell of a sign-in at which no factor was asked for, and why not."""
    context = Context.of_login(session, user)
    reason = "trusted_browser" if session.is_by_trust() else "no_factor"
    signals.signed_in.emit(context, user, reason=reason)


def _proven_elsewhere(session: MFASession, user: Any, *, again: bool) -> bool:
    """Whether an identity provider that the site believes has seen a second factor.

    `again`: this session goes on, and what was seen is added to what it has shown.
    """
    proof = session.proof_from_elsewhere()
    if proof is None or not session.counts(proof):
        # What is worn out already would end the session with the next request.
        return False
    if not again:
        session.admit(user)
    session.add_proof(proof)
    session.attach(user)
    context = Context.of_login(session, user)
    signals.signed_in.emit(context, user, reason="single_sign_on")
    return True


def _still_proven(session: MFASession, user: AbstractBaseUser) -> bool:
    """Whether this very session had shown its proofs before a repeated login."""
    if not (is_settled(session, user) and session.proofs()):
        return False
    if session.is_over() or session.is_elsewhere():
        return False
    # SECURITY: a password lengthens no life and moves no proof.
    session.renew_password()
    session.attach(user)
    return True


def _next_of(request: Any) -> str:
    return str(request.POST.get("next") or request.GET.get("next") or "")
