"""Every model of the package, by name; each lives in its own room."""

from __future__ import annotations

from .accounts.models import MFAAccount
from .audit.models import AuditEvent
from .factors.recovery_code.models import RecoveryCode, RecoveryCodeSet
from .factors.totp.models import TOTPDevice

__all__ = [
    "AuditEvent",
    "MFAAccount",
    "RecoveryCode",
    "RecoveryCodeSet",
    "TOTPDevice",
]
