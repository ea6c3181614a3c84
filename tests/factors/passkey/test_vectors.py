"""Recorded ceremonies, replayed over HTTP through registration and sign-in.

Those of the WebAuthn Level 3 specification and those of py_webauthn's own tests; see
`tests/vectors/README.md` for where they come from and their licences.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from django_mfa.factors.passkey.models import Passkey
from django_mfa.testing import add_passkey
from tests.factors.passkey.conftest import decode, failures, refused, register

HERE = Path(__file__).parents[2] / "vectors"
BE, BS = 0x08, 0x10

#: Answers that the specification accepts and py_webauthn 3 cannot verify.
NOT_VERIFIED = {
    "w3c/packed-es384/reg": "ES384 is unknown to the library",
    "w3c/packed-es384/auth": "ES384 is unknown to the library",
    "w3c/packed-ed448/reg": "Ed448 is unknown to the library",
    "w3c/packed-ed448/auth": "Ed448 is unknown to the library",
    "w3c/tpm-es256/reg": "the TPM vendor of the vector is made up",
    "w3c/android-key-es256/reg": "the library wants the root within x5c",
    "w3c/fido-u2f-es256/reg": "the library wants an AAGUID of zeros with U2F",
    "py_webauthn/registration_response_android_key/attestation_android_key_hardware_authority": "its certificates are over",
    "py_webauthn/registration_response_apple/attestation_apple_passkey": "its certificate is over",
}


def is_framed(vector: dict[str, Any]) -> bool:
    """Whether it was recorded within a frame of another site."""
    return bool(vector.get("expected_if_cross_origin_not_allowed") == "reject")


def vectors(kind: str, *, framed: bool = False) -> list[Any]:
    found = []
    for name in ("w3c_webauthn_l3.json", "py_webauthn_fixtures.json"):
        data = json.loads((HERE / name).read_text())
        found += [each for each in data["vectors"] if each["kind"] == kind]
    found = [each for each in found if is_framed(each) or not framed]
    return [pytest.param(each, id=each["id"]) for each in found]


@pytest.mark.parametrize("vector", vectors("registration"))
def test_a_recorded_registration_ends_as_the_specification_says(
    vector, enrolling, policy
):
    known = {"TOP_ORIGINS": ["https://example.com"]} if is_framed(vector) else {}
    policy(vector, **known)
    answer = register(enrolling, vector["credential"])
    if vector["expected"] == "reject" or vector["id"] in NOT_VERIFIED:
        refused(answer)
        assert not Passkey.objects.exists()
        assert failures() == 1
        return
    assert answer.status_code == 200, answer.content
    stored = Passkey.objects.get()
    assert stored.raw_id == decode(vector["credential"]["rawId"])
    expected = vector.get("attestation_fmt")
    assert expected in (None, stored.attestation)
    if vector.get("pem_root_certs_by_fmt"):
        assert stored.trust == "root"


@pytest.mark.parametrize("vector", vectors("registration", framed=True))
def test_a_recorded_registration_within_a_frame_is_refused_by_default(
    vector, enrolling, policy
):
    policy(vector)
    refused(register(enrolling, vector["credential"]))
    assert not Passkey.objects.exists()


def insert(user: Any, vector: dict[str, Any]) -> Passkey:
    """The credential of an assertion, with the key and the count it names."""
    credential = vector["credential"]
    data = decode(credential["response"]["authenticatorData"])
    return add_passkey(
        user,
        credential_id=credential["rawId"],
        public_key=vector["credential_public_key"],
        user_handle=credential["response"].get("userHandle"),
        sign_count=vector["stored_sign_count"],
        backup_eligible=bool(data[32] & BE),
        backed_up=bool(data[32] & BS),
    )


@pytest.mark.parametrize("vector", vectors("authentication"))
def test_a_recorded_assertion_ends_as_the_specification_says(
    vector, door, user, policy
):
    known = {"TOP_ORIGINS": ["https://example.com"]} if is_framed(vector) else {}
    policy(vector, **known)
    stored = insert(user, vector)
    door.password(user)
    door.begin("verify")
    answer = door.complete("verify", vector["credential"])
    stored.refresh_from_db()
    if vector["expected"] == "reject" or vector["id"] in NOT_VERIFIED:
        refused(answer)
        assert (stored.uses, failures()) == (0, 1)
        assert "_auth_user_id" not in door.client.session
        return
    assert answer.status_code == 200, answer.content
    assert stored.uses == 1
    assert door.client.session["_auth_user_id"] == str(user.pk)


@pytest.mark.parametrize("vector", vectors("authentication", framed=True))
def test_a_recorded_assertion_within_a_frame_is_refused_by_default(
    vector, door, user, policy
):
    policy(vector)
    insert(user, vector)
    door.password(user)
    door.begin("verify")
    refused(door.complete("verify", vector["credential"]))
