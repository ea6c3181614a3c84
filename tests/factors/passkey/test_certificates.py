"""Packed attestations of a maker who is made up: what their certificates must be."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import cbor2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from django_mfa.factors.passkey.models import AuthenticatorModel, Passkey
from django_mfa.factors.passkey.reading import encode
from django_mfa.testing import FakeAuthenticator
from tests.factors.passkey.conftest import ORIGIN, decode, last_reason, refused

NOW = datetime.now(tz=UTC)
AAGUID = bytes(range(16))
WRITTEN = "00010203-0405-0607-0809-0a0b0c0d0e0f"
NAME = {
    NameOID.COUNTRY_NAME: "AA",
    NameOID.ORGANIZATION_NAME: "Maker",
    NameOID.ORGANIZATIONAL_UNIT_NAME: "Authenticator Attestation",
    NameOID.COMMON_NAME: "Model",
}
#: Two extensions of nobody, alike but for the last byte of their name.
ONE, TWO = (x509.ObjectIdentifier(f"1.3.6.1.4.1.45724.9.{n}") for n in (1, 2))
FAR, LEAF = timedelta(days=9), x509.BasicConstraints(ca=False, path_length=None)
ROOT = x509.BasicConstraints(ca=True, path_length=None)


def named(parts: dict[Any, str]) -> x509.Name:
    return x509.Name([x509.NameAttribute(*part) for part in parts.items()])


class Maker:
    """A maker of authenticators, with a root of their own."""

    def __init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.leaf_key = ec.generate_private_key(ec.SECP256R1())
        self.root = self._signed({NameOID.COMMON_NAME: "Root"}, self.key, [ROOT])

    @property
    def pem(self) -> bytes:
        return self.root.public_bytes(serialization.Encoding.PEM)

    def leaf(self, *extensions: Any, without: Any = None, **changed: str) -> bytes:
        """The certificate with which a model vouches, in DER."""
        names = {getattr(NameOID, key): value for key, value in changed.items()}
        subject = {k: v for k, v in {**NAME, **names}.items() if k != without}
        made = self._signed(subject, self.leaf_key, extensions or [LEAF])
        return made.public_bytes(serialization.Encoding.DER)

    def _signed(self, subject: Any, key: Any, extensions: Any) -> x509.Certificate:
        builder = (
            x509.CertificateBuilder()
            .subject_name(named(subject))
            .issuer_name(named({NameOID.COMMON_NAME: "Root"}))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(NOW - FAR)
            .not_valid_after(NOW + FAR)
        )
        for each in extensions:
            builder = builder.add_extension(each, critical=False)
        return builder.sign(self.key, hashes.SHA256())

    def attested(self, asked: Any, leaf: bytes) -> Any:
        """A new passkey for which `leaf` vouches."""
        answer = FakeAuthenticator("testserver", ORIGIN, aaguid=AAGUID).create(asked)
        response = answer["response"]
        found = cbor2.loads(decode(response["attestationObject"]))
        client = sha256(decode(response["clientDataJSON"])).digest()
        signed = self.leaf_key.sign(
            found["authData"] + client, ec.ECDSA(hashes.SHA256())
        )
        found |= {
            "fmt": "packed",
            "attStmt": {"alg": -7, "sig": signed, "x5c": [leaf]},
        }
        response["attestationObject"] = encode(cbor2.dumps(found))
        return answer


@pytest.fixture
def maker() -> Maker:
    return Maker()


@pytest.fixture
def roots(tmp_path, maker) -> Any:
    file = tmp_path / "roots.pem"
    file.write_bytes(maker.pem)
    return file


@pytest.fixture
def configure(settings):
    def set_to(**passkey: Any) -> None:
        settings.DJANGO_MFA = {**settings.DJANGO_MFA, "PASSKEY": passkey}

    return set_to


@pytest.fixture
def direct(configure, roots):
    """A site that wants a maker's word, and knows one."""
    configure(ATTESTATION="direct", ATTESTATION_ROOTS={"packed": [str(roots)]})


