from __future__ import annotations

import cbor2
import pytest

from django_mfa.factors.passkey import cbor

KEY = {1: 2, 3: -7, -1: 1, -2: b"x" * 32, -3: b"y" * 32}
ATTESTED, EXTENDED = 0x40, 0x80

WHOLE = [
    0,
    -1,
    23,
    24,
    255,
    256,
    2**32,
    -(2**32),
    True,
    None,
    1.5,
    1.0e300,
    "",
    "é",
    b"",
    b"x" * 23,
    b"x" * 24,
    b"x" * 256,
    b"x" * 65_536,
    [],
    {},
    [1, [2, {"a": [b"x"]}]],
    {"fmt": "none", "attStmt": {}, "authData": b"x" * 300},
    KEY,
]


@pytest.mark.parametrize("value", WHOLE, ids=lambda value: repr(value)[:20])
def test_an_item_ends_where_it_ends(value):
    data = cbor2.dumps(value)
    cbor.check_item(data)
    for wrong in (data + b"\0", data[:-1], data + data):
        with pytest.raises(cbor.BadCBOR):
            cbor.check_item(wrong)


def shared(pairs: int) -> bytes:
    """Pairs of the pair before: twice as much with each of them, once written out."""
    twice = [b"\xd8\x1d" + cbor2.dumps(number) for number in range(pairs)]
    items = [b"\xd8\x1c\x82\1\1", *(b"\xd8\x1c\x82" + each * 2 for each in twice)]
    return b"\x98" + bytes([len(items)]) + b"".join(items)


REFUSED = {
    "nothing": b"",
    "shared": shared(4),
    "a date": cbor2.dumps(cbor2.CBORTag(0, "2026-01-01T00:00Z")),
    "a pattern": cbor2.dumps(cbor2.CBORTag(35, "(a+)+")),
    "an endless list": b"\x9f\x01\xff",
    "an endless map": b"\xbf\x01\x02\xff",
    "an endless text": b"\x7f\x61a\xff",
    "a break": b"\xff",
    "a reserved length": b"\x1c",
    "a list without end": b"\x9b" + b"\xff" * 8,
    "half a pair": b"\xa1\x01",
    "half a head": b"\x19\x01",
    "bytes that are not there": b"\x42x",
    "too deep": b"\x81" * 16 + b"\0",
}


def test_what_is_shared_would_have_grown():
    built = cbor2.loads(shared(8))
    assert len(cbor2.dumps(built)) > 2**8 > len(shared(8)) * 2


@pytest.mark.parametrize("data", REFUSED.values(), ids=REFUSED)
def test_what_authenticators_do_not_write_is_refused(data):
    with pytest.raises(cbor.BadCBOR):
        cbor.check_item(data)


def test_fifteen_deep_is_deep_enough():
    cbor.check_item(b"\x81" * 15 + b"\0")


def of_authenticator(*parts: bytes, flags: int = ATTESTED) -> bytes:
    head = b"r" * 32 + bytes([flags]) + b"\0" * 4
    named = b"a" * 16 + (5).to_bytes(2, "big") + b"\xd8\x1c\x9f\xff\x81"
    return head + (named if flags & ATTESTED else b"") + b"".join(parts)


@pytest.mark.parametrize(
    "data",
    [
        of_authenticator(flags=0),
        of_authenticator(cbor2.dumps({"appid": True}), flags=EXTENDED),
        of_authenticator(cbor2.dumps(KEY)),
        of_authenticator(
            cbor2.dumps(KEY), cbor2.dumps({"a": 1}), flags=ATTESTED | EXTENDED
        ),
        b"short",
    ],
    ids=["bare", "extensions", "a key", "both", "too short to look at"],
)
def test_authenticator_data_are_measured(data):
    cbor.check_authenticator_data(data)


@pytest.mark.parametrize("flags", [0, ATTESTED, EXTENDED, ATTESTED | EXTENDED])
@pytest.mark.parametrize("part", [shared(4), b"\x9f\xff", b"\xa1"], ids=repr)
def test_what_would_grow_in_authenticator_data_is_refused(part, flags):
    with pytest.raises(cbor.BadCBOR):
        cbor.check_authenticator_data(of_authenticator(part, flags=flags))
