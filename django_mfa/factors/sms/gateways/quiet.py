"""Keep providers' libraries from logging what they send."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

#: At DEBUG they log numbers, texts and addresses that hold either.
LOUD = ("boto3", "botocore", "twilio", "urllib3")

_quiet: ContextVar[bool] = ContextVar("django_mfa_quiet", default=False)


class Quiet(logging.Filter):
    """Drops what is logged while a message is sent, and nothing else."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether to keep the record."""
        return not _quiet.get()


_filter = Quiet()


@contextmanager
def nothing_logged() -> Iterator[None]:
    """Drop the records of those libraries, in this thread and until this is over.

    Enter it after their modules are imported: each logger gets a filter of its own,
    since a filter of its parent is not asked.
    """
    for name in list(logging.root.manager.loggerDict):
        if name.partition(".")[0] in LOUD:
            logging.getLogger(name).addFilter(_filter)
    token = _quiet.set(True)
    try:
        yield
    finally:
        _quiet.reset(token)
