"""Made, found and noted: the rows, and the passwords that are never stored.

128 random bits need no slow digest: nobody tries them all, and a request with one
must stay cheap (NIST SP 800-63B-4 section 3.1.2.2 asks for 112). The digest is keyed,
so that who can write the table cannot plant a password of their own.
"""

from __future__ import annotations

import re
import secrets
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.utils.crypto import constant_time_compare
from django.views.decorators.debug import sensitive_variables

from django_mfa import clock, crypto
from django_mfa.limits.addresses import prefix_of
from django_mfa.values import Secret

from .models import MARK, AppPassword

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

PURPOSE = "app_password"
SHAPE = re.compile(rf"{MARK}([0-9a-f]{{12}})_([0-9a-f]{{32}})", re.ASCII)

#: At most one write in this time tells of uses from known places.
NOTED_EVERY = timedelta(minutes=1)
#: Places that are remembered of each.
MAX_PLACES = 16
#: For so long one that is over can still be looked up in the admin.
KEPT = timedelta(days=30)


@sensitive_variables()
def looks_like_one(text: str) -> bool:
    """Whether `text` says of itself that it is an app password, right or wrong."""
    return text.startswith(MARK)


@sensitive_variables()
def issue(
    user: Any,
    *,
    name: str,
    scopes: Sequence[str],
    expires: datetime | None,
    address: str,
) -> tuple[AppPassword, Secret]:
    """Make a row and return it with its password. Must run in a transaction."""
    lookup, secret = secrets.token_hex(6), secrets.token_hex(16)
    row = AppPassword(
        user=user,
        lookup=lookup,
        digest=crypto.keyed_digest(lookup + secret, PURPOSE),
        name=name[:64],
        scopes=list(scopes),
        expires=expires,
        places=prefix_of(address),
    )
    row.save(force_insert=True)
    return row, Secret(f"{row.prefix}_{secret}")


@sensitive_variables()
def find(text: str) -> AppPassword | None:
    """Return the row that `text` is the password of, with its owner; it may be over."""
    shape = SHAPE.fullmatch(text)
    lookup, secret = shape.groups() if shape else ("", "")
    digests = crypto.keyed_digests(lookup + secret, PURPOSE)
    rows = AppPassword.objects.select_related("user").filter(lookup=lookup)
    row = rows.first() if shape else None
    # SECURITY: an unknown prefix is compared as well, and with every key: how long
    # it took tells nothing.
    known = row.digest if row else "-" * len(digests[0])
    right = [constant_time_compare(known, each) for each in digests]
    if row is None or not any(right):
        return None
    row.digest = digests[0]  # the next note replaces that of an older key
    return row


def must_be_noted(row: AppPassword, address: str) -> bool:
    """Whether a use from `address` now is worth a write."""
    is_due = row.last_used is None or clock.now() - row.last_used >= NOTED_EVERY
    # A place is told of at once, unless there are so many that it would never end.
    has_room = len(row.places.split()) < MAX_PLACES
    return is_due or (has_room and is_new_place(row, address))


def is_new_place(row: AppPassword, address: str) -> bool:
    """Whether it was not used from the network of `address` before."""
    return bool(address) and prefix_of(address) not in row.places.split()


def note(row: AppPassword, address: str) -> bool:
    """Note a use by one conditional UPDATE; False when the row changed meanwhile."""
    place, places = prefix_of(address), row.places.split()
    others = [each for each in places if each != place]
    kept = [*others, place][-MAX_PLACES:] if is_new_place(row, address) else places
    rows = AppPassword.objects.filter(
        pk=row.pk, revoked=None, last_used=row.last_used, places=row.places
    )
    return bool(
        rows.update(
            last_used=clock.now(),
            last_address=address or None,
            places=" ".join(kept),
            digest=row.digest,
        )
    )


def reread(row: AppPassword) -> AppPassword | None:
    """Return the row as it is now, with the owner known; None where it is gone."""
    again = AppPassword.objects.filter(pk=row.pk).first()
    if again is not None:
        again.user, again.digest = row.user, row.digest
    return again


def prune() -> int:
    """Delete what has been over for a while; return how many there were."""
    since = clock.now() - KEPT
    gone = AppPassword.objects.filter(revoked__lte=since)
    ended = AppPassword.objects.filter(expires__lte=since)
    return (gone | ended).delete()[0]
