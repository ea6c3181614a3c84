"""Whatever is sent: 4xx with a code, the challenge spent, no row, one audit row."""

from __future__ import annotations

import copy
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterator
from typing import Any

import cbor2
import pytest

from django_mfa.challenges.models import Challenge
from django_mfa.factors.passkey import reading
from django_mfa.factors.passkey.models import Passkey
from tests.factors.passkey.conftest import failures, last_reason

WRONG = [
    None,
    True,
    7,
    1.5,
    "",
    "%%%",
    "\u0661",
    [],
    {},
    ["AA"],
    {"a": 1},
    "A" * 70_000,
]
FIELDS = [
    ("id",),
    ("rawId",),
    ("type",),
    ("response",),
    ("response", "clientDataJSON"),
]
CREATED = [*FIELDS, ("response", "attestationObject")]
GOT = [*FIELDS, ("response", "authenticatorData"), ("response", "signature")]
HARMLESS: set[tuple[tuple[str, ...], str]] = set()


def replaced(answer: Any, path: tuple[str, ...], value: Any) -> Any:
    changed = copy.deepcopy(answer)
    inner = changed
    for name in path[:-1]:
        inner = inner[name]
    inner[path[-1]] = value
    return changed


def without(answer: Any, path: tuple[str, ...]) -> Any:
    changed = copy.deepcopy(answer)
    inner = changed
    for name in path[:-1]:
        inner = inner[name]
    del inner[path[-1]]
    return changed


def is_refused_and_spent(answer: Any, door: Any) -> None:
    assert 400 <= answer.status_code < 500
    assert answer.json()["code"] == "invalid_response"
    assert not Challenge.objects.filter(taken=None).exists()
    assert failures() == 1
    assert "_auth_user_id" not in door.client.session or Passkey.objects.count() == 0


@pytest.mark.parametrize("value", WRONG, ids=lambda value: repr(value)[:20])
@pytest.mark.parametrize("path", GOT, ids=".".join)
def test_a_field_of_another_kind_signs_nobody_in(waiting, authenticator, path, value):
    good = authenticator.get(waiting.begin("verify"))
    is_refused_and_spent(
        waiting.complete("verify", replaced(good, path, value)), waiting
    )


@pytest.mark.parametrize("value", WRONG, ids=lambda value: repr(value)[:20])
@pytest.mark.parametrize("path", CREATED, ids=".".join)
def test_a_field_of_another_kind_registers_nothing(
    enrolling, authenticator, path, value
):
    good = authenticator.create(enrolling.begin("setup"))
    is_refused_and_spent(
        enrolling.complete("setup", replaced(good, path, value)), enrolling
    )


@pytest.mark.parametrize("path", GOT, ids=".".join)
def test_a_field_that_is_missing_signs_nobody_in(door, passkey, authenticator, path):
    good = authenticator.get(door.begin("login"))
    is_refused_and_spent(door.complete("login", without(good, path)), door)


OPTIONAL = [
    (("response", "userHandle"), [True, 7, [], {}, "%%%"]),
    (("authenticatorAttachment",), [True, False, 7, 0, [], ["x"], {}, {"x": 1}]),
    (("clientExtensionResults",), [True, 7, "x", [], ["x"]]),
]


@pytest.mark.parametrize(
    ("path", "value"),
    [(path, value) for path, values in OPTIONAL for value in values],
    ids=repr,
)
def test_what_may_be_missing_may_not_be_nonsense(waiting, authenticator, path, value):
    good = authenticator.get(waiting.begin("verify"))
    is_refused_and_spent(
        waiting.complete("verify", replaced(good, path, value)), waiting
    )


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("response", "transports"), "usb"),
        (("response", "transports"), ["usb"] * 9),
        (("response", "transports"), [7]),
        (("response", "transports"), ["<script>"]),
        (("clientExtensionResults",), []),
        (("clientExtensionResults",), {"credProps": 7}),
        (("authenticatorAttachment",), []),
        (("response", "authenticatorData"), 7),
        (("response", "authenticatorData"), "%%%"),
        (("response", "publicKey"), {}),
        (("response", "publicKey"), ["AA"]),
        (("response", "publicKeyAlgorithm"), "-7"),
        (("response", "publicKeyAlgorithm"), True),
        (("response", "publicKeyAlgorithm"), [-7]),
    ],
    ids=repr,
)
def test_what_comes_with_a_registration_is_looked_at(
    enrolling, authenticator, path, value
):
    good = authenticator.create(enrolling.begin("setup"))
    is_refused_and_spent(
        enrolling.complete("setup", replaced(good, path, value)), enrolling
    )


