"""Who vouches for a passkey, and which models may be used."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from django_mfa.audit.models import AuditEvent
from django_mfa.factors.passkey import attestation
from django_mfa.factors.passkey.models import AuthenticatorModel, Passkey
from tests.factors.passkey.conftest import refused, register

W3C = Path(__file__).parents[2] / "vectors" / "w3c_webauthn_l3.json"
ATTESTED = "w3c/packed-es256/reg"
SELF, NONE = "w3c/packed-self-es256/reg", "w3c/none-es256/reg"


def vector(name: str, **changes: Any) -> dict[str, Any]:
    found = json.loads(W3C.read_text())["vectors"]
    return next(each for each in found if each["id"] == name) | changes


def aaguid_of(name: str) -> str:
    return str(vector(name)["py_webauthn_3_0_1"]["result"]["aaguid"])


def root_of(name: str) -> str:
    (root,) = vector(name)["pem_root_certs_by_fmt"]["packed"]
    return str(root)


def reason() -> str:
    return AuditEvent.objects.get(event="challenge_failed").reason


def known_model(**fields: Any) -> None:
    AuthenticatorModel.objects.create(
        aaguid=aaguid_of(ATTESTED), **{"serial": 1, "description": "Key", **fields}
    )


@pytest.mark.parametrize("name", [SELF, NONE])
@pytest.mark.parametrize("asked", ["direct", "enterprise"])
def test_without_a_certificate_nothing_vouches(enrolling, policy, name, asked):
    policy(vector(name), ATTESTATION=asked)
    assert enrolling.ask("setup").json()["attestation"] == asked
    refused(register(enrolling, vector(name)["credential"]))
    assert reason() == "attestation_untrusted"


def test_without_a_root_nothing_vouches(enrolling, policy):
    bare = vector(ATTESTED, pem_root_certs_by_fmt=None)
    policy(bare, ATTESTATION="direct")
    refused(register(enrolling, bare["credential"]))
    assert reason() == "attestation_untrusted"


@pytest.mark.parametrize(
    ("name", "trust"), [(ATTESTED, "unverified"), (SELF, "self"), (NONE, "none")]
)
@pytest.mark.parametrize("asked", ["none", "indirect"])
def test_where_none_is_asked_for_what_comes_is_noted(
    enrolling,
    policy,
    name,
    trust,
    asked,
):
    bare = vector(name, pem_root_certs_by_fmt=None)
    policy(bare, ATTESTATION=asked)
    assert register(enrolling, bare["credential"]).status_code == 200
    assert Passkey.objects.get().trust == trust


def test_another_root_does_not_vouch(enrolling, policy):
    others = json.loads((W3C.parent / "py_webauthn_fixtures.json").read_text())
    other = next(v for v in others["vectors"] if v.get("pem_root_certs_by_fmt"))
    policy(vector(ATTESTED, pem_root_certs_by_fmt=other["pem_root_certs_by_fmt"]))
    refused(register(enrolling, vector(ATTESTED)["credential"]))
    assert reason() == "attestation_untrusted"


@pytest.mark.parametrize("allowed", [True, False])
def test_only_models_that_are_allowed_register(enrolling, policy, allowed):
    names = (
        [aaguid_of(ATTESTED).upper()]
        if allowed
        else ["00000000-0000-0000-0000-000000000001"]
    )
    policy(vector(ATTESTED), AAGUIDS_ALLOWED=names)
    answer = register(enrolling, vector(ATTESTED)["credential"])
    if allowed:
        assert answer.status_code == 200
    else:
        refused(answer)
        assert reason() == "model_not_allowed"


def test_a_claim_alone_puts_nobody_on_the_list(enrolling, policy):
    policy(vector(NONE), AAGUIDS_ALLOWED=[aaguid_of(NONE)])
    refused(register(enrolling, vector(NONE)["credential"]))
    assert reason() == "attestation_untrusted"


def test_models_that_are_denied_do_not_register(enrolling, policy):
    policy(vector(NONE), AAGUIDS_DENIED=[aaguid_of(NONE)])
    refused(register(enrolling, vector(NONE)["credential"]))
    assert reason() == "model_not_allowed"


def test_the_metadata_vouch(enrolling, policy):
    lines = root_of(ATTESTED).splitlines()
    known_model(roots=["".join(line for line in lines if "-----" not in line)])
    bare = vector(ATTESTED, pem_root_certs_by_fmt=None)
    policy(bare, ATTESTATION="direct")
    assert register(enrolling, bare["credential"]).status_code == 200
    assert Passkey.objects.get().trust == "root"


def test_a_model_that_is_broken_does_not_register(enrolling, policy):
    known_model(statuses=["FIDO_CERTIFIED", "REVOKED"])
    policy(vector(ATTESTED))
    refused(register(enrolling, vector(ATTESTED)["credential"]))
    assert reason() == "model_compromised"


def test_a_check_that_cannot_read_a_certificate_refuses():
    def fail() -> str:
        raise ValueError

    assert attestation.safely(fail) == "attestation"


def test_the_roots_that_the_library_brings_vouch_for_no_other_maker(
    enrolling, policy, monkeypatch
):
    apple = vector("w3c/apple-es256/reg")
    ((root,),) = apple["pem_root_certs_by_fmt"].values()
    # Where the library keeps the root of Apple, which it adds to those it is given.
    kept = "webauthn.registration.formats.apple.apple_webauthn_root_ca"
    monkeypatch.setattr(kept, root.encode())
    others = json.loads((W3C.parent / "py_webauthn_fixtures.json").read_text())
    other = next(v for v in others["vectors"] if v.get("pem_root_certs_by_fmt"))
    ((foreign, *_), *_) = other["pem_root_certs_by_fmt"].values()
    policy({**apple, "pem_root_certs_by_fmt": {"apple": [foreign]}})
    refused(register(enrolling, apple["credential"]))
    assert reason() == "attestation_untrusted"
    assert not Passkey.objects.exists()
