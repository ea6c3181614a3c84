"""Passkeys that nobody has, shown and judged for names that have none."""

from __future__ import annotations

import hmac
from typing import Any

from django_mfa import crypto

from .reading import encode

#: Lengths that credential ids have in the wild.
LENGTHS = (16, 20, 32, 48, 64)
#: How many passkeys people have.
COUNTS = (1, 1, 1, 2, 2, 3)
#: Bytes at the end of a made-up id by which it is known again here.
SEAL = 8


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


def _id(seed: bytes) -> bytes:
    drawn = hmac.digest(_key(), seed, "sha512")
    body = drawn[: LENGTHS[drawn[-1] % len(LENGTHS)] - SEAL]
    return body + _seal(body)


def _seal(body: bytes) -> bytes:
    return hmac.digest(_key(), b"seal" + body, "sha512")[:SEAL]


def _key() -> bytes:
    return crypto.derive(crypto.keys()[-1], "passkey decoys")
