"""Many at once: threads that start together, each with connections of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from threading import Barrier, Thread
from typing import Any

from django.db import connections


def all_at_once(jobs: Sequence[Callable[[], Any]]) -> list[Any]:
    """Run the jobs together; return what each returned, or the error it raised."""
    results: list[Any] = [None] * len(jobs)
    barrier = Barrier(len(jobs))

    def run(number: int) -> None:
        try:
            barrier.wait(timeout=30)
            results[number] = jobs[number]()
        except Exception as error:  # noqa: BLE001  # the test looks at it
            results[number] = error
        finally:
            connections.close_all()

    threads = [Thread(target=run, args=(number,)) for number in range(len(jobs))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert not any(thread.is_alive() for thread in threads)
    return results


def statuses(results: Sequence[Any]) -> list[int]:
    """The status codes of answers; raises the first error instead."""
    for result in results:
        if isinstance(result, Exception):
            raise result
    return [result.status_code for result in results]