BODIES: dict[str, str | bytes] = {
    "spaces": "   ",
    "no JSON": "{",
    "a list": "[]",
    "a text": '"x"',
    "a number": "7",
    "null": "null",
    "deep list": "[" * 10_000 + "]" * 10_000,
    "deep dict": '{"a":' * 5_000 + "1" + "}" * 5_000,
    "no UTF-8": b"\xff\xfe{}",
    "NaN": '{"credential": NaN}',
    "huge number": '{"credential": ' + "9" * 5_000 + "}",
    "a megabyte": '{"credential": "' + "A" * 1_000_000 + '"}',
    "credential is a text": '{"credential": "x"}',
    "credential is a list": '{"credential": []}',
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
@pytest.mark.parametrize("purpose", ["verify", "login"])
def test_a_body_that_is_no_answer_is_refused(waiting, purpose, body):
    waiting.begin(purpose)
    is_refused_and_spent(waiting.complete(purpose, body), waiting)


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
def test_a_body_that_is_no_answer_registers_nothing(enrolling, body):
    enrolling.begin("setup")
    is_refused_and_spent(enrolling.complete("setup", body), enrolling)


@pytest.mark.parametrize("depth", [33, 10_000])
def test_deep_json_in_a_form_field_is_refused(waiting, depth):
    waiting.begin("verify")
    answer = waiting.client.post(
        "/mfa/verify/passkey/", {"credential": "[" * depth + "]" * depth}
    )
    assert answer.status_code == 400
    assert failures() == 1


@pytest.mark.parametrize(
    "body", ["[]", "7", "null", '"x"', "{", '{"conditional": 1}'], ids=repr
)
def test_what_is_no_question_is_refused(enrolling, body):
    answer = enrolling.ask("setup", body)
    assert answer.status_code == 400
    assert answer.json()["code"] == "malformed_response"


@pytest.mark.parametrize("name", [7, None, [], {}, "x" * 255], ids=repr)
def test_a_name_that_is_none_is_refused(door, db, name):
    answer = door.ask("login", {"username": name})
    assert answer.status_code == 400


def test_a_question_of_a_megabyte_is_refused(door, db):
    answer = door.ask("login", "x" * 1_000_000)
    assert answer.status_code == 413
    assert answer.json()["code"] == "malformed_response"


# Inside: CBOR and keys


def decode(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def encode(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def of_key(**changes: Any) -> Callable[[Any], None]:
    """Change members of the COSE key; `None` takes one away."""
    numbers = {"kty": 1, "alg": 3, "crv": -1, "x": -2, "y": -3}

    def change(draft: Any) -> None:
        key = cbor2.loads(draft.cose_key)
        for name, value in changes.items():
            key[numbers[name]] = value
        draft.cose_key = cbor2.dumps({k: v for k, v in key.items() if v is not None})

    return change


def rsa_key(bits: int, exponent: int = 65537) -> Callable[[Any], None]:
    def change(draft: Any) -> None:
        modulus = (2 ** (bits - 1) + 1).to_bytes(bits // 8, "big")
        e = exponent.to_bytes(3, "big")
        draft.cose_key = cbor2.dumps({1: 3, 3: -257, -1: modulus, -2: e})

    return change


KEYS: dict[str, Callable[[Any], None]] = {
    "off its curve": of_key(x=b"\1" * 32, y=b"\2" * 32),
    "at infinity": of_key(x=b"\0" * 32, y=b"\0" * 32),
    "of the wrong curve": of_key(crv=2),
    "of an unknown curve": of_key(crv=99),
    "of Ed25519's curve": of_key(crv=6),
    "of another type": of_key(kty=3),
    "of an unknown type": of_key(kty=99),
    "without an algorithm": of_key(alg=None),
    "without a type": of_key(kty=None),
    "without x": of_key(x=None),
    "with x that is no bytes": of_key(x=7),
    "with x that is a text": of_key(x="x" * 32),
    "an EdDSA key on P-256": of_key(alg=-8),
    "a short Ed25519 key": lambda draft: setattr(
        draft, "cose_key", cbor2.dumps({1: 1, 3: -8, -1: 6, -2: b"x" * 31})
    ),
    "a weak RSA key": rsa_key(1024),
    "an endless RSA key": rsa_key(16_384),
    "an RSA key of exponent 1": rsa_key(2048, 1),
    "an even RSA exponent": rsa_key(2048, 65536),
    "no map": lambda draft: setattr(draft, "cose_key", cbor2.dumps([1, 2])),
    "a number": lambda draft: setattr(draft, "cose_key", cbor2.dumps(7)),
    "nothing": lambda draft: setattr(draft, "cose_key", b""),
    "no CBOR": lambda draft: setattr(draft, "cose_key", b"\xff" * 9),
    "deep": lambda draft: setattr(draft, "cose_key", b"\x81" * 9_000 + b"\0"),
    "more than it": lambda draft: setattr(draft, "cose_key", draft.cose_key + b"\0"),
}


@pytest.mark.parametrize("change", KEYS.values(), ids=KEYS.keys())
def test_a_key_that_is_none_is_refused(enrolling, authenticator, change):
    answer = authenticator.create(enrolling.begin("setup"), tamper=change)
    is_refused_and_spent(enrolling.complete("setup", answer), enrolling)


def attested(answer: Any, **changes: Any) -> Any:
    """The answer with another attestation object."""
    found = cbor2.loads(decode(answer["response"]["attestationObject"]))
    found |= changes
    kept = {name: value for name, value in found.items() if value is not ...}
    text = encode(cbor2.dumps(kept))
    return replaced(answer, ("response", "attestationObject"), text)


@pytest.mark.parametrize(
    "changes",
    [
        {"fmt": 7},
        {"fmt": "unknown"},
        {"fmt": []},
        {"fmt": ...},
        {"attStmt": {"x": 1}},
        {"attStmt": {"sig": b"x"}},
        {"attStmt": []},
        {"attStmt": 7},
        {"attStmt": ...},
        {"authData": b""},
        {"authData": 7},
        {"authData": "x"},
        {"authData": b"x" * 36},
        {"authData": ...},
        {"fmt": "packed"},
        {"fmt": "packed", "attStmt": {"alg": -7, "sig": 7}},
        {"fmt": "packed", "attStmt": {"alg": -7, "sig": b"x", "x5c": [b"x"]}},
        {"fmt": "packed", "attStmt": {"alg": -7, "sig": b"x", "x5c": 7}},
        {"fmt": "fido-u2f", "attStmt": {"sig": b"x", "x5c": [b"x"]}},
        {"fmt": "tpm", "attStmt": {"ver": "2.0"}},
        {"fmt": "apple", "attStmt": {"x5c": []}},
        {"fmt": "android-key", "attStmt": {"x5c": [b""]}},
        {"fmt": "android-safetynet", "attStmt": {"response": b"x.y.z"}},
    ],
    ids=repr,
)
def test_an_attestation_that_is_none_is_refused(enrolling, authenticator, changes):
    answer = authenticator.create(enrolling.begin("setup"))
    answer = attested(answer, **changes)
    is_refused_and_spent(enrolling.complete("setup", answer), enrolling)


def spoilt(data: bytes) -> Iterator[bytes]:
    yield from (data[:-1], data + b"\0", b"", data[:36], b"\xff" * len(data))


@pytest.mark.parametrize("number", range(5))
def test_authenticator_data_that_are_none_are_refused(waiting, authenticator, number):
    good = authenticator.get(waiting.begin("verify"))
    data = decode(good["response"]["authenticatorData"])
    text = encode(list(spoilt(data))[number])
    bad = replaced(good, ("response", "authenticatorData"), text)
    is_refused_and_spent(waiting.complete("verify", bad), waiting)


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("", b""),
        ("AA", b"\0"),
        ("AA==", b"\0"),
        ("-_8", b"\xfb\xff"),
        ("+/8=", b"\xfb\xff"),
    ],
)
def test_base64_is_read_in_both_alphabets(text, data):
    assert reading.decode(text) == data


@pytest.mark.parametrize(
    "text",
    [
        "A",
        "AB",
        "AA=",
        "AA===",
        "A===",
        "=",
        "AAA=A",
        "AA AA",
        "AAA\n",
        "AAAA=",
        "\u0661",
    ],
)
def test_base64_that_says_one_thing_in_two_ways_is_refused(text):
    with pytest.raises(reading.Malformed):
        reading.decode(text)


@pytest.mark.parametrize(
    "client_data",
    [
        b"",
        b"{}",
        b"[]",
        b"\xff",
        b'{"type": "webauthn.get"}',
        b'{"type": 7, "challenge": "AA", "origin": "x"}',
        b"[" * 5_000,
    ],
    ids=repr,
)
def test_client_data_that_are_none_are_refused(waiting, authenticator, client_data):
    good = authenticator.get(waiting.begin("verify"))
    bad = replaced(good, ("response", "clientDataJSON"), encode(client_data))
    is_refused_and_spent(waiting.complete("verify", bad), waiting)


def test_an_answer_to_create_signs_nobody_in(waiting, authenticator):
    asked = waiting.begin("verify")
    kept = authenticator.passkeys[0]
    options = {
        **asked,
        "user": {"id": encode(kept.user_handle)},
        "pubKeyCredParams": [{"type": "public-key", "alg": -7}],
    }
    answer = authenticator.create(options)
    is_refused_and_spent(waiting.complete("verify", answer), waiting)


def test_an_answer_to_get_registers_nothing(enrolling, user, authenticator):
    asked = enrolling.begin("setup")
    authenticator.create(asked)
    is_refused_and_spent(
        enrolling.complete("setup", authenticator.get(asked)), enrolling
    )
    assert last_reason() == "type"


def test_an_unknown_member_harms_nothing(waiting, authenticator):
    good = authenticator.get(waiting.begin("verify"))
    body = {"credential": {**good, "more": {"a": [1]}}, "next": "/", "x": 1}
    answer = waiting.complete("verify", json.dumps(body))
    assert answer.status_code == 200


def test_the_credential_may_come_as_a_text_or_bare_or_in_a_form(
    door, passkey, authenticator
):
    for send in (
        lambda good: door.complete(
            "login", json.dumps({"credential": json.dumps(good)})
        ),
        lambda good: door.complete("login", json.dumps(good)),
        lambda good: door.client.post(
            "/mfa/login/passkey/", {"credential": json.dumps(good)}
        ),
    ):
        door.client.logout()
        answer = send(authenticator.get(door.begin("login")))
        assert answer.status_code in (200, 302), answer.content
        assert door.client.session["_auth_user_id"]
