"""Challenges that a code answers which was sent: a few tries, one use, one sending.

Each step is one conditional UPDATE, so parallel guesses count as if they came one
after the other, and a task that is repeated sends nothing twice.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from django.db.models import F

from django_mfa import clock
from django_mfa.values import NOTHING, Purpose

from . import service
from .models import Challenge

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from django_mfa.values import Asking

#: For how long it is worth telling, if a queue is slow.
NEWS = timedelta(hours=1)


class Made(NamedTuple):
    """A code that was made: the row it gets, its digest, where it goes, for how long."""

    pk: UUID
    digest: str
    device: UUID
    lifetime: int
    state: Mapping[str, Any] = NOTHING


def issue(factor: str, asking: Asking, made: Made) -> Challenge:
    """Keep what is to be sent now; the code before it is over at once."""
    service.spend(factor, asking)
    service.tidy(asking.browser)
    now = clock.now()
    return Challenge.objects.create(
        id=made.pk,
        digest=made.digest,
        user_id=asking.user_pk,
        factor=factor,
        device=made.device,
        purpose=asking.purpose,
        binding=asking.browser,
        state=dict(made.state),
        issued=now,
        expires=now + timedelta(seconds=made.lifetime),
    )


def announce(factor: str, pk: UUID, user_pk: Any) -> None:
    """Keep that something is to be sent which nobody answers, for `begin_sending`."""
    now = clock.now()
    Challenge.objects.create(
        id=pk,
        digest=pk.hex,
        user_id=user_pk,
        factor=factor,
        purpose=Purpose.NOTICE,
        issued=now,
        expires=now + NEWS,
    )


def latest(factor: str, asking: Asking) -> Challenge | None:
    """Return what was sent last to this person, in this browser, for this purpose."""
    if not asking.browser:
        return None
    # SECURITY: the binding stands in the query: a code serves in one browser, for
    # one person and one purpose.
    rows = Challenge.objects.filter(
        binding=asking.browser,
        factor=factor,
        purpose=asking.purpose,
        user_id=asking.user_pk,
    )
    # Of two in one instant the open one is the newer.
    return rows.order_by("-issued", F("taken").asc(nulls_first=True)).first()


def use(pk: Any, *, tries: int) -> bool:
    """Spend a code that was right; False when it was spent, is over or has no try left.

    Must run in a transaction.
    """
    return bool(_open(pk, tries).update(taken=clock.now()))


def count_try(pk: Any, *, tries: int) -> bool:
    """Count an answer; False when there is no try left."""
    return bool(_open(pk, tries).update(tries=F("tries") + 1))


def give_try_back(pk: Any) -> None:
    """Take back a try that nobody could judge."""
    Challenge.objects.filter(pk=pk, tries__gt=0).update(tries=F("tries") - 1)


def begin_sending(pk: Any) -> Challenge | None:
    """Take it upon oneself to send a code; None when somebody did, or it is over."""
    rows = Challenge.objects.filter(pk=pk, taken=None, sent=None)
    if not rows.filter(expires__gt=clock.now()).update(sent=clock.now()):
        return None
    return Challenge.objects.filter(pk=pk).first()


def note(asked: Challenge, **came: Any) -> None:
    """Keep what came of the sending, by whoever began it."""
    asked.state = {**asked.state, **came}
    Challenge.objects.filter(pk=asked.pk).update(state=asked.state)


def _open(pk: Any, tries: int) -> Any:
    return Challenge.objects.filter(
        pk=pk, taken=None, tries__lt=tries, expires__gt=clock.now()
    )
