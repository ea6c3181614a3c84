"""Set up a factor: begin, and confirm by a first right response."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from django.views.decorators.debug import sensitive_variables

from django_mfa import conf, signals
from django_mfa.accounts import service as accounts
from django_mfa.errors import (
    AlreadyRegistered,
    FactorNotAvailable,
    InvalidCode,
    MFAError,
    MFARequired,
    SetupExpired,
    TooManyDevices,
)
from django_mfa.extras import lazy
from django_mfa.factors import registry
from django_mfa.factors.recovery_code.factor import NewCodes, new_codes
from django_mfa.limits import addresses
from django_mfa.values import Purpose

from . import challenge, manage, step_up

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from django_mfa.factors.base import Factor, Setup
    from django_mfa.factors.devices import MFADevice
    from django_mfa.factors.sent_code.parcel import Sent
    from django_mfa.session import Context, Hold
    from django_mfa.values import Asking, Verdict

    from . import sending
else:  # most sites send no codes: what that takes is not loaded at their start
    sending = lazy("django_mfa.flows.sending")

MAX_WRONG = 20
UNAVAILABLE = 503


class Confirmed(NamedTuple):
    """A device that counts from now on, and recovery codes if they came with it."""

    device: MFADevice
    next_url: str
    recovery_codes: Sequence[str] = ()

    def __repr__(self) -> str:
        return "<Confirmed>"


class _Subject(NamedTuple):
    """Whose factor is set up: the signed-in user, or one held for enrolment."""

    user: Any
    hold: Hold | None


def factors_open(ctx: Context) -> list[Factor]:
    """Return the factors this person can set up now."""
    _subject(ctx)
    return [kind for kind in registry.factors().values() if kind.is_offered(ctx.host)]


@sensitive_variables()
def begin(ctx: Context, slug: str) -> Setup:
    """Begin a set-up or show again the one that waits; nothing counts yet.

    Raises `StepUpRequired`, `TooManyDevices`, `FactorNotAvailable`, `LoginExpired`.
    """
    subject = _subject(ctx)
    kind = _require_enrollable(ctx, slug)
    _require_room(kind, subject.user)
    waiting = _waiting(ctx, subject, kind)
    accounts.prepare(subject.user)
    setup = kind.begin(subject.user, host=ctx.host, waiting=waiting)
    if waiting is None and setup.device is not None:
        _remember(ctx, subject, setup.device)
    return setup


def ask(ctx: Context, slug: str, *, conditional: bool = False) -> Mapping[str, Any]:
    """Make the challenge of a set-up by ceremony; what a client needs to answer it.

    Raises what `begin` raises.
    """
    subject = _subject(ctx)
    kind = _require_enrollable(ctx, slug)
    if not kind.is_ceremony or (conditional and not may_add_silently(ctx)):
        raise FactorNotAvailable
    _require_room(kind, subject.user)
    ctx.require_session().begin_asking()
    asked = kind.ask(_asking(ctx, subject, conditional=conditional))
    signals.enrolment_started.emit(ctx, subject.user, factor=slug)
    return asked


@sensitive_variables()
def send(ctx: Context, slug: str, to: str = "") -> Sent:
    """Send the first code of a set-up: to `to`, or again to what waits in this session.

    Raises what `begin` and `challenge.send` raise, `SetupExpired` when nothing waits,
    and for a destination that is none `InvalidNumber`, `InvalidAddress` and others.
    """
    subject = _subject(ctx)
    kind = sending.require_sender(_require_enrollable(ctx, slug))
    _require_room(kind, subject.user)
    addresses.check(ctx.address)
    session, before = ctx.require_session(), ctx.require_session().setup_of(slug)
    accounts.prepare(subject.user)
    with sending.telling(ctx, subject.user, kind, Purpose.ENROL):
        device = kind.add(subject.user, to) if to else _waiting(ctx, subject, kind)
    if device is None:
        raise SetupExpired
    session.begin_asking()
    if to:
        _remember(ctx, subject, device)
    try:
        return sending.send(ctx, kind, _asking(ctx, subject), device)
    except MFAError as error:
        if to and error.status != UNAVAILABLE:
            # Nothing goes there. What went to the number before, as when the button
            # is pressed twice, still serves.
            session.remember_setup(slug, before)
            if device.pk:
                device.delete()
        raise


def look(ctx: Context, slug: str) -> Sent | None:
    """Return how it stands with the code of the set-up that waits; None: none was sent."""
    subject = _subject(ctx)
    kind = sending.require_sender(_require_enrollable(ctx, slug))
    waiting = _waiting(ctx, subject, kind)
    return kind.look(_asking(ctx, subject), [waiting]) if waiting else None


def start_over(ctx: Context, slug: str) -> None:
    """Forget the set-up that waits in this session, to begin another."""
    _subject(ctx)
    kind = _require_enrollable(ctx, slug)
    # SECURITY: the row stays until it is over: it tells when a code was sent, which
    # the next number has to wait for.
    ctx.require_session().forget_setup(kind.slug)


def _remember(ctx: Context, subject: _Subject, device: Any) -> None:
    ctx.require_session().remember_setup(device.factor, str(device.public_id))
    signals.enrolment_started.emit(ctx, subject.user, device=device)


@sensitive_variables()
def confirm(ctx: Context, slug: str, response: Any, *, name: str = "") -> Confirmed:
    """Judge the first response of a waiting set-up and make the device count.

    Raises `InvalidCode`, `MalformedCode`, `SetupExpired`, `AlreadyRegistered`, and
    what `begin` raises.
    """
    subject = _subject(ctx)
    kind = _require_enrollable(ctx, slug)
    if not kind.is_ceremony:
        addresses.check(ctx.address)
    case = challenge.Case(ctx, kind, _asking(ctx, subject), subject.user)
    taken = kind.take(case.asking, response)
    try:
        waiting = _waiting(ctx, subject, kind)
        verdict = kind.try_out(subject.user, taken, waiting=waiting)
        if not verdict.right:
            raise _refuse(case, verdict)
        with_codes = manage.offers_codes() and not registry.enrolled(subject.user)
        codes = new_codes(subject.user) if with_codes else None
        return _store(ctx, subject, kind, verdict, codes, name=name)
    except AlreadyRegistered as error:
        case.failed(None, error.code)
        raise


def _asking(ctx: Context, subject: _Subject, *, conditional: bool = False) -> Asking:
    user = subject.user
    return challenge.asking_of(
        ctx, Purpose.ENROL, user_pk=user.pk, user=user, conditional=conditional
    )


def may_add_silently(ctx: Context) -> bool:
    """Whether the browser may add a passkey by itself for the signed-in person.

    Not for one without a factor: a first one comes with recovery codes to be kept,
    and with a duty at every sign-in.
    """
    if not conf.get().PASSKEY.CONDITIONAL_CREATE or ctx.actor is None:
        return False
    enrolled = registry.primary(registry.enrolled(ctx.actor))
    return bool(enrolled) and step_up.is_fresh(ctx)


def _refuse(case: challenge.Case, verdict: Verdict) -> MFAError:
    """Count and tell a wrong first response."""
    case.failed(None, verdict.reason, **verdict.details)
    if verdict.device is None:
        return case.kind.refusal(case.asking, verdict)
    addresses.charge(case.ctx.address)
    return _count_wrong(verdict.device)


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
        device.name = name or device.name
        if not device.confirm(verdict):
            raise SetupExpired
        if codes:
            codes.store()
        _renew_session(ctx, subject, kind, verdict, epoch)
        signals.device_confirmed.emit(ctx, user, device=device, **verdict.details)
        if codes:
            signals.recovery_codes_generated.emit(
                ctx, user, device=codes.set, count=len(codes.written)
            )
    next_url = session.safe_next(subject.hold.next) if subject.hold else ""
    return Confirmed(device, next_url, codes.written if codes else ())


def _renew_session(
    ctx: Context, subject: _Subject, kind: Factor, verdict: Verdict, epoch: int
) -> None:
    session, device = ctx.require_session(), verdict.device
    proof = kind.proof(device, verdict)
    if subject.hold:
        subject.user.otp_device = device
        session.sign_in(subject.user, subject.hold.backend, proof)
        return
    session.keep_up(epoch)
    # SECURITY: nobody touched a passkey that the browser made by itself. Were it a
    # proof, a session that typed a code would pass for one that cannot be phished.
    if verdict.proves:
        session.step_up(proof, device)


def _subject(ctx: Context) -> _Subject:
    """Who enrols; raise unless they may do so now."""
    if ctx.actor is not None:
        step_up.require_fresh(ctx)
        return _Subject(ctx.actor, None)
    session = ctx.require_session()
    hold = session.require_hold()
    if hold.owed != "enrolment":
        # SECURITY: who owes a proof must not enrol one (CVE-2026-3429).
        raise MFARequired
    return _Subject(session.held_user(hold), hold)


def _waiting(ctx: Context, subject: _Subject, kind: Factor) -> Any:
    """Return the set-up that was begun in this very session and still waits."""
    # SECURITY: who knows the password could begin a set-up, keep its secret, and
    # wait for the owner to go on with it in another browser.
    begun = ctx.require_session().setup_of(kind.slug)
    return kind.pending(subject.user, begun)


def _require_room(kind: Factor, user: Any) -> None:
    rows = kind.model._default_manager.filter(user=user, confirmed=True)
    if rows.count() >= kind.most:
        raise TooManyDevices


def _require_enrollable(ctx: Context, slug: str) -> Factor:
    kind = registry.get(slug)
    if not kind.is_offered(ctx.host):
        raise FactorNotAvailable
    return kind


def _count_wrong(device: MFADevice) -> MFAError:
    """Count a wrong first response; a set-up that is guessed at is ended."""
    if device.miss(MAX_WRONG):
        return InvalidCode()
    type(device)._default_manager.filter(pk=device.pk, confirmed=False).delete()
    return SetupExpired()
