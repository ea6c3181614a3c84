"""Every model of the package, by name; each lives in its own room."""

from __future__ import annotations

from .accounts.models import MFAAccount
from .app_passwords.models import AppPassword
from .approvals.models import Approval
from .audit.models import AuditEvent
from .challenges.models import Challenge
from .clients.models import ClientSession
from .factors.passkey.models import AuthenticatorModel, Passkey
from .factors.recovery_code.models import RecoveryCode, RecoveryCodeSet
from .factors.totp.models import TOTPDevice
from .policy.models import Exemption, Policy
from .trusted_devices.models import TrustedDevice

__all__ = [
    "AppPassword",
    "Approval",
    "AuditEvent",
    "AuthenticatorModel",
    "Challenge",
    "ClientSession",
    "Exemption",
    "MFAAccount",
    "Passkey",
    "Policy",
    "RecoveryCode",
    "RecoveryCodeSet",
    "TOTPDevice",
    "TrustedDevice",
]
