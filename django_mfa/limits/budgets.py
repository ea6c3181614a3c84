"""Budgets of sent codes, counted by one conditional UPDATE for each subject.

The database is the truth: of any number of sends at once no more pass than a budget
holds, with any number of processes and without a cache. Hours, days and months are
those of UTC.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from django.db import OperationalError
from django.db.models import Case, F, IntegerField, Q, Value, When

from django_mfa import clock, conf
from django_mfa.errors import SendRefused

from .models import SendCounter

if TYPE_CHECKING:
    from collections.abc import Sequence

WINDOWS = ("hour", "day", "month")
MONTHS = 12
#: As many as may wait in one circle; each time one more of them is done.
TRIES = 20


class Subject(NamedTuple):
    """Who or what has a budget: the `scope` that settings name, and a digest of which."""

    scope: str
    digest: str
    #: What it may have at least, where it has a limit.
    least: int = 0

    def limits(self) -> dict[str, int]:
        """Return the windows that are limited, and how many sends each allows."""
        sends = conf.get().SENDS
        named = {each: f"{self.scope}_{each}".upper() for each in WINDOWS}
        found = {each: getattr(sends, name) for each, name in named.items()}
        return {each: max(n, self.least) for each, n in found.items() if n > 0}


def prepare(subjects: Sequence[Subject], tries: int = TRIES) -> None:
    """Make the counters that are not there yet; call it outside of transactions.

    MariaDB locks the gaps around rows that are inserted: in one transaction with the
    counting, sends that begin together would wait for one another in a circle. Even
    single inserts can, and MariaDB gives one of them up: it looks again.
    """
    digests = [subject.digest for subject in subjects]
    rows = SendCounter.objects.filter(digest__in=digests)
    known = set(rows.values_list("digest", flat=True))
    missing = [SendCounter(digest=each) for each in digests if each not in known]
    try:
        for counter in missing:
            SendCounter.objects.bulk_create([counter], ignore_conflicts=True)
    except OperationalError:
        if tries <= 1:
            raise
        prepare(subjects, tries - 1)


def claim(subjects: Sequence[Subject]) -> None:
    """Count one send of every subject; raise `SendRefused` when one has no more room.

    Must run in a transaction, which the refusal undoes. All callers must name their
    subjects in the same order, narrow ones first: so no two wait for one another.
    """
    for subject in subjects:
        if not _count(subject):
            raise _refusal(subject)


def give_back(subjects: Sequence[Subject], at: datetime) -> None:
    """Take back a send that was counted at `at`, where its windows still run.

    Must run in a transaction.
    """
    windows = _windows(at)
    for subject in subjects:
        rows = SendCounter.objects.filter(digest=subject.digest)
        rows.update(
            **{
                f"in_{each}": _one_less(each, number)
                for each, number in windows.items()
            }
        )


def is_first_today(digest: str) -> bool:
    """Whether nobody asked this of `digest` today (UTC); of many at once one is first.

    Call it outside of transactions.
    """
    prepare([Subject("", digest)])
    windows = _windows(clock.now())
    rows = SendCounter.objects.filter(digest=digest, day__lt=windows["day"])
    return bool(rows.update(day=windows["day"], month=windows["month"]))


def prune() -> int:
    """Delete the counters that nothing was counted in this month or the last."""
    month = _windows(clock.now())["month"]
    return SendCounter.objects.filter(month__lt=month - 1).delete()[0]


def _count(subject: Subject) -> bool:
    rows = SendCounter.objects.filter(digest=subject.digest)
    values: dict[str, Case] = {}
    limits = subject.limits()
    for each, number in _windows(clock.now()).items():
        # A window that runs on another server, whose clock is ahead, is this one too.
        over = Q(**{f"{each}__lt": number})
        if each in limits:
            rows = rows.filter(over | Q(**{f"in_{each}__lt": limits[each]}))
        # MariaDB assigns from left to right: the count stands before its window.
        values[f"in_{each}"] = Case(When(over, then=1), default=F(f"in_{each}") + 1)
        values[each] = Case(
            When(over, then=Value(number)),
            default=F(each),
            output_field=IntegerField(),
        )
    return bool(rows.update(**values))


def _refusal(subject: Subject) -> SendRefused:
    now = clock.now()
    rows = SendCounter.objects.filter(digest=subject.digest)
    row = rows.first() or SendCounter()
    full = [
        each
        for each, limit in subject.limits().items()
        if getattr(row, f"in_{each}") >= limit
        and getattr(row, each) >= _windows(now)[each]
    ]
    # Others may have given theirs back since: then it is the narrowest window.
    window = full[-1] if full else WINDOWS[0]
    return SendRefused(retry_at=_end(window, now), why=f"{subject.scope}_{window}")


def _one_less(window: str, number: int) -> Case:
    name = f"in_{window}"
    here = When(**{window: number, f"{name}__gt": 0}, then=F(name) - 1)
    return Case(here, default=F(name))


def _windows(at: datetime) -> dict[str, int]:
    """Return the numbers of the hour, the day and the month that `at` lies in."""
    hours = int(at.timestamp()) // 3600
    day = at.astimezone(UTC)
    return {"hour": hours, "day": hours // 24, "month": day.year * MONTHS + day.month}


def _end(window: str, now: datetime) -> datetime:
    start = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    if window == "hour":
        return start + timedelta(hours=1)
    if window == "day":
        return start.replace(hour=0) + timedelta(days=1)
    return (start.replace(day=1, hour=0) + timedelta(days=32)).replace(day=1)
