"""Passkeys and security keys (WebAuthn Level 3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django_mfa.extras import late

if TYPE_CHECKING:
    from .factor import PasskeyFactor

__all__ = ["PasskeyFactor"]

# Django imports this package for its models; the rest can wait.
__getattr__ = late(__name__, PasskeyFactor="factor")