def register(door: Any, maker: Maker, leaf: bytes) -> Any:
    return door.complete("setup", maker.attested(door.begin("setup"), leaf))


def test_a_certificate_as_it_should_be_vouches(direct, enrolling, maker):
    assert register(enrolling, maker, maker.leaf()).status_code == 200
    assert Passkey.objects.get().trust == "root"


WRONG = {
    "no unit": lambda maker: maker.leaf(without=NameOID.ORGANIZATIONAL_UNIT_NAME),
    "another unit": lambda maker: maker.leaf(ORGANIZATIONAL_UNIT_NAME="Web servers"),
    "no country": lambda maker: maker.leaf(without=NameOID.COUNTRY_NAME),
    "no maker": lambda maker: maker.leaf(without=NameOID.ORGANIZATION_NAME),
    "no model": lambda maker: maker.leaf(without=NameOID.COMMON_NAME),
    "an authority": lambda maker: maker.leaf(ROOT),
    "nothing of authority": lambda maker: maker.leaf(
        x509.UnrecognizedExtension(ONE, b"\4\1a")
    ),
}


@pytest.mark.parametrize("make", WRONG.values(), ids=WRONG)
def test_a_certificate_for_something_else_does_not(direct, enrolling, maker, make):
    refused(register(enrolling, maker, make(maker)))
    assert last_reason() in ("attestation", "attestation_certificate")
    assert not Passkey.objects.exists()


def test_a_certificate_that_says_a_thing_twice_is_refused(enrolling, maker):
    """Nobody vouches for it, so anybody can make it up."""
    extensions = [x509.UnrecognizedExtension(oid, b"\4\1a") for oid in (ONE, TWO)]
    first, second = b"\x82\xe5\x1c\x09\x01", b"\x82\xe5\x1c\x09\x02"
    leaf = maker.leaf(LEAF, *extensions)
    assert (leaf.count(first), leaf.count(second)) == (1, 1)
    twice = leaf.replace(second, first)
    refused(register(enrolling, maker, twice))
    assert last_reason() == "attestation"


def test_one_file_may_stand_without_a_list(configure, roots, enrolling, maker):
    configure(ATTESTATION="direct", ATTESTATION_ROOTS={"packed": str(roots)})
    assert register(enrolling, maker, maker.leaf()).status_code == 200


def test_what_else_a_file_says_is_read_past(direct, roots, enrolling, maker):
    roots.write_bytes(b"# The root of the maker\r\n" + maker.pem + b"\n# The end\n")
    assert register(enrolling, maker, maker.leaf()).status_code == 200


def test_new_roots_count_at_once(direct, roots, enrolling, maker):
    roots.write_bytes(Maker().pem)
    refused(register(enrolling, maker, maker.leaf()))
    roots.write_bytes(maker.pem)
    assert register(enrolling, maker, maker.leaf()).status_code == 200


@pytest.mark.parametrize("text", [None, "", "no certificate"])
def test_roots_that_cannot_be_read_vouch_for_nobody(
    direct, roots, enrolling, maker, text, caplog
):
    if text is None:
        roots.unlink()
    else:
        roots.write_text(text)
    with caplog.at_level(logging.ERROR, "django_mfa"):
        refused(register(enrolling, maker, maker.leaf()))
    assert last_reason() == "attestation_untrusted"
    assert str(roots) in caplog.text


@pytest.mark.parametrize(
    "spelling", [WRITTEN, WRITTEN.upper(), WRITTEN.replace("-", "")]
)
def test_a_model_is_denied_however_it_is_written(configure, enrolling, maker, spelling):
    configure(AAGUIDS_DENIED=[spelling])
    refused(register(enrolling, maker, maker.leaf()))
    assert last_reason() == "model_not_allowed"


def test_a_broken_model_is_refused_where_nobody_has_to_vouch(enrolling, maker):
    AuthenticatorModel.objects.create(
        aaguid=WRITTEN, serial=1, description="Key", statuses=["REVOKED"]
    )
    refused(register(enrolling, maker, maker.leaf()))
    assert last_reason() == "model_compromised"
