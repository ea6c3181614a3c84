"""What one request costs whatever the machine: queries, commits, cache, slow digests."""

from __future__ import annotations

import hashlib
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from django.core.cache.backends.locmem import LocMemCache
from django.db import connection

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

READS = {"SELECT", "WITH"}
WRITES = {"INSERT", "UPDATE", "DELETE"}
SLOW = ("pbkdf2_hmac", "scrypt")
CACHE = ("add", "delete", "get", "incr", "set", "touch")

counted: Counter[str] = Counter()


def _counting(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    def call(*args: Any, **kwargs: Any) -> Any:
        counted[name] += 1
        return function(*args, **kwargs)

    return call


class CountingCache(LocMemCache):
    """Django's cache in memory, which counts what is asked of it."""


for _name in CACHE:
    setattr(CountingCache, _name, _counting("cache", getattr(LocMemCache, _name)))


class Writes:
    """Counts statements, and the commits that had something to keep."""

    def __init__(self) -> None:
        self.waiting = False
        self.plain_commit = connection.commit

    def execute(self, run: Any, sql: Any, params: Any, many: Any, context: Any) -> Any:
        verb = str(sql).split(None, 1)[0].upper()
        if verb in READS | WRITES:
            counted["queries"] += 1
        if verb in WRITES:
            self.waiting = connection.in_atomic_block
            counted["commits"] += not self.waiting
        return run(sql, params, many, context)

    def commit(self) -> None:
        counted["commits"] += self.waiting
        self.waiting = False
        self.plain_commit()


@contextmanager
def counting() -> Iterator[Counter[str]]:
    """Count what happens inside."""
    writes, plain = Writes(), {name: getattr(hashlib, name) for name in SLOW}
    counted.clear()
    connection.commit = writes.commit
    for name, function in plain.items():
        setattr(hashlib, name, _counting("digests", function))
    try:
        with connection.execute_wrapper(writes.execute):
            yield counted
    finally:
        del connection.commit
        for name, function in plain.items():
            setattr(hashlib, name, function)
