"""Every model of the package, by name; each lives in its own room."""

from __future__ import annotations

from .accounts.models import MFAAccount
from .audit.models import AuditEvent
from .challenges.models import Challenge
from .factors.passkey.models import AuthenticatorModel, Passkey
from .factors.recovery_code.models import RecoveryCode, RecoveryCodeSet
from .factors.totp.models import TOTPDevice

__all__ = [
    "AuditEvent",
    "AuthenticatorModel",
    "Challenge",
    "MFAAccount",
    "Passkey",
    "RecoveryCode",
    "RecoveryCodeSet",
    "TOTPDevice",
]
