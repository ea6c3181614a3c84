"""Logins by the forms of django-otp, which ask for the password and a code at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django_otp.models import Device

from django_mfa import clock
from django_mfa.factors import registry
from django_mfa.factors.devices import MFADevice
from django_mfa.values import Proof

if TYPE_CHECKING:
    from django_mfa.session import MFASession


def proven(session: MFASession, user: Any) -> bool:
    """Whether a form of django-otp verified a device of `user` before this login."""
    device = getattr(user, "otp_device", None)
    if not isinstance(device, Device):
        return False
    if device.user_id != user.pk or not device.confirmed:
        return False
    session.admit(user)
    session.add_proof(proof_of(device))
    session.attach(user)
    return True


def proof_of(device: Device) -> Proof:
    if isinstance(device, MFADevice):
        kind = registry.get(device.factor)
        return kind.proof(device, None)
    return Proof("otp", device.persistent_id, int(clock.timestamp()), "aal2", ("otp",))
