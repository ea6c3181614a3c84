from __future__ import annotations

import json
from base64 import b64encode, urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils
from cryptography.x509.oid import NameOID
from django.core.management import CommandError, call_command

from django_mfa.factors.passkey.models import AuthenticatorModel

NOW = datetime.now(tz=UTC)
AAGUID = "01020304-0506-0708-0102-030405060708"


def name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def certificate(
    subject: str,
    key: Any,
    issuer: str,
    issuer_key: Any,
    *,
    ca: bool = False,
    until: datetime = NOW + timedelta(days=9),
    bare: bool = False,
) -> x509.Certificate:
    builder = (
        x509.CertificateBuilder()
        .subject_name(name(subject))
        .issuer_name(name(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - timedelta(days=9))
        .not_valid_after(until)
    )
    if not bare:
        authority = x509.BasicConstraints(ca=ca, path_length=None)
        names = x509.SubjectAlternativeName([x509.DNSName(subject)])
        builder = builder.add_extension(authority, critical=True)
        builder = builder.add_extension(names, critical=False)
    return builder.sign(issuer_key, hashes.SHA256())


def encode(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


class Service:
    """A metadata service with a root of its own."""

    def __init__(self, folder: Any, kind: str = "ES256") -> None:
        self.folder, self.kind = folder, kind
        self.root_key = ec.generate_private_key(ec.SECP256R1())
        self.root = certificate("root", self.root_key, "root", self.root_key, ca=True)
        self.key: Any = (
            ec.generate_private_key(ec.SECP256R1())
            if kind == "ES256"
            else rsa.generate_private_key(public_exponent=65537, key_size=2048)
        )
        self.leaf = certificate("mds.fidoalliance.org", self.key, "root", self.root_key)
        self.chain = [self.leaf]
        self.data: dict[str, Any] = {
            "no": 7,
            "nextUpdate": (NOW + timedelta(days=9)).date().isoformat(),
            "entries": [
                {
                    "aaguid": AAGUID,
                    "metadataStatement": {
                        "description": "Key",
                        "attestationRootCertificates": ["AAAA"],
                    },
                    "statusReports": [{"status": "FIDO_CERTIFIED"}],
                },
                {"attestationCertificateKeyIdentifiers": ["x"], "statusReports": []},
            ],
        }

    def blob(self, **header: Any) -> str:
        chain = [
            b64encode(each.public_bytes(serialization.Encoding.DER)).decode()
            for each in self.chain
        ]
        head = encode(json.dumps({"alg": self.kind, "x5c": chain, **header}).encode())
        body = encode(json.dumps(self.data).encode())
        return f"{head}.{body}.{encode(self.sign(f'{head}.{body}'.encode()))}"

    def sign(self, data: bytes) -> bytes:
        if self.kind == "RS256":
            return bytes(self.key.sign(data, padding.PKCS1v15(), hashes.SHA256()))
        signature = self.key.sign(data, ec.ECDSA(hashes.SHA256()))
        r, s = utils.decode_dss_signature(signature)
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    def update(self, blob: str = "", **options: Any) -> None:
        file, root = self.folder / "blob.jwt", self.folder / "root.pem"
        file.write_text(blob or self.blob())
        root.write_bytes(self.root.public_bytes(serialization.Encoding.PEM))
        call_command("mfa_update_mds", str(file), root=root, **options)


@pytest.fixture
def service(tmp_path, db) -> Service:
    return Service(tmp_path)


@pytest.mark.parametrize("kind", ["ES256", "RS256"])
def test_the_models_of_a_list_are_kept(tmp_path, db, kind, capsys):
    service = Service(tmp_path, kind)
    service.update()
    assert "Number 7: 1 models are known." in capsys.readouterr().out
    model = AuthenticatorModel.objects.get()
    assert (model.aaguid, str(model)) == (AAGUID, "Key")
    assert model.statuses == ["FIDO_CERTIFIED"]
    assert model.root_certificates()[0].startswith(b"-----BEGIN CERTIFICATE-----\nAAAA")


def test_a_newer_list_takes_the_place_of_the_old(service):
    service.update()
    service.data |= {"no": 8, "entries": []}
    service.update()
    assert not AuthenticatorModel.objects.exists()


def test_an_older_list_is_refused(service):
    service.update()
    service.data["no"] = 6
    with pytest.raises(CommandError, match="and 7 is known"):
        service.update()


def test_a_list_that_is_overdue_is_taken_with_a_warning(service, capsys):
    service.data["nextUpdate"] = "2020-01-01"
    service.update()
    assert "A newer file was due on 2020-01-01." in capsys.readouterr().err


def test_a_list_of_somebody_else_is_refused(service):
    with pytest.raises(CommandError, match="not signed by other"):
        service.update(signer="other.example")


def test_a_list_of_another_root_is_refused(service):
    other = ec.generate_private_key(ec.SECP256R1())
    service.root = certificate("root", other, "root", other, ca=True)
    with pytest.raises(CommandError, match="signature is wrong"):
        service.update()


def test_a_certificate_that_is_over_is_refused(service):
    over = NOW - timedelta(days=1)
    service.chain = [
        certificate(
            "mds.fidoalliance.org", service.key, "root", service.root_key, until=over
        )
    ]
    with pytest.raises(CommandError, match="not valid at this time"):
        service.update()


def test_a_certificate_signed_by_no_authority_is_refused(service):
    mine = ec.generate_private_key(ec.SECP256R1())
    between = certificate("mine", mine, "root", service.root_key)
    service.chain = [
        certificate("mds.fidoalliance.org", service.key, "mine", mine),
        between,
    ]
    with pytest.raises(CommandError, match="of no authority"):
        service.update()


@pytest.mark.parametrize("which", ["signer", "between"])
def test_a_certificate_that_says_nothing_of_itself_is_refused(service, which):
    mine, signer = ec.generate_private_key(ec.SECP256R1()), "mds.fidoalliance.org"
    service.chain = [
        certificate(signer, service.key, "mine", mine, bare=which == "signer"),
        certificate("mine", mine, "root", service.root_key, ca=True, bare=True),
    ]
    with pytest.raises(CommandError, match="cannot be read"):
        service.update()


def test_the_root_may_be_part_of_the_chain(service):
    service.chain.append(service.root)
    service.update()
    assert AuthenticatorModel.objects.exists()


@pytest.mark.parametrize("algorithm", ["none", "HS256", None])
def test_another_algorithm_is_refused(service, algorithm):
    with pytest.raises(CommandError, match="is not known"):
        service.update(service.blob(alg=algorithm))


@pytest.mark.parametrize("number", range(3))
def test_a_part_that_was_changed_is_refused(service, number):
    parts = service.blob().split(".")
    parts[number] = parts[number][:-2] + ("AA" if parts[number][-2:] != "AA" else "BB")
    with pytest.raises(CommandError, match="was not taken over"):
        service.update(".".join(parts))


@pytest.mark.parametrize("blob", ["x", "a.b", "a.b.c", "e30.e30.", "W10.W10.AA"])
def test_what_is_no_list_is_refused(service, blob):
    with pytest.raises(CommandError, match="was not taken over"):
        service.update(blob)


@pytest.mark.parametrize(
    "entry", [7, "x", {"statusReports": [{}]}, {"statusReports": 7}]
)
def test_an_entry_of_another_shape_is_refused(service, entry):
    service.data["entries"] = [entry]
    with pytest.raises(CommandError, match="another shape"):
        service.update()


def test_a_file_and_a_root_are_needed(service, tmp_path, settings):
    with pytest.raises(CommandError, match="Name the root certificate"):
        call_command("mfa_update_mds", str(tmp_path / "blob.jwt"))
    settings.DJANGO_MFA = {"PASSKEY": {"MDS_ROOT": str(tmp_path / "no.pem")}}
    with pytest.raises(CommandError, match="No such file"):
        call_command("mfa_update_mds", str(tmp_path / "blob.jwt"))
