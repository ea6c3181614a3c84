"""Ask, and judge the answer: the one place for it, whatever the door and purpose."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from django.views.decorators.debug import sensitive_variables

from django_mfa import signals
from django_mfa.accounts import service as accounts
from django_mfa.errors import (
    EnrolmentRequired,
    FactorNotAvailable,
    KeyTrouble,
    LoginExpired,
    MalformedCode,
    MFAError,
    TooManyAttempts,
)
from django_mfa.factors import registry
from django_mfa.factors.devices import MFADevice
from django_mfa.limits import addresses
from django_mfa.values import SPENT, Asking, Proof, Purpose, Verdict

from . import owing, trust

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from django_mfa.factors.base import Factor
    from django_mfa.session import Context, Hold

Accept = Callable[[MFADevice, Proof], None]


class Passed(NamedTuple):
    """A right answer: the proof, and where the person wanted to go."""

    proof: Proof
    next_url: str


def factors_asked(ctx: Context) -> list[Factor]:
    """Return the factors with which the waiting sign-in can go on, the best first."""
    return _factors_of(require_challenge(ctx))


def _factors_of(hold: Hold) -> list[Factor]:
    return [registry.get(slug) for slug in hold.factors if slug in registry.factors()]


@sensitive_variables()
def answer(
    ctx: Context, response: Any, *, factor: str = "", trust_browser: bool = False
) -> Passed:
    """Judge the response to the waiting sign-in and let the person in if it is right.

    With `trust_browser` this browser is not asked again, where policy allows that.
    Raises `InvalidCode`, `MalformedCode`, `TooManyAttempts`, `FactorNotAvailable`,
    `LoginExpired`, `KeyTrouble` or `Unavailable`; then nobody is signed in and the
    hold stays.
    """
    session, hold = ctx.require_session(), require_challenge(ctx)
    kind = choose(_factors_of(hold), response, wanted=factor)
    asking = asking_of(ctx, Purpose.LOGIN, user_pk=hold.user_pk)
    response = kind.take(asking, response)
    devices = kind.candidates(hold.user_pk, response)
    try:
        user = _user_held(hold, kind, devices)
    except LoginExpired:
        session.end_hold()
        raise

    def let_in(device: MFADevice, proof: Proof) -> None:
        device.user.otp_device = device
        before = hold.proofs
        session.sign_in(
            device.user, hold.backend, *before, proof, by_password=not before
        )
        if trust_browser:
            trust.begin(ctx, device.user)

    case = Case(ctx, kind, asking, user)
    try:
        proof = judge(case, devices, response, accept=let_in)
    except FactorNotAvailable:
        # Out of use since the password was given: what is left is offered now.
        session.offer(owing.offered(user, registry.enrolled(user)))
        raise
    return Passed(proof, session.safe_next(hold.next))


def ask(ctx: Context, slug: str) -> Mapping[str, Any]:
    """Make a challenge for the waiting sign-in; what a client needs to answer it."""
    hold = require_challenge(ctx)
    kind = choose_asked(_factors_of(hold), slug)
    return kind.ask(begin_asking(ctx, Purpose.LOGIN, user_pk=hold.user_pk))


def begin_asking(ctx: Context, purpose: Purpose, **of: Any) -> Asking:
    """Return what a new challenge of this context is to be bound to."""
    ctx.require_session().begin_asking()
    return asking_of(ctx, purpose, **of)


def asking_of(ctx: Context, purpose: Purpose, **of: Any) -> Asking:
    """Return what a challenge of this context is bound to."""
    browser = ctx.require_session().browser()
    return Asking(purpose=purpose, browser=browser, host=ctx.host, **of)


def choose_asked(offered: Sequence[Factor], slug: str) -> Factor:
    """Return the factor called `slug`, if it is offered and makes challenges."""
    for kind in offered:
        if kind.slug == slug and kind.is_ceremony:
            return kind
    raise FactorNotAvailable


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


class Case(NamedTuple):
    """One response to be judged: who acts, by which factor, asked what, whom."""

    ctx: Context
    kind: Factor
    asking: Asking
    #: Whom it concerns, as far as that is known before it is judged.
    user: Any = None

    def failed(self, device: MFADevice | None, reason: str, **details: Any) -> None:
        """Tell of a refusal."""
        signals.challenge_failed.emit(
            self.ctx,
            self.user,
            device=device,
            factor=self.kind.slug,
            reason=reason,
            purpose=self.asking.purpose,
            **details,
        )


@sensitive_variables()
def judge(
    case: Case, devices: Sequence[MFADevice], response: Any, *, accept: Accept
) -> Proof:
    """Compare outside the transaction, claim as its first write, then `accept`.

    A refusal is counted and told in a transaction that commits.
    """
    ctx, kind = case.ctx, case.kind
    guessable = kind.model.guessable or not kind.is_ceremony
    if guessable:
        addresses.check(ctx.address)
    verdict = _compare(case, _usable(case, devices), response)
    with ctx.require_session().all_or_nothing():
        if verdict.right and verdict.device.claim(verdict):
            proof = kind.proof(verdict.device, verdict)
            accept(verdict.device, proof)
            _passed(case, verdict)
            return proof
        error = _refuse(case, verdict)
    if guessable and verdict.is_charged:
        addresses.charge(ctx.address)
    raise error


def _usable(case: Case, devices: Sequence[MFADevice]) -> Sequence[MFADevice]:
    """Return the devices that may answer now; refuse a lock that is visible."""
    if case.kind.is_ceremony:
        # Its challenge is spent: whatever comes now is judged, refused and told.
        return devices
    usable = [device for device in devices if device.is_usable]
    if not usable:
        raise FactorNotAvailable
    _require_unlocked(case, usable[0])
    return usable


def require_challenge(ctx: Context) -> Hold:
    """Return the sign-in that waits for a proof; raise `LoginExpired` or `EnrolmentRequired`."""
    hold = ctx.require_session().require_hold()
    if hold.owed != "proof":
        raise EnrolmentRequired
    return hold


def _user_held(hold: Hold, kind: Factor, devices: Sequence[MFADevice]) -> Any:
    """Return the user who waits; raise `LoginExpired` if that is over."""
    if not devices and not kind.is_ceremony:
        raise LoginExpired
    user = devices[0].user if devices else accounts.find_user(hold.user_pk)
    hold.check_user(user)
    return user


def _require_unlocked(case: Case, device: MFADevice) -> None:
    until = device.refused_until()
    if until:
        # A lock that can be seen refuses before any slow digest is computed.
        with case.ctx.require_session().all_or_nothing():
            case.failed(device, "locked")
        raise TooManyAttempts(retry_at=until)


@sensitive_variables()
def _compare(case: Case, devices: Sequence[MFADevice], response: Any) -> Verdict:
    try:
        return case.kind.judge(devices, response)
    except KeyTrouble as error:
        device, wrong = (error.details.pop(name) for name in ("device", "refused"))
        why = error.details.get("why", "")
        with case.ctx.require_session().all_or_nothing():
            if wrong:
                # SECURITY: a device that cannot be opened must not make guesses at
                # the others free.
                _refuse(case, wrong)
            signals.key_trouble.emit(case.ctx, case.user, device=device, reason=why)
        if wrong and wrong.is_charged:
            addresses.charge(case.ctx.address)
        raise


def _passed(case: Case, verdict: Verdict) -> None:
    device = verdict.device
    signals.challenge_passed.emit(
        case.ctx,
        device.user,
        device=device,
        purpose=case.asking.purpose,
        **verdict.details,
    )
    case.kind.used(case.ctx, device)


def _refuse(case: Case, verdict: Verdict) -> MFAError:
    """Count and tell a refusal; must run in a transaction."""
    device: MFADevice | None = verdict.device
    if device is None:
        case.failed(None, verdict.reason, **verdict.details)
        return case.kind.refusal(case.asking, verdict)
    if not verdict.is_charged:
        until = _lock_now(device) if verdict.right else None
        case.failed(device, "locked" if until else SPENT)
        return _told(case, verdict, until)
    charge = device.charge()
    reason = verdict.reason if charge.judged else "locked"
    case.failed(device, reason, **verdict.details)
    if charge.device_disabled:
        signals.device_disabled.emit(
            case.ctx, device.user, device=device, reason=charge.why
        )
    return _told(case, verdict, _new_lock(case.ctx, device, judged=charge.judged))


def _told(case: Case, verdict: Verdict, until: datetime | None) -> MFAError:
    if until:
        return TooManyAttempts(retry_at=until)
    return case.kind.refusal(case.asking, verdict)


def _new_lock(ctx: Context, device: MFADevice, *, judged: bool) -> datetime | None:
    """Return the end of the lock that this failure ran into, told to the log once."""
    if judged and not device.may_have_locked():
        return None
    if until := device.announce_lock(judged=judged):
        device.lock_event.emit(ctx, device.user, device=device, until=until.isoformat())
        return until
    return _lock_now(device)


def _lock_now(device: MFADevice) -> datetime | None:
    rows = type(device)._default_manager.select_related("user__mfa_account")
    fresh = rows.filter(pk=device.pk).first()
    return fresh.refused_until() if fresh else None
