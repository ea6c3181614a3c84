"""The circuit breaker: where hardly any code is used, nothing more is sent for a while.

Fraudsters have codes sent to numbers that they earn from (pumping). Nobody answers
those codes, and their numbers lie in one block or one country. The people who live
there go on signing in: theirs were proven before it began, and their codes are used.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from django.db.models import Count, Q

from django_mfa import clock, conf, signals
from django_mfa.errors import SendRefused
from django_mfa.values import Purpose

from .models import SendPause, SendRecord

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django_mfa.session import Context


#: Why a code was refused.
WHY = "pause"
#: Of so many codes to a number that was proven one must have been used.
LAST = 5


class Place(NamedTuple):
    """Where messages go: a column of the record, its value, its name for people."""

    column: str
    value: str
    label: str

    @property
    def key(self) -> str:
        """Under which its pause is kept."""
        return f"{self.column}:{self.value}"


class Known(NamedTuple):
    """A number that was proven: since when, and the digests of itself and its block."""

    since: datetime
    number: str
    prefix: str


def check(places: Sequence[Place], known: Known | None) -> None:
    """Raise `SendRefused` when sending to one of the places pauses, but for who lives there."""
    rows = SendPause.objects.filter(_one_of(places), until__gt=clock.now())
    found = list(rows) if places else []
    if not found or (known and _lives_there(known, found)):
        return
    raise SendRefused(retry_at=max(pause.until for pause in found), why=WHY)


def judge(context: Context, factor: str, places: Sequence[Place]) -> None:
    """Begin a pause where too few of the codes sent were used.

    Runs in the transaction of a send, which is let through; the next ones are not.
    """
    if conf.get().SENDS.BREAKER_SENDS <= 0 or not places:
        return
    known = {row.place: row for row in SendPause.objects.filter(_one_of(places))}
    for place in places:
        before = known.get(place.key)
        sent, answered = _counts(place, before.until if before else None)
        if _is_strange(sent, answered) and _open(place, sent, answered):
            signals.sends_paused.emit(
                context,
                None,
                factor=factor,
                reason="unanswered",
                place=place.label,
                sent=sent,
                answered=answered,
                until=_until().isoformat(),
            )


def end(context: Context, pause: SendPause) -> bool:
    """End a pause before its time; False when it is over already.

    Must run in a transaction. What was sent before is not looked at again.
    """
    now = clock.now()
    if not SendPause.objects.filter(pk=pause.pk, until__gt=now).update(until=now):
        return False
    signals.sends_resumed.emit(context, None, place=pause.label)
    return True


def prune(since: datetime) -> int:
    """Delete the pauses that were over by then."""
    return SendPause.objects.filter(until__lt=since).delete()[0]


def _lives_there(known: Known, found: Sequence[SendPause]) -> bool:
    """Whether a number was proven before what began the pauses, and its codes are used."""
    window = timedelta(seconds=conf.get().SENDS.BREAKER_WINDOW)
    if known.since > min(pause.opened for pause in found) - window:
        return False
    # SECURITY: fraudsters who bide their time prove their numbers first. And what
    # strangers had sent there, to set it up, says nothing of its owner.
    rows = SendRecord.objects.filter(
        _is_over(), prefix=known.prefix, destination=known.number
    )
    rows = rows.exclude(purpose=Purpose.ENROL).order_by("-pk")
    last = rows.values_list("answered", flat=True)[:LAST]
    return len(last) < LAST or any(last)


def _is_over() -> Q:
    """Codes that were sent and can no longer be used."""
    end = clock.now() - timedelta(seconds=conf.get().SENT_CODES.SMS_TTL)
    return Q(at__lte=end, state__in=(SendRecord.RESERVED, SendRecord.SENT))


def _one_of(places: Sequence[Place]) -> Q:
    return Q(place__in=[place.key for place in places])


def _counts(place: Place, since: datetime | None) -> tuple[int, int]:
    """How many codes went there since the last pause, and how many of them were used.

    Those that can still be used are left out; so are those that were not sent.
    """
    begin = clock.now() - timedelta(seconds=conf.get().SENDS.BREAKER_WINDOW)
    rows = SendRecord.objects.filter(
        _is_over(), **{place.column: place.value}, at__gte=max(begin, since or begin)
    )
    found: dict[str, Any] = rows.aggregate(
        sent=Count("pk"), used=Count("pk", filter=Q(answered__isnull=False))
    )
    return found["sent"], found["used"]


def _is_strange(sent: int, answered: int) -> bool:
    sends = conf.get().SENDS
    return sent >= sends.BREAKER_SENDS and (
        answered * 100 < sent * sends.BREAKER_ANSWERED
    )


def _open(place: Place, sent: int, answered: int) -> bool:
    """Begin the pause; of any number of sends that find it due, one does."""
    now = clock.now()
    over = {"label": place.label, "opened": now, "until": now, "sends": 0}
    SendPause.objects.get_or_create(place=place.key, defaults={**over, "answered": 0})
    rows = SendPause.objects.filter(place=place.key, until__lte=now)
    return bool(rows.update(opened=now, until=_until(), sends=sent, answered=answered))


def _until() -> datetime:
    return clock.now() + timedelta(seconds=conf.get().SENDS.BREAKER_PAUSE)
