"""Codes from an authenticator app (RFC 6238)."""

from .factor import TOTPFactor

__all__ = ["TOTPFactor"]
