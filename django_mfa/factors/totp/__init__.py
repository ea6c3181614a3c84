"""Codes from an authenticator app (RFC 6238)."""

from __future__ import annotations

from .factor import TOTPFactor

__all__ = ["TOTPFactor"]
