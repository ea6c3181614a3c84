"""Passkeys that nobody has, shown and judged for names that have none."""

from __future__ import annotations

import hmac
from typing import Any

from django.contrib.auth import get_user_model
from django.views.decorators.debug import sensitive_variables

from django_mfa import crypto
from django_mfa.accounts import joined

from .models import Passkey
from .reading import encode

#: Lengths that credential ids have in the wild.
LENGTHS = (16, 20, 32, 48, 64)
#: How many passkeys people have.
COUNTS = (1, 1, 1, 2, 2, 3)
#: Bytes at the end of a made-up id by which it is known again here.
SEAL = 8
#: A public key (COSE, ES256) as good as any: the base point of its curve (SEC 2, 2.4.2).
KEY = bytes.fromhex(
    "a5010203262001215820"
    "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
    "225820"
    "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"
)


def made_up(name: str) -> list[dict[str, Any]]:
    """Return made-up passkeys for a name that has none: the same at every look."""
    # SECURITY: enumeration of accounts: without these, an empty list would tell
    # which names have passkeys (L3 section 14.6.2); and with always one, two would.
    seed = hmac.digest(_key(), name.encode(), "sha512")
    count = COUNTS[seed[0] % len(COUNTS)]
    return [
        {"type": "public-key", "id": encode(_id(seed + bytes([number])))}
        for number in range(count)
    ]


def is_made_up(credential_id: bytes) -> bool:
    """Whether an id is one that was made up here, for whatever name."""
    body, seal = credential_id[:-SEAL], credential_id[-SEAL:]
    return hmac.compare_digest(_seal(body), seal)


@sensitive_variables()
def judge(response: Any) -> None:
    """Do with a made-up passkey what is done with a real one; a `Taken` answers."""
    # SECURITY: enumeration of accounts: nothing comes of it but the time it takes, which
    # would tell made-up passkeys from those that somebody has.
    joined.user(get_user_model()._meta.pk.to_python(0))
    nobodys = Passkey(pk=0, confirmed=True, public_key=KEY, backup_eligible=False)
    nobodys.judge(response)
    nobodys.charge()


def _id(seed: bytes) -> bytes:
    drawn = hmac.digest(_key(), seed, "sha512")
    body = drawn[: LENGTHS[drawn[-1] % len(LENGTHS)] - SEAL]
    return body + _seal(body)


def _seal(body: bytes) -> bytes:
    return hmac.digest(_key(), b"seal" + body, "sha512")[:SEAL]


def _key() -> bytes:
    return crypto.derive(crypto.keys()[-1], "passkey decoys")
