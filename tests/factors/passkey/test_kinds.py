"""Kinds of authenticators and attestations that no recorded vector shows."""

from __future__ import annotations

from typing import Any

import cbor2
import pytest

from django_mfa.factors.passkey.models import Passkey
from django_mfa.factors.passkey.reading import encode
from django_mfa.testing import FakeAuthenticator, add_passkey
from tests.factors.passkey.conftest import (
    ORIGIN,
    decode,
    failures,
    last_reason,
    refused,
)
from tests.factors.passkey.test_cbor import shared

EXTENSIONS = 0x80

FORMATS = [
    "packed",
    "tpm",
    "android-key",
    "android-safetynet",
    "fido-u2f",
    "apple",
    "compound",
    "none ",
    "",
    1,
    None,
    [],
    {},
]
STATEMENTS: list[Any] = [
    {},
    {"x5c": []},
    {"x5c": [b""]},
    {"x5c": [b"zz"], "sig": b"1", "alg": -7},
    {"x5c": "a", "sig": 1, "alg": "b"},
    {"x5c": [1, None, {}]},
    {"ver": "2.0", "certInfo": b"", "pubArea": b"", "sig": b"", "alg": -257},
    {"ver": "1", "response": b"a.b.c"},
    [],
    [{"fmt": "packed", "attStmt": {}}],
    None,
    5,
    {1: 2},
]
BROKEN = {
    "deep lists": b"\x81" * 30_000 + b"\x00",
    "deep maps": b"\xa1\x61a" * 10_000 + b"\x00",
    "endless list": b"\x9f" * 20_000,
    "huge text": b"\x5b" + b"\xff" * 8,
    "huge list": b"\x9b\x7f" + b"\xff" * 7,
    "huge map": b"\xbb\x00\x00\x00\xff" + b"\xff" * 4,
}


def fake(**options: Any) -> FakeAuthenticator:
    return FakeAuthenticator("testserver", ORIGIN, **options)


def with_object(answer: dict[str, Any], data: bytes) -> dict[str, Any]:
    answer["response"]["attestationObject"] = encode(data)
    return answer


@pytest.mark.parametrize("algorithm", [-7, -8, -257])
@pytest.mark.parametrize("length", [1, 16, 255, 256, 1023])
def test_ids_of_every_length_work_with_every_algorithm(enrolling, algorithm, length):
    authenticator = fake(algorithms=(algorithm,))

    def change(draft) -> None:
        draft.passkey.id = draft.attested_id = b"i" * length

    made = authenticator.create(enrolling.begin("setup"), tamper=change)
    assert enrolling.complete("setup", made).status_code == 200
    answer = authenticator.get(enrolling.begin("login"))
    assert enrolling.complete("login", answer).status_code == 200


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (cbor2.dumps({"credProtect": 2, "hmac-secret": True}), 200),
        (cbor2.dumps({}) + b"\x00", 400),
        (cbor2.dumps([1]), 400),
        (cbor2.dumps(7), 400),
        (b"\xff\xff", 400),
        (b"", 400),
    ],
    ids=["extensions", "more behind them", "a list", "a number", "no CBOR", "nothing"],
)
@pytest.mark.parametrize("purpose", ["setup", "login"])
def test_what_extensions_say_is_read_past(enrolling, user, purpose, data, status):
    authenticator = fake()
    if purpose == "setup":
        asked = enrolling.begin("setup")
        answer = authenticator.create(asked, tamper=extended(data))
    else:
        add_passkey(user, authenticator)
        answer = authenticator.get(enrolling.begin("login"), tamper=extended(data))
    assert enrolling.complete(purpose, answer).status_code == status


def extended(data: bytes) -> Any:
    def change(draft) -> None:
        plain = type(draft).authenticator_data
        draft.flags |= EXTENSIONS
        draft.authenticator_data = lambda: plain(draft) + data

    return change


@pytest.mark.parametrize("asked", ["none", "direct"])
@pytest.mark.parametrize("name", FORMATS, ids=repr)
def test_a_statement_that_is_none_is_refused(enrolling, settings, name, asked):
    passkey = {"ATTESTATION": asked}
    settings.DJANGO_MFA = {**settings.DJANGO_MFA, "PASSKEY": passkey}
    for statement in STATEMENTS:
        made = fake().create(enrolling.begin("setup"))
        found = cbor2.loads(decode(made["response"]["attestationObject"]))
        found |= {"fmt": name, "attStmt": statement}
        refused(enrolling.complete("setup", with_object(made, cbor2.dumps(found))))
    assert failures() == len(STATEMENTS)
    assert not Passkey.objects.exists()


@pytest.mark.parametrize("data", BROKEN.values(), ids=BROKEN)
def test_an_object_that_is_too_much_is_refused(enrolling, data):
    made = with_object(fake().create(enrolling.begin("setup")), data)
    refused(enrolling.complete("setup", made))
    assert failures() == 1


def test_there_is_nothing_behind_an_attestation(enrolling):
    made = fake().create(enrolling.begin("setup"))
    found = decode(made["response"]["attestationObject"])
    refused(enrolling.complete("setup", with_object(made, found + b"\0")))
    assert not Passkey.objects.exists()


def test_what_would_grow_registers_nothing(enrolling):
    made = fake().create(enrolling.begin("setup"), tamper=extended(shared(8)))
    refused(enrolling.complete("setup", made))
    assert last_reason() == "malformed"
    made = fake().create(enrolling.begin("setup"))
    found = cbor2.loads(decode(made["response"]["attestationObject"]))
    parts = cbor2.dumps("attStmt") + shared(8), *map(cbor2.dumps, ("fmt", "none"))
    data = b"\xa3" + b"".join(
        (*parts, *map(cbor2.dumps, ("authData", found["authData"])))
    )
    refused(enrolling.complete("setup", with_object(made, data)))
    assert last_reason() == "malformed"


def test_a_stranger_who_knows_a_name_makes_nothing_grow(door, user):
    """No signature is needed for it: the data are read before it is verified."""
    add_passkey(user, fake())
    asked = door.begin("login", {"username": user.get_username()})
    stranger = fake()
    stranger.create(
        {**asked, "user": {"id": "AAAA"}, "pubKeyCredParams": [{"alg": -7}]}
    )
    answer = stranger.get({**asked, "allowCredentials": []}, tamper=extended(shared(8)))
    answer["id"] = answer["rawId"] = asked["allowCredentials"][0]["id"]
    refused(door.complete("login", answer))
    assert last_reason() == "malformed"
