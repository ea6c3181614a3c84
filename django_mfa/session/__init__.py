"""What a session knows, and the context in which a flow acts."""

from __future__ import annotations

from .context import Context
from .hold import Hold, Owed
from .port import MFASession

__all__ = ["Context", "Hold", "MFASession", "Owed"]
