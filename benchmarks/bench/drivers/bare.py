from __future__ import annotations

from .base import Driver


class Bare(Driver):
    """Django alone."""

    has_second_step = False


driver = Bare()
