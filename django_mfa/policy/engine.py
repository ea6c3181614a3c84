"""Who must have a second factor, of which kind, and from when on."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from django_mfa import clock
from django_mfa.accounts import service as accounts
from django_mfa.factors import registry
from django_mfa.values import Proof

from . import audience, snapshot
from .audience import applies
from .models import Exemption
from .requirements import AllOf
from .rules import Rule
from .terms import BY_ADMINISTRATOR, Terms, grace_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from django.contrib.auth.base_user import AbstractBaseUser

    from django_mfa.factors.base import Factor
    from django_mfa.session import MFASession

    from .audience import Known
    from .requirements import Requirement

__all__ = [
    "Terms",
    "applies",
    "deadline",
    "duty",
    "explain",
    "is_exempt",
    "is_over",
    "methods_for",
    "must_enrol_now",
    "stronger_deadline",
    "terms",
    "terms_if_free",
]

NOTHING = Terms(())


def terms(user: AbstractBaseUser, known: Known | None = None) -> Terms:
    """Return what the policies ask of `user`; `known` spares questions about groups."""
    return _terms(user, snapshot.rules(), known)


def terms_if_free(
    user: AbstractBaseUser, concerning: Sequence[Rule], session: MFASession
) -> Terms | None:
    """Return the terms of somebody with proofs, or None if that needs a thread."""
    if not concerning:
        return NOTHING
    known = session.known_roles(_stamp(user))
    if not all(audience.is_free(rule.who, known) for rule in concerning):
        return None
    return _terms(user, concerning, known)


def terms_of_session(user: AbstractBaseUser, session: MFASession) -> Terms:
    """`terms`, of those policies alone that a session with proofs can offend."""
    concerning = snapshot.concerning_sessions()
    if not concerning:
        return NOTHING
    stamp = _stamp(user)
    known = session.known_roles(stamp)
    found = _terms(user, concerning, known)
    session.keep_roles(stamp, known)
    return found


def _stamp(user: AbstractBaseUser) -> str:
    """Return what changes with the groups and permissions of `user`; empty: unknown."""
    account = accounts.of(user)
    return "" if account._state.adding else f"{account.roles}/{snapshot.roles_mark()}"


def _terms(user: Any, rules: Iterable[Rule], known: Known | None) -> Terms:
    found = [rule for rule in rules if applies(rule.who, user, known)]
    if accounts.of(user).required:
        # Nobody but an administrator lifts what an administrator demanded.
        found.append(Rule(who=BY_ADMINISTRATOR, grace_days=0))
    return Terms(tuple(found))


class Duty(NamedTuple):
    """A user must have a second factor; `grace_days` to set one up."""

    policy: str
    grace_days: int


def duty(user: AbstractBaseUser) -> Duty | None:
    """Return the strictest duty of `user` to have a second factor, or None."""
    rule = terms(user).strictest
    return None if rule is None else Duty(rule.title, grace_of(rule))


def deadline(user: AbstractBaseUser) -> datetime | None:
    """Until when `user`, who has no factor, may still go without; None: no duty.

    Stored when first asked, and never moved by the user.
    """
    owed = duty(user)
    return None if owed is None else _until(user, owed.grace_days, "grace_deadline")


def must_enrol_now(user: AbstractBaseUser) -> bool:
    """Whether `user`, who has no factor, may not go on without one."""
    return is_over(user, deadline(user))


def is_over(user: AbstractBaseUser, until: datetime | None) -> bool:
    """Whether the time of `user` is over, and no exemption holds."""
    if until is None or until > clock.now():
        return False
    return not Exemption.holds_for(user)


def is_exempt(user: AbstractBaseUser) -> bool:
    """Whether the policies do not bind `user` for a while."""
    return Exemption.holds_for(user)


def stronger_deadline(user: AbstractBaseUser, asked: Terms) -> datetime:
    """Until when `user`, whose factors are too weak, may go on with them."""
    days = min((grace_of(rule) for rule in asked.demanding()), default=0)
    return _until(user, days, "stronger_deadline")


def methods_for(
    requirement: Requirement | None, proofs: Sequence[Proof] = ()
) -> list[str]:
    """Return the factors of this site one of which, shown now, would meet it.

    Where it takes several, those by which the person can begin; none where nothing
    that this site has will do.
    """
    found = [
        slug
        for slug, kind in registry.factors().items()
        if requirement is None or requirement.is_met_by([*proofs, shown_now(kind)])
    ]
    if found or not isinstance(requirement, AllOf):
        return found
    unmet = [part for part in requirement.parts if not part.is_met_by(proofs)]
    ways = [methods_for(part, proofs) for part in unmet]
    return ways[0] if ways and all(ways) else []


def shown_now(kind: Factor) -> Proof:
    """Return the proof that a right answer of this factor would be now."""
    at = int(clock.timestamp())
    return Proof(kind.slug, "", at, kind.acr, kind.amr, kind.phishing_resistant)


def explain(user: AbstractBaseUser) -> list[str]:
    """Return why `user` needs what: a sentence for each policy."""
    labels = {slug: kind.label for slug, kind in registry.factors().items()}
    return terms(user).explain(labels)


def _until(user: Any, days: int, column: str) -> datetime:
    until = clock.now() + timedelta(days=days)
    stored: datetime | None = getattr(accounts.of(user), column)
    if days > 0 and (stored is None or until < stored):
        # A policy that leaves less has its days from now on, not from every visit.
        stored = accounts.set_deadline_once(user, until, column)
    return min(stored, until) if stored else until
