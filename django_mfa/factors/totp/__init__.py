"""Codes from an authenticator app (RFC 6238)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django_mfa.extras import late

if TYPE_CHECKING:
    from .factor import TOTPFactor

__all__ = ["TOTPFactor"]

# Django imports this package for its models; the rest can wait.
__getattr__ = late(__name__, TOTPFactor="factor")
