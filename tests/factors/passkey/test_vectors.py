"""Recorded ceremonies, replayed over HTTP through registration and sign-in.

Those of the WebAuthn Level 3 specification and those of py_webauthn's own tests; see
`tests/vectors/README.md` for where they come from and their licences.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from pathlib import Path
from typing import Any

import pytest

from django_mfa.accounts.models import MFAAccount
from django_mfa.accounts.service import ensure
from django_mfa.factors.passkey import attestation, options
from django_mfa.factors.passkey.models import Passkey, digest_of
from tests.factors.passkey.conftest import failures, refused

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


def vectors(kind: str) -> list[Any]:
    found = []
    for name in ("w3c_webauthn_l3.json", "py_webauthn_fixtures.json"):
        data = json.loads((HERE / name).read_text())
        found += [each for each in data["vectors"] if each["kind"] == kind]
    return [pytest.param(each, id=each["id"]) for each in found]


def decode(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def origins(vector: dict[str, Any]) -> list[str]:
    found = vector["expected_origin"]
    return found if isinstance(found, list) else [found]


@pytest.fixture
def policy(settings, monkeypatch, tmp_path):
    """The policy that a vector names, and its challenge."""

    def apply(vector: dict[str, Any], **more: Any) -> None:
        passkey: dict[str, Any] = {
            "RP_ID": vector["expected_rp_id"],
            "ORIGINS": origins(vector),
            **more,
        }
        if vector.get("cose_alg") == -36:
            passkey["ALGORITHMS"] = [-8, -7, -257, -36]
        if vector.get("require_user_verification"):
            passkey["USER_VERIFICATION"] = "required"
        roots = vector.get("pem_root_certs_by_fmt")
        if roots:
            passkey["ATTESTATION"] = "direct"
            passkey["ATTESTATION_ROOTS"] = stored(roots)
        settings.DJANGO_MFA = {**settings.DJANGO_MFA, "PASSKEY": passkey}
        challenge = decode(vector["expected_challenge"])
        monkeypatch.setattr(options, "new_challenge", lambda: challenge)

    def stored(roots: dict[str, list[str]]) -> dict[str, list[str]]:
        attestation.certificates_in.cache_clear()
        found: dict[str, list[str]] = {}
        for format_, certificates in roots.items():
            file = tmp_path / f"{format_}.pem"
            file.write_text("\n".join(certificates))
            found[format_] = [str(file)]
        return found

    return apply


def register(door, credential: Any) -> Any:
    door.begin("setup")
    return door.complete("setup", credential)


@pytest.mark.parametrize("vector", vectors("registration"))
def test_a_recorded_registration_ends_as_the_specification_says(
    vector, enrolling, policy
):
    framed = vector.get("expected_if_cross_origin_not_allowed") == "reject"
    policy(vector, **({"TOP_ORIGINS": ["https://example.com"]} if framed else {}))
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


@pytest.mark.parametrize("vector", vectors("registration"))
def test_a_recorded_registration_within_a_frame_is_refused_by_default(
    vector, enrolling, policy
):
    if vector.get("expected_if_cross_origin_not_allowed") != "reject":
        pytest.skip("It was not recorded within a frame.")
    policy(vector)
    refused(register(enrolling, vector["credential"]))
    assert not Passkey.objects.exists()


def insert(user: Any, vector: dict[str, Any]) -> Passkey:
    """The credential of an assertion, with the key and the count it names."""
    credential = vector["credential"]
    data = decode(credential["response"]["authenticatorData"])
    handle = credential["response"].get("userHandle")
    ensure(user)
    if handle:
        MFAAccount.objects.filter(pk=user.pk).update(user_handle=handle.rstrip("="))
    raw_id = decode(credential["rawId"])
    return Passkey.objects.create(
        user=user,
        name="Recorded",
        confirmed=True,
        credential_id=urlsafe_b64encode(raw_id).rstrip(b"=").decode(),
        digest=digest_of(raw_id),
        public_key=decode(vector["credential_public_key"]),
        algorithm=vector.get("cose_alg") or -7,
        sign_count=vector["stored_sign_count"],
        aaguid="00000000-0000-0000-0000-000000000000",
        backup_eligible=bool(data[32] & BE),
        backed_up=bool(data[32] & BS),
        verified_at_first=True,
    )


@pytest.mark.parametrize("vector", vectors("authentication"))
def test_a_recorded_assertion_ends_as_the_specification_says(
    vector, door, user, policy
):
    framed = vector.get("expected_if_cross_origin_not_allowed") == "reject"
    policy(vector, **({"TOP_ORIGINS": ["https://example.com"]} if framed else {}))
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


@pytest.mark.parametrize("vector", vectors("authentication"))
def test_a_recorded_assertion_within_a_frame_is_refused_by_default(
    vector, door, user, policy
):
    if vector.get("expected_if_cross_origin_not_allowed") != "reject":
        pytest.skip("It was not recorded within a frame.")
    policy(vector)
    insert(user, vector)
    door.password(user)
    door.begin("verify")
    refused(door.complete("verify", vector["credential"]))
