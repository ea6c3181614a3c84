"""Every model of the package, by name; each lives in its own room."""

from __future__ import annotations

from .accounts.models import MFAAccount
from .app_passwords.models import AppPassword
from .approvals.models import Approval
from .audit.models import AuditEvent
from .challenges.models import Challenge
from .clients.models import ClientSession
from .factors.email.models import EmailDevice
from .factors.passkey.models import AuthenticatorModel, Passkey
from .factors.recovery_code.models import RecoveryCode, RecoveryCodeSet
from .factors.sms.models import PhoneDevice
from .factors.totp.models import TOTPDevice
from .limits.models import SendCounter, SendPause, SendRecord
from .policy.models import Exemption, Policy
from .trusted_devices.models import TrustedDevice

__all__ = [
    "AppPassword",
    "Approval",
    "AuditEvent",
    "AuthenticatorModel",
    "Challenge",
    "ClientSession",
    "EmailDevice",
    "Exemption",
    "MFAAccount",
    "Passkey",
    "PhoneDevice",
    "Policy",
    "RecoveryCode",
    "RecoveryCodeSet",
    "SendCounter",
    "SendPause",
    "SendRecord",
    "TOTPDevice",
    "TrustedDevice",
]
