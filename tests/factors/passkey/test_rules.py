"""Rules that the library guards as well, asked by themselves."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import cbor2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from django_mfa import clock
from django_mfa.factors.passkey import ceremony, options, rules
from django_mfa.factors.passkey.ceremony import Expected
from django_mfa.factors.passkey.models import Passkey
from django_mfa.factors.passkey.reading import read
from django_mfa.testing import FakeAuthenticator
from tests.factors.passkey.conftest import ORIGIN, refused
from tests.factors.passkey.test_attestation import ATTESTED, reason, root_of, vector


@pytest.mark.parametrize(
    "swap", [{-8: -7}, {-7: -8}, {-257: -7}, {-7: -257}, {-8: -257}], ids=str
)
def test_a_key_of_another_kind_than_its_algorithm_is_refused(enrolling, swap):
    ((own, said),) = swap.items()
    authenticator = FakeAuthenticator("testserver", ORIGIN, algorithms=(own,))

    def change(draft) -> None:
        draft.cose_key = cbor2.dumps({**cbor2.loads(draft.cose_key), 3: said})

    made = authenticator.create(enrolling.begin("setup"), tamper=change)
    refused(enrolling.complete("setup", made))
    assert reason() in {"key", "malformed"}
    assert not Passkey.objects.exists()


def test_a_certificate_that_names_another_model_is_refused():
    attested = vector(ATTESTED)
    found = ceremony.register(
        read(attested["credential"]),
        Expected(attested["expected_rp_id"], [attested["expected_origin"]]),
        algorithms=options.algorithms(),
        roots=[root_of(ATTESTED).encode()],
    )
    named = replace(found, certificates=(naming(found.aaguid),))
    case = rules.NewPasskey(read(attested["credential"]), named, options.algorithms())
    assert rules.certificate_names_the_model(case) == ""
    other = replace(case, found=replace(named, aaguid=str(UUID(int=7))))
    assert rules.certificate_names_the_model(other) == "attestation_aaguid"


def naming(aaguid: str) -> bytes:
    """A certificate that says of which model it is (L3 section 8.2.1)."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Maker")])
    said = x509.UnrecognizedExtension(
        x509.ObjectIdentifier(rules.AAGUID_EXTENSION), b"\x04\x10" + UUID(aaguid).bytes
    )
    made = x509.CertificateBuilder(name, name, key.public_key(), 1)
    made = made.not_valid_before(clock.now()).not_valid_after(clock.now())
    return (
        made.add_extension(said, critical=False)
        .sign(key, SHA256())
        .public_bytes(Encoding.DER)
    )
