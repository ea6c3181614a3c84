"""Passkeys and security keys (WebAuthn Level 3)."""

from __future__ import annotations

from .factor import PasskeyFactor

__all__ = ["PasskeyFactor"]
