"""CBOR from strangers, measured before it is built (RFC 8949, CTAP 2.1 section 8)."""

from __future__ import annotations

#: Attestations nest four deep, and one that holds others a little more.
MAX_DEPTH = 16
ARRAY, MAP, TAG = 4, 5, 6
BYTES, TEXT = 2, 3
#: From here on the value stands in the bytes behind the head; from ENDLESS on, nowhere.
LONG, ENDLESS = 24, 28
#: Authenticator data: their length without more, and what else there is (L3 section 6.1).
SHORTEST, FLAGS, AAGUID, ATTESTED = 37, 32, 16, 0x40


class BadCBOR(ValueError):
    """It is not written as authenticators must write it."""


def check_item(data: bytes) -> None:
    """Raise `BadCBOR` unless `data` is one item, and nothing behind it."""
    if _end_of_item(data, 0) != len(data):
        raise BadCBOR


def check_authenticator_data(data: bytes) -> None:
    """Raise `BadCBOR` unless key and extensions in authenticator data can be built."""
    at = SHORTEST
    if len(data) > SHORTEST and data[FLAGS] & ATTESTED:
        at += AAGUID
        at += 2 + int.from_bytes(data[at : at + 2], "big")
    while at < len(data):
        at = _end_of_item(data, at)


def _end_of_item(data: bytes, at: int) -> int:
    """Return where the item at `at` ends; in one pass, building nothing."""
    # SECURITY: a tag lets an item stand for another one. Forty of them, each a pair of
    # the one before, are 300 bytes here and a terabyte once they are written out.
    missing = [1]  # how many items each level still waits for
    while missing:
        if not missing[-1]:
            missing.pop()
            continue
        missing[-1] -= 1
        kind, value, at = _head(data, at)
        if kind in (BYTES, TEXT):
            at += value
        elif kind in (ARRAY, MAP):
            missing.append(value * (2 if kind == MAP else 1))
        if kind == TAG or len(missing) > MAX_DEPTH or at > len(data):
            raise BadCBOR
    return at


def _head(data: bytes, at: int) -> tuple[int, int, int]:
    """Return kind and value of the head at `at`, and where it ends."""
    first = data[at : at + 1]
    if not first or first[0] & 31 >= ENDLESS:
        raise BadCBOR
    kind, value, at = first[0] >> 5, first[0] & 31, at + 1
    if value < LONG:
        return kind, value, at
    end = at + 2 ** (value - LONG)
    return kind, int.from_bytes(data[at:end], "big"), end
