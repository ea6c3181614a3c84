"""Logins by the forms of django-otp, which ask for the password and a code at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django_otp.models import Device

from django_mfa import clock, signals
from django_mfa.factors import registry
from django_mfa.factors.devices import MFADevice
from django_mfa.session import Context
from django_mfa.values import Proof, Purpose

if TYPE_CHECKING:
    from django_mfa.session import MFASession


def proven(session: MFASession, user: Any) -> bool:
    """Whether a form of django-otp verified a device of `user` before this login."""
    device = getattr(user, "otp_device", None)
    if not isinstance(device, Device):
        return False
    if device.user_id != user.pk or not device.confirmed:
        return False
    proof = proof_of(device)
    if not _is_news(session, device, proof):
        return False
    session.admit(user)
    session.add_proof(proof)
    session.attach(user)
    _tell(Context.of_login(session, user), device, proof)
    return True


def _tell(context: Context, device: Device, proof: Proof) -> None:
    """Tell of the sign-in, as if the code had been given on a page of ours."""
    ours = device if isinstance(device, MFADevice) else None
    signals.challenge_passed.emit(
        context,
        context.actor,
        device=ours,
        factor=proof.factor,
        purpose=Purpose.LOGIN,
    )
    if ours is not None:
        registry.get(ours.factor).used(context, ours)


def _is_news(session: MFASession, device: Device, proof: Proof) -> bool:
    """Whether `device` was verified for this login, and not in this session before."""
    # SECURITY: `login(request, request.user)` brings along the device that the session
    # has named: an old proof must not become a fresh one, nor an old session young.
    shown = {old.device for old in session.proofs()}
    return getattr(device, "was_verified", False) or proof.device not in shown


def proof_of(device: Device) -> Proof:
    """Return what a device of ours shows; one of another package is some second factor."""
    if isinstance(device, MFADevice):
        kind = registry.get(device.factor)
        return kind.proof(device, None)
    return Proof("otp", device.persistent_id, int(clock.timestamp()), "aal2", ("otp",))
