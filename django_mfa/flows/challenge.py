"""Ask, and judge the answer: the one place for it, whatever the door and purpose."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.views.decorators.debug import sensitive_variables

from django_mfa import signals
from django_mfa.errors import (
    EnrolmentRequired,
    FactorNotAvailable,
    InvalidCode,
    KeyTrouble,
    LoginExpired,
    MalformedCode,
    MFAError,
    TooManyAttempts,
)
from django_mfa.factors import registry
from django_mfa.factors.devices import MFADevice
from django_mfa.limits import addresses, attempts
from django_mfa.values import SPENT, Proof, Purpose, Verdict

if TYPE_CHECKING:
    from datetime import datetime

    from django_mfa.factors.base import Factor
    from django_mfa.session import Context, Hold

Accept = Callable[[MFADevice, Proof], None]


@dataclass(frozen=True, slots=True)
class Passed:
    """A right answer: the proof, and where the person wanted to go."""

    proof: Proof
    next_url: str


def factors_asked(ctx: Context) -> list[Factor]:
    """Return the factors with which the waiting sign-in can go on, the best first."""
    hold = _require_challenge(ctx)
    return [registry.get(slug) for slug in hold.factors if slug in registry.factors()]


@sensitive_variables()
def answer(ctx: Context, response: Any, *, factor: str = "") -> Passed:
    """Judge the response to the waiting sign-in and let the person in if it is right.

    Raises `InvalidCode`, `MalformedCode`, `TooManyAttempts`, `LoginExpired`,
    `KeyTrouble` or `Unavailable`; then nobody is signed in and the hold stays.
    """
    session, hold = ctx.require_session(), _require_challenge(ctx)
    kind = choose(factors_asked(ctx), response, wanted=factor)
    devices = kind.devices(hold.user_pk)
    if not devices:
        session.end_hold()
        raise LoginExpired
    user = devices[0].user
    try:
        hold.check_user(user)
    except LoginExpired:
        session.end_hold()
        raise

    def let_in(device: MFADevice, proof: Proof) -> None:
        user.otp_device = device
        session.sign_in(user, hold.backend, proof)

    proof = judge(ctx, kind, devices, response, purpose=Purpose.LOGIN, accept=let_in)
    return Passed(proof, session.safe_next(hold.next))


@sensitive_variables()
def choose(offered: Sequence[Factor], response: Any, *, wanted: str = "") -> Factor:
    """Return the factor that a response is meant for: the wanted one, or by its shape.

    One field takes a code from an app and a recovery code alike.
    """
    if wanted and wanted not in {kind.slug for kind in offered}:
        raise FactorNotAvailable
    ordered = sorted(offered, key=lambda kind: kind.slug != wanted)
    for kind in ordered:
        if kind.has_shape(response):
            return kind
    raise MalformedCode


@sensitive_variables()
def judge(
    ctx: Context,
    kind: Factor,
    devices: Sequence[MFADevice],
    response: Any,
    *,
    purpose: Purpose,
    accept: Accept,
) -> Proof:
    """Compare outside the transaction, claim as its first write, then `accept`.

    A refusal is counted and told in a transaction that commits.
    """
    addresses.check(ctx.address)
    usable = [device for device in devices if device.is_usable]
    if not usable:
        raise FactorNotAvailable
    _require_unlocked(ctx, usable[0], purpose)
    verdict = _compare(ctx, kind, usable, response, purpose)
    with ctx.require_session().all_or_nothing():
        if verdict.right and verdict.device.claim(verdict):
            proof = kind.proof(verdict.device, verdict)
            accept(verdict.device, proof)
            _passed(ctx, kind, verdict.device, purpose)
            return proof
        error = _refuse(ctx, verdict, purpose)
    if verdict.is_charged:
        addresses.charge(ctx.address)
    raise error


def _require_challenge(ctx: Context) -> Hold:
    hold = ctx.require_session().require_hold()
    if hold.owed != "proof":
        raise EnrolmentRequired
    return hold


def _require_unlocked(ctx: Context, device: MFADevice, purpose: Purpose) -> None:
    until = device.refused_until()
    if until:
        # A lock that can be seen refuses before any slow digest is computed.
        with ctx.require_session().all_or_nothing():
            _failed(ctx, device, "locked", purpose)
        raise TooManyAttempts(retry_at=until)


@sensitive_variables()
def _compare(
    ctx: Context,
    kind: Factor,
    devices: Sequence[MFADevice],
    response: Any,
    purpose: Purpose,
) -> Verdict:
    try:
        return kind.judge(devices, response)
    except KeyTrouble as error:
        device, wrong = (error.details.pop(name) for name in ("device", "refused"))
        with ctx.require_session().all_or_nothing():
            if wrong:
                # SECURITY: a device that cannot be opened must not make guesses at
                # the others free.
                _refuse(ctx, wrong, purpose)
            signals.key_trouble.emit(
                ctx, devices[0].user, device=device, reason=error.details.get("why", "")
            )
        if wrong and wrong.is_charged:
            addresses.charge(ctx.address)
        raise


def _passed(ctx: Context, kind: Factor, device: MFADevice, purpose: Purpose) -> None:
    signals.challenge_passed.emit(ctx, device.user, device=device, purpose=purpose)
    kind.used(ctx, device)


def _refuse(ctx: Context, verdict: Verdict, purpose: Purpose) -> MFAError:
    """Count and tell a refusal; must run in a transaction."""
    device: MFADevice = verdict.device
    if not verdict.is_charged:
        until = _lock_now(device) if verdict.right else None
        _failed(ctx, device, "locked" if until else SPENT, purpose)
        return TooManyAttempts(retry_at=until) if until else InvalidCode()
    charge = device.charge()
    _failed(ctx, device, verdict.reason if charge.judged else "locked", purpose)
    if charge.device_disabled:
        signals.device_disabled.emit(
            ctx, device.user, device=device, reason="too_many_failures"
        )
    until = _new_lock(ctx, device, judged=charge.judged)
    return TooManyAttempts(retry_at=until) if until else InvalidCode()


def _new_lock(ctx: Context, device: MFADevice, *, judged: bool) -> datetime | None:
    """Return the end of the lock that this failure ran into, told to the log once."""
    if judged and not device.may_have_locked():
        return None
    if device.typed and (until := attempts.announce_lock(device.user)):
        signals.account_locked.emit(
            ctx, device.user, device=device, until=until.isoformat()
        )
        return until
    return _lock_now(device)


def _lock_now(device: MFADevice) -> datetime | None:
    rows = type(device)._default_manager.select_related("user__mfa_account")
    fresh = rows.filter(pk=device.pk).first()
    return fresh.refused_until() if fresh else None


def _failed(ctx: Context, device: MFADevice, reason: str, purpose: Purpose) -> None:
    signals.challenge_failed.emit(
        ctx, device.user, device=device, reason=reason, purpose=purpose
    )
