"""Set up a factor: begin, and confirm by a first right response."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.db.models import F
from django.views.decorators.debug import sensitive_variables

from django_mfa import clock, conf, signals
from django_mfa.accounts import service as accounts
from django_mfa.errors import (
    FactorNotAvailable,
    InvalidCode,
    MFAError,
    MFARequired,
    SetupExpired,
    TooManyDevices,
)
from django_mfa.factors import registry
from django_mfa.factors.recovery_code.factor import NewCodes, new_codes
from django_mfa.limits import addresses

from . import step_up

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django_mfa.factors.base import Factor, Setup
    from django_mfa.factors.devices import MFADevice
    from django_mfa.session import Context, Hold
    from django_mfa.values import Proof, Verdict

MAX_WRONG = 20


@dataclass(frozen=True, slots=True)
class Confirmed:
    """A device that counts from now on, and recovery codes if they came with it."""

    device: MFADevice
    next_url: str
    recovery_codes: Sequence[str] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class _Subject:
    """Whose factor is set up: the signed-in user, or one held for enrolment."""

    user: Any
    hold: Hold | None


def factors_open(ctx: Context) -> list[Factor]:
    """Return the factors this person can set up now."""
    _subject(ctx)
    return [kind for kind in registry.factors().values() if kind.enrollable]


@sensitive_variables()
def begin(ctx: Context, slug: str) -> Setup:
    """Begin a set-up or show again the one that waits; nothing counts yet.

    Raises `StepUpRequired`, `TooManyDevices`, `FactorNotAvailable`, `LoginExpired`.
    """
    subject = _subject(ctx)
    kind = _require_enrollable(slug)
    _require_room(kind, subject.user)
    waiting = _waiting(ctx, subject, kind)
    setup = kind.begin(subject.user, host=ctx.host, waiting=waiting)
    if waiting is None:
        ctx.require_session().remember_setup(slug, str(setup.device.public_id))
        signals.enrolment_started.emit(ctx, subject.user, device=setup.device)
    return setup


@sensitive_variables()
def confirm(ctx: Context, slug: str, response: Any, *, name: str = "") -> Confirmed:
    """Judge the first response of a waiting set-up and make the device count.

    Raises `InvalidCode`, `MalformedCode`, `SetupExpired`, and what `begin` raises.
    """
    subject = _subject(ctx)
    kind = _require_enrollable(slug)
    device = _waiting(ctx, subject, kind)
    if device is None:
        raise SetupExpired
    addresses.check(ctx.address)
    verdict = device.judge(response)
    if not verdict.right:
        addresses.charge(ctx.address)
        raise _count_wrong(device)
    first = not registry.enrolled(subject.user)
    codes = new_codes(subject.user) if first else None
    return _store(ctx, subject, kind, verdict, codes, name=name)


@sensitive_variables()
def _store(
    ctx: Context,
    subject: _Subject,
    kind: Factor,
    verdict: Verdict,
    codes: NewCodes | None,
    *,
    name: str,
) -> Confirmed:
    device: MFADevice = verdict.device
    session, user = ctx.require_session(), subject.user
    seen = accounts.of(user).epoch
    with session.all_or_nothing():
        epoch = accounts.begin_change(user)
        if epoch != seen + 1:
            # SECURITY: another change came in between. Had it been the first
            # factor, this one would be enrolled by the password alone.
            raise SetupExpired
        _require_room(kind, user)
        _make_count(device, verdict, name)
        if codes:
            codes.store()
        proof = kind.proof(device, verdict)
        _renew_session(ctx, subject, device, proof, epoch)
        signals.device_confirmed.emit(ctx, user, device=device)
        if codes:
            signals.recovery_codes_generated.emit(
                ctx, user, device=codes.set, count=len(codes.written)
            )
    next_url = session.safe_next(subject.hold.next) if subject.hold else ""
    return Confirmed(device, next_url, codes.written if codes else ())


def _make_count(device: MFADevice, verdict: Verdict, name: str) -> None:
    """Confirm the row if it still waits, spending the response; else `SetupExpired`."""
    condition, values = device.claim_terms(verdict.claim)
    rows = type(device)._default_manager.filter(
        condition, pk=device.pk, confirmed=False
    )
    device.name = name or device.name
    device.confirmed, device.last_used = True, clock.now()
    values = {**values, "name": device.name, "failures": 0, "failures_total": 0}
    if not rows.update(**values, confirmed=True, last_used=device.last_used):
        raise SetupExpired


def _renew_session(
    ctx: Context, subject: _Subject, device: MFADevice, proof: Proof, epoch: int
) -> None:
    session = ctx.require_session()
    if subject.hold:
        subject.user.otp_device = device
        session.sign_in(subject.user, subject.hold.backend, proof)
    else:
        session.keep_up(epoch)
        session.step_up(proof, device)


def _subject(ctx: Context) -> _Subject:
    """Who enrols; raise unless they may do so now."""
    if ctx.actor is not None:
        step_up.require_fresh(ctx)
        return _Subject(ctx.actor, None)
    hold = ctx.require_session().require_hold()
    if hold.owed != "enrolment":
        # SECURITY: who owes a proof must not enrol one (CVE-2026-3429).
        raise MFARequired
    user = accounts.find_user(hold.user_pk)
    hold.check_user(user)
    return _Subject(user, hold)


def _waiting(ctx: Context, subject: _Subject, kind: Factor) -> Any:
    """Return the set-up that was begun in this very session and still waits."""
    # SECURITY: who knows the password could begin a set-up, keep its secret, and
    # wait for the owner to go on with it in another browser.
    begun = ctx.require_session().setup_of(kind.slug)
    return kind.pending(subject.user, begun)


def _require_room(kind: Factor, user: Any) -> None:
    rows = kind.model._default_manager.filter(user=user, confirmed=True)
    if rows.count() >= conf.get().LIMITS.MAX_DEVICES:
        raise TooManyDevices


def _require_enrollable(slug: str) -> Factor:
    kind = registry.get(slug)
    if not kind.enrollable:
        raise FactorNotAvailable
    return kind


def _count_wrong(device: MFADevice) -> MFAError:
    """Count a wrong first response; a set-up that is guessed at is ended."""
    rows = type(device)._default_manager.filter(pk=device.pk, confirmed=False)
    if rows.filter(failures__lt=MAX_WRONG).update(failures=F("failures") + 1):
        return InvalidCode()
    rows.delete()
    return SetupExpired()
