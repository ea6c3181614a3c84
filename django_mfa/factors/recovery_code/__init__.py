"""Single-use codes to keep on paper, for the day the phone is gone."""

from __future__ import annotations

from .factor import RecoveryCodeFactor

__all__ = ["RecoveryCodeFactor"]
