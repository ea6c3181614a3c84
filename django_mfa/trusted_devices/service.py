"""Answers one question only, whether a sign-in must be challenged.

The browser holds 256 random bits, the row their digest. A row is worth nothing
once the password or a factor changed: it names the password and the epoch it
was made under.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.views.decorators.debug import sensitive_variables

from django_mfa import clock, conf
from django_mfa.accounts import service as accounts
from django_mfa.session.hold import password_hash_of

from .models import TrustedDevice

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.db.models import QuerySet

TOKEN_BYTES = 32


def rows_of(user: Any) -> QuerySet[TrustedDevice]:
    """Return the browsers that `user` trusts and that still count."""
    epoch = accounts.of(user).epoch
    standing = TrustedDevice.standing(user, epoch=epoch, password=_password(user))
    return TrustedDevice.objects.filter(standing)


@sensitive_variables()
def recognise(user: Any, tokens: Iterable[str]) -> TrustedDevice | None:
    """Return the row of `user` that one of `tokens` belongs to, if it still holds."""
    digests = [digest_of(token) for token in tokens]
    if not digests or not conf.get().TRUSTED_DEVICES.ENABLED:
        return None
    # SECURITY: the owner stands in the query: a browser trusted by one person
    # never lets in another who shares it.
    return rows_of(user).filter(digest__in=digests).first()


def seen(device: TrustedDevice, address: str) -> bool:
    """Note a sign-in from the browser; False when it was revoked meanwhile."""
    rows = rows_of(device.user).filter(pk=device.pk)
    return bool(rows.update(last_seen=clock.now(), address=address or None))


@sensitive_variables()
def trust(user: Any, *, name: str, address: str) -> tuple[TrustedDevice, str]:
    """Make a row and return it with its token. Must run in a transaction."""
    token, settings = secrets.token_urlsafe(TOKEN_BYTES), conf.get().TRUSTED_DEVICES
    device = TrustedDevice(
        user=user,
        digest=digest_of(token),
        name=name[:64],
        expires=clock.now() + timedelta(days=settings.DAYS),
        address=address or None,
        epoch=accounts.of(user).epoch,
        password=_password(user),
    )
    device.save(force_insert=True)
    _make_room(user, settings.MAX)
    return device, token


def _make_room(user: Any, most: int) -> None:
    """Delete what is over, and the oldest above the number allowed."""
    kept = rows_of(user).order_by("-last_seen", "-pk").values_list("pk", flat=True)
    every = TrustedDevice.objects.filter(user_id=user.pk)
    every.exclude(pk__in=list(kept[:most])).delete()


@sensitive_variables()
def digest_of(token: str) -> str:
    """Return what is stored of a token; it is random, so no slow digest is needed."""
    return hashlib.sha256(b"django_mfa trust\0" + token.encode()).hexdigest()


@sensitive_variables()
def _password(user: Any) -> str:
    held = password_hash_of(user)
    return hashlib.sha256(b"django_mfa password\0" + held.encode()).hexdigest()
