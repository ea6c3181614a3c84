"""Ask once, be answered once: a challenge is spent before its answer is judged."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django_mfa import clock
from django_mfa.updates import compare_and_set

from .models import Challenge

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django_mfa.values import Asking

#: Challenges that one browser can have open at once: a few tabs.
MAX_OPEN = 16

#: Why a challenge does not serve, for the audit row.
UNKNOWN, TAKEN, EXPIRED = "challenge_unknown", "challenge_spent", "challenge_expired"
OTHER_PURPOSE, OTHER_BROWSER = "challenge_other_purpose", "challenge_other_browser"
OTHER_USER = "challenge_other_user"


def digest(challenge: bytes) -> str:
    """Return under what a challenge is kept."""
    return hashlib.sha256(challenge).hexdigest()


def issue(
    factor: str,
    asking: Asking,
    challenge: bytes,
    *,
    lifetime: int,
    state: Mapping[str, Any] | None = None,
) -> Challenge:
    """Keep what is asked now; challenges of this browser that are over go."""
    tidy(asking.browser)
    now = clock.now()
    asked = {
        "user_id": asking.user_pk,
        "factor": factor,
        "purpose": asking.purpose,
        "binding": asking.browser,
        "state": dict(state or {}),
        "issued": now,
        "expires": now + timedelta(seconds=lifetime),
        "taken": None,
    }
    # Two equal challenges are made by tests alone; then the newer one counts.
    row, _made = Challenge.objects.update_or_create(
        digest=digest(challenge), defaults=asked
    )
    return row


def take(factor: str, asking: Asking, challenge: bytes) -> str:
    """Spend a challenge; return why it does not serve, an empty text if it does.

    One conditional UPDATE that commits by itself: call it outside of transactions
    and before anything is judged. Of any number of answers one gets it.
    """
    now = clock.now()
    named = {"digest": digest(challenge), "factor": factor, "taken": None}
    serves = {**named, **_bound_to(asking), "expires__gt": now}
    if compare_and_set(Challenge, serves, {"taken": now}):
        return ""
    # SECURITY: a challenge that was answered in the wrong place is spent as well.
    fits_not = _reason(factor, asking, challenge)
    compare_and_set(Challenge, named, {"taken": now})
    if fits_not == UNKNOWN:
        spend(factor, asking)
    return fits_not


def spend(factor: str, asking: Asking) -> None:
    """Spend whatever this browser was asked for this purpose: it answered nonsense."""
    rows = Challenge.objects.filter(
        binding=asking.browser, factor=factor, purpose=asking.purpose, taken=None
    )
    rows.update(taken=clock.now())


def state_of(challenge: bytes) -> dict[str, Any]:
    """Return what was noted when this was asked."""
    rows = Challenge.objects.filter(digest=digest(challenge))
    return rows.values_list("state", flat=True).first() or {}


def prune(most: int | None = None) -> int:
    """Delete the challenges that are over, the oldest `most`; return how many there were."""
    over = Challenge.objects.filter(expires__lte=clock.now())
    if most is not None:
        oldest = over.order_by("expires").values_list("pk", flat=True)[:most]
        # A list: MariaDB takes no LIMIT in a sub-query.
        over = Challenge.objects.filter(pk__in=list(oldest))
    return over.delete()[0]


def _bound_to(asking: Asking) -> dict[str, Any]:
    """Return what binds a challenge to user, purpose and browser."""
    return {
        "user_id": asking.user_pk,
        "purpose": asking.purpose,
        "binding": asking.browser,
    }


def _reason(factor: str, asking: Asking, challenge: bytes) -> str:
    row = Challenge.objects.filter(digest=digest(challenge), factor=factor).first()
    if row is None:
        return UNKNOWN
    wrong = {
        TAKEN: row.taken is not None,
        OTHER_BROWSER: row.binding != asking.browser,
        OTHER_PURPOSE: row.purpose != asking.purpose,
        OTHER_USER: row.user_id != asking.user_pk,
        EXPIRED: row.expires <= clock.now(),
    }
    # None of them: another answer got it between the two looks.
    return next((reason for reason, holds in wrong.items() if holds), TAKEN)


def tidy(browser: str) -> None:
    """Delete what this browser was asked that is over, or one too many."""
    rows = Challenge.objects.filter(binding=browser)
    rows.filter(expires__lte=clock.now()).delete()
    kept = rows.order_by("-issued").values_list("pk", flat=True)[MAX_OPEN - 1 :]
    if kept:
        rows.filter(pk__in=list(kept)).delete()
