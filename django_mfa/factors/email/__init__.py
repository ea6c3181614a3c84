"""Codes by e-mail."""

from __future__ import annotations

from .factor import EmailFactor

__all__ = ["EmailFactor"]
