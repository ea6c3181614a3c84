"""Codes in text messages."""

from __future__ import annotations

from .factor import SMSFactor

__all__ = ["SMSFactor"]
