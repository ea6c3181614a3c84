"""Sign in with a passkey alone: who it is, is what the answer says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from django.conf import settings
from django.contrib.auth import load_backend
from django.views.decorators.debug import sensitive_variables

from django_mfa import conf
from django_mfa.challenges import service as challenges
from django_mfa.errors import FactorNotAvailable, InvalidResponse
from django_mfa.factors import registry
from django_mfa.session.hold import lets_in
from django_mfa.values import Proof, Purpose

from . import challenge, gate

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django_mfa.factors.base import Factor
    from django_mfa.factors.devices import MFADevice
    from django_mfa.session import Context

FACTOR = "passkey"
#: Rows that are over and go with each question; one question makes two at most.
SWEPT = 20


class Arrived(NamedTuple):
    """A right answer: the proof, where to go, and whether more is owed."""

    proof: Proof
    next_url: str
    is_held: bool


def is_offered(ctx: Context) -> bool:
    """Whether people can sign in with a passkey alone here."""
    factors = registry.factors()
    if not conf.get().PASSKEY.PASSWORDLESS or FACTOR not in factors:
        return False
    return factors[FACTOR].is_offered(ctx.host)


def ask(ctx: Context, name: str = "") -> Mapping[str, Any]:
    """Make a challenge for whoever answers it; what a client needs for that.

    With a `name` that was typed, the passkeys of that person are named, or others.
    """
    kind = _kind(ctx)
    # SECURITY: anybody may ask, so each question clears away more than it leaves: the
    # table holds what is open and does not grow with the days. Nobody is refused for
    # it: by a limit, one person could keep all others behind their address out.
    challenges.prune(most=SWEPT)
    return kind.ask(challenge.begin_asking(ctx, Purpose.PASSWORDLESS, name=name))


@sensitive_variables()
def answer(ctx: Context, response: Any, next_url: str = "") -> Arrived:
    """Judge the answer and sign its owner in, or hold them for one more factor.

    Raises `InvalidResponse`, `FactorNotAvailable` or `Unavailable`.
    """
    session, kind = ctx.require_session(), _kind(ctx)
    asking = challenge.asking_of(ctx, Purpose.PASSWORDLESS)
    taken = kind.take(asking, response)
    devices = kind.candidates(None, taken)
    user = devices[0].user if devices else None
    case = challenge.Case(ctx, kind, asking, user)
    backend = _backend_for(user) if user else None
    if user and backend is None:
        case.failed(devices[0], "user_not_allowed")
        raise InvalidResponse
    held: list[bool] = []

    def let_in(device: MFADevice, proof: Proof) -> None:
        device.user.otp_device = device
        held.append(_let_in(ctx, device, str(backend), proof, next_url))

    try:
        proof = challenge.judge(case, devices, taken, accept=let_in)
    except FactorNotAvailable as error:
        case.failed(devices[0], error.code)  # what was told of it was undone
        raise
    return Arrived(proof, session.safe_next(next_url), held[0])


def _let_in(
    ctx: Context, device: MFADevice, backend: str, proof: Proof, next_url: str
) -> bool:
    """Sign in, or hold; return whether it is a hold."""
    session, user = ctx.require_session(), device.user
    if conf.get().PASSKEY.SATISFIES_MFA:
        session.end_hold()
        session.sign_in(user, backend, proof, by_password=False)
        return False
    offered = gate.offered(user, registry.enrolled(user))
    others = tuple(slug for slug in offered if slug != FACTOR)
    if not others:
        raise FactorNotAvailable
    session.begin_hold(
        user, backend, owed="proof", factors=others, next_url=next_url, shown=proof
    )
    return True


def _kind(ctx: Context) -> Factor:
    if not is_offered(ctx):
        raise FactorNotAvailable
    return registry.get(FACTOR)


def _backend_for(user: Any) -> str | None:
    """Return the first backend of the site that knows this user and lets them in."""
    for path in settings.AUTHENTICATION_BACKENDS:
        backend = load_backend(path)
        if hasattr(backend, "get_user") and lets_in(backend, user):
            return path
    return None
