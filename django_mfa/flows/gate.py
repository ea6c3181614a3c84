"""Nobody is logged in by a password alone: the one gate of every login path."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from asgiref.sync import sync_to_async
from django.contrib.auth import BACKEND_SESSION_KEY
from django.contrib.auth.models import AnonymousUser
from django_otp.models import Device

from django_mfa import clock
from django_mfa.accounts import service as accounts
from django_mfa.factors import registry
from django_mfa.factors.devices import MFADevice
from django_mfa.policy import engine
from django_mfa.session import MFASession, Owed
from django_mfa.values import Proof

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.contrib.auth.base_user import AbstractBaseUser


def owed(user: AbstractBaseUser) -> tuple[Owed | None, tuple[str, ...]]:
    """Return what `user` must show after the password, and by which factors."""
    devices = registry.enrolled(user)
    if devices:
        # SECURITY: a disabled device still stands guard, else twenty wrong codes
        # would switch the second factor off.
        return "proof", offered(user, devices)
    if engine.must_enrol_now(user):
        return "enrolment", ()
    return None, ()


def offered(
    user: AbstractBaseUser, devices: Sequence[registry.Enrolled]
) -> tuple[str, ...]:
    """Return the factors that can be asked for, the best first, recovery codes last."""
    default = accounts.of(user).default_device

    def order(device: registry.Enrolled) -> tuple[bool, bool, float, int]:
        used = device.last_used.timestamp() if device.last_used else 0.0
        kind = device.kind
        chosen = device.public_id == default
        return (not kind.primary, not chosen, -used, -kind.rank)

    usable = [device for device in devices if device.disabled_at is None]
    return tuple(dict.fromkeys(d.factor for d in sorted(usable, key=order)))


def meet_login(sender: Any, request: Any, user: Any, **kwargs: Any) -> None:
    """Receiver of `user_logged_in`: let in who owes nothing, take back all others."""
    if getattr(request, "session", None) is None:
        return
    session = MFASession(request)
    if session.is_admitting(user) or not session.is_signed_in(user):
        return
    session.make_room(user)
    if _proven_by_django_otp(session, user) or _still_proven(session, user):
        return
    # For the middleware: the view believes that the person is in.
    request.mfa_held_now = bool(
        let_in_or_hold(session, user, next_url=_next_of(request))
    )


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
    if what is None:
        session.admit(user, at=at)
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


def review(session: MFASession, user: Any, *, exempt: bool) -> Any:
    """`user` as this request may see them: anonymous if something came to be owed."""
    if not session.has_passed_gate():
        # SECURITY: a session from before this package was there: nobody gave a
        # password just now, so it is not fresh enough to set up a factor.
        let_in_or_hold(session, user, at=0)
    elif not is_settled(session, user):
        _ask_again(session, user)
    elif not session.proofs() and not exempt and engine.must_enrol_now(user):
        # SECURITY: it waits since the password was given, for nothing else guards a
        # first factor; the cookie of an old session must not be enough to enrol.
        backend = session.store[BACKEND_SESSION_KEY]
        at = session.password_at() or 0
        session.begin_hold(user, backend, owed="enrolment", at=at)
    if not session.is_signed_in(user):
        user = AnonymousUser()
    session.attach(user)
    return user


async def areview(session: MFASession, user: Any, *, exempt: bool) -> Any:
    """`review` on the event loop; a verified session needs no thread."""
    user.mfa_account = await accounts.aof(user)
    if is_settled(session, user) and session.proofs():
        session.attach(user)
        return user
    return await sync_to_async(review)(session, user, exempt=exempt)


def is_settled(session: MFASession, user: AbstractBaseUser) -> bool:
    """Whether this sign-in passed the gate and no factor has changed since."""
    return session.has_passed_gate() and session.epoch() == accounts.epoch_of(user)


def _ask_again(session: MFASession, user: AbstractBaseUser) -> None:
    """End the proofs of a session that did not make the change of factors."""
    what, factors = owed(user)
    if what != "proof":
        # The factors are gone, by their owner elsewhere or by an administrator:
        # whoever sits here starts again with the password.
        session.sign_out()
        return
    backend = session.store[BACKEND_SESSION_KEY]
    session.begin_hold(user, backend, owed=what, factors=factors)


def _still_proven(session: MFASession, user: AbstractBaseUser) -> bool:
    """Whether this very session had shown its proofs before a repeated login."""
    if not (is_settled(session, user) and session.proofs()):
        return False
    session.admit(user)
    session.attach(user)
    return True


def _proven_by_django_otp(session: MFASession, user: Any) -> bool:
    """Whether a form of django-otp verified a device of `user` before this login."""
    device = getattr(user, "otp_device", None)
    if not isinstance(device, Device):
        return False
    if device.user_id != user.pk or not device.confirmed:
        return False
    session.admit(user)
    session.add_proof(_proof_of(device))
    session.attach(user)
    return True


def _proof_of(device: Device) -> Proof:
    if isinstance(device, MFADevice):
        kind = registry.get(device.factor)
        return kind.proof(device, None)
    return Proof("otp", device.persistent_id, int(clock.timestamp()), "aal2", ("otp",))


def _next_of(request: Any) -> str:
    return str(request.POST.get("next") or request.GET.get("next") or "")
