from __future__ import annotations

import json
from base64 import urlsafe_b64decode

import pytest
from cryptography.hazmat.primitives.serialization import load_der_public_key

from django_mfa.testing import FakeAuthenticator

CREATION = {
    "rp": {"id": "example.com", "name": "Example"},
    "user": {"id": "AAEC", "name": "alice", "displayName": "Alice"},
    "challenge": "c29tZXRoaW5n",
    "pubKeyCredParams": [{"type": "public-key", "alg": -8}],
    "excludeCredentials": [],
}
REQUEST = {"challenge": "c29tZXRoaW5n", "rpId": "example.com", "allowCredentials": []}
#: What `toJSON()` of a `PublicKeyCredential` gives (WebAuthn L3 section 5.1).
OUTER = {
    "id",
    "rawId",
    "type",
    "authenticatorAttachment",
    "response",
    "clientExtensionResults",
}
CREATED = {
    "clientDataJSON",
    "attestationObject",
    "authenticatorData",
    "transports",
    "publicKey",
    "publicKeyAlgorithm",
}
GOT = {"clientDataJSON", "authenticatorData", "signature"}


@pytest.fixture
def authenticator() -> FakeAuthenticator:
    return FakeAuthenticator("example.com", "https://example.com")


def decode(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


@pytest.mark.parametrize(
    "write",
    [
        lambda options: options,
        json.dumps,
        lambda options: json.dumps(options).encode(),
        lambda options: {"publicKey": options},
        lambda options: json.dumps({"publicKey": options}),
    ],
    ids=["a mapping", "a text", "bytes", "wrapped", "wrapped text"],
)
def test_options_are_json_in_any_form(authenticator, write):
    made = authenticator.create(write(CREATION))
    answer = authenticator.get(write(REQUEST))
    assert answer["id"] == made["id"]
    said = json.loads(decode(answer["response"]["clientDataJSON"]))
    assert said["challenge"] == REQUEST["challenge"]


@pytest.mark.parametrize("algorithm", [-8, -7, -257])
def test_what_it_makes_is_what_browsers_give(authenticator, algorithm):
    offered = [{"type": "public-key", "alg": algorithm}]
    made = authenticator.create({**CREATION, "pubKeyCredParams": offered})
    assert (set(made), set(made["response"])) == (OUTER, CREATED)
    assert json.loads(json.dumps(made)) == made
    response = made["response"]
    assert decode(response["authenticatorData"]) in decode(
        response["attestationObject"]
    )
    assert response["publicKeyAlgorithm"] == algorithm
    key = load_der_public_key(decode(response["publicKey"]))
    assert key == authenticator.passkeys[0].key.public_key()


@pytest.mark.parametrize("discoverable", [True, False])
def test_what_it_answers_is_what_browsers_give(authenticator, discoverable):
    authenticator.discoverable = discoverable
    made = authenticator.create(CREATION)
    allowed = [{"type": "public-key", "id": made["id"]}]
    answer = authenticator.get({**REQUEST, "allowCredentials": allowed})
    # Where it tells nobody's name, the member is missing: it is never null.
    named = {"userHandle"} if discoverable else set()
    assert (set(answer), set(answer["response"])) == (OUTER, GOT | named)
    assert json.loads(json.dumps(answer)) == answer
