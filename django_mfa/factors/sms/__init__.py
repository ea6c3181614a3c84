"""Codes in text messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django_mfa.extras import late

if TYPE_CHECKING:
    from .factor import SMSFactor

__all__ = ["SMSFactor"]

# Django imports this package for its models; the rest can wait.
__getattr__ = late(__name__, SMSFactor="factor")
