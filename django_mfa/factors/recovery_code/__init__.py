"""Single-use codes to keep on paper, for the day the phone is gone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django_mfa.extras import late

if TYPE_CHECKING:
    from .factor import RecoveryCodeFactor

__all__ = ["RecoveryCodeFactor"]

# Django imports this package for its models; the rest can wait.
__getattr__ = late(__name__, RecoveryCodeFactor="factor")
