"""What time it is, for the whole package; tests move it with `testing.freeze`."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

#: Seconds by which the clocks of two servers of a site may differ.
SLACK = 5


class Clock:
    """A source of time that can be set aside for a frozen one."""

    def __init__(self) -> None:
        self.frozen: float | None = None

    def timestamp(self) -> float:
        """Seconds since 1970-01-01 UTC."""
        return time.time() if self.frozen is None else self.frozen


_clock = Clock()


def timestamp() -> float:
    """Seconds since 1970-01-01 UTC."""
    return _clock.timestamp()


def now() -> datetime:
    """Return the present instant, aware, in UTC."""
    return datetime.fromtimestamp(_clock.timestamp(), tz=UTC)


def soon() -> datetime:
    """Return the latest instant that may be the present one of another server."""
    return now() + timedelta(seconds=SLACK)


def set_frozen(at: float | None) -> float | None:
    """Stop the clock at `at`, or let it run with None; return what was set before."""
    before, _clock.frozen = _clock.frozen, at
    return before
