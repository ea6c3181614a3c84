"""The FIDO Metadata Service, version 3: a signed list of models, read from a file."""

from __future__ import annotations

import json
from base64 import b64decode
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from django.db import router, transaction

from django_mfa import clock
from django_mfa.extras import lazy

from .models import AuthenticatorModel
from .reading import decode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, padding, utils
else:
    x509 = lazy("cryptography.x509")
    hashes = lazy("cryptography.hazmat.primitives.hashes")
    ec = lazy("cryptography.hazmat.primitives.asymmetric.ec")
    padding = lazy("cryptography.hazmat.primitives.asymmetric.padding")
    utils = lazy("cryptography.hazmat.primitives.asymmetric.utils")

#: Whom the certificate that signs the list is made out to (MDS 3.0 section 3.2).
SIGNER = "mds.fidoalliance.org"


#: What goes wrong where the JSON has another shape.
SHAPE = (KeyError, TypeError, IndexError, AttributeError)


class BadMetadata(ValueError):
    """The file is not a list that the root vouches for; the text says why."""


@dataclass(frozen=True, slots=True)
class Metadata:
    """A list whose signature is right."""

    number: int
    next_update: date
    entries: Sequence[dict[str, Any]]

    @property
    def is_old(self) -> bool:
        """Whether there should be a newer one by now."""
        return self.next_update < clock.now().date()


def read(blob: str, *, root: bytes, signer: str = SIGNER) -> Metadata:
    """Verify a list and return what it says; raise `BadMetadata`."""
    try:
        head, body, signature = blob.strip().split(".")
        header, data = json.loads(decode(head)), json.loads(decode(body))
        chain = [
            x509.load_der_x509_certificate(b64decode(each)) for each in header["x5c"]
        ]
        _check_chain(chain, x509.load_pem_x509_certificate(root), signer)
        _check_signature(
            chain[0], header["alg"], f"{head}.{body}".encode(), decode(signature)
        )
        return Metadata(
            int(data["no"]), date.fromisoformat(data["nextUpdate"]), data["entries"]
        )
    except BadMetadata:
        raise
    except Exception as error:  # certificates raise of every family
        message = "it cannot be read, or its signature is wrong"
        raise BadMetadata(message) from error


def store(metadata: Metadata) -> int:
    """Keep the models of a list in the place of those known; return how many.

    Raises `BadMetadata` for a list older than the one that is kept.
    """
    newest = AuthenticatorModel.objects.order_by("-serial").first()
    if newest and newest.serial > metadata.number:
        # SECURITY: an old list knows less of what has been broken since.
        message = f"it is number {metadata.number}, and {newest.serial} is known"
        raise BadMetadata(message)
    try:
        models = [_model(entry, metadata.number) for entry in metadata.entries]
    except SHAPE as error:
        message = "an entry has another shape"
        raise BadMetadata(message) from error
    found = {model.aaguid: model for model in models if model.aaguid}
    with transaction.atomic(using=router.db_for_write(AuthenticatorModel)):
        AuthenticatorModel.objects.all().delete()
        AuthenticatorModel.objects.bulk_create(found.values(), batch_size=200)
    return len(found)


def _model(entry: dict[str, Any], number: int) -> AuthenticatorModel:
    statement = entry.get("metadataStatement", {})
    return AuthenticatorModel(
        aaguid=str(entry.get("aaguid", "")).lower(),
        description=str(statement.get("description", ""))[:255],
        statuses=[report["status"] for report in entry.get("statusReports", ())],
        roots=list(statement.get("attestationRootCertificates", ())),
        serial=number,
    )


def _check_chain(
    chain: Sequence[x509.Certificate], root: x509.Certificate, signer: str
) -> None:
    """Follow the certificates to the root; each must be valid now."""
    if not chain or signer not in _names_of(chain[0]):
        message = f"it is not signed by {signer}"
        raise BadMetadata(message)
    path = [*chain, root] if chain[-1] != root else list(chain)
    now = clock.now()
    for certificate in path:
        if (
            not certificate.not_valid_before_utc
            <= now
            <= certificate.not_valid_after_utc
        ):
            message = "a certificate is not valid at this time"
            raise BadMetadata(message)
    for lower, upper in pairwise(path):
        if not _is_authority(upper):
            message = "a certificate within the chain is of no authority"
            raise BadMetadata(message)
        lower.verify_directly_issued_by(upper)


def _names_of(certificate: x509.Certificate) -> list[str]:
    extension = certificate.extensions.get_extension_for_class(
        x509.SubjectAlternativeName
    )
    return extension.value.get_values_for_type(x509.DNSName)


def _is_authority(certificate: x509.Certificate) -> bool:
    found = certificate.extensions.get_extension_for_class(x509.BasicConstraints)
    return bool(found.value.ca)


def _check_signature(
    certificate: x509.Certificate, algorithm: str, data: bytes, signature: bytes
) -> None:
    """Verify RS256 or ES256 (RFC 7518 section 3); raise `InvalidSignature`."""
    key: Any = certificate.public_key()
    if algorithm == "RS256":
        key.verify(signature, data, padding.PKCS1v15(), hashes.SHA256())
        return
    if algorithm != "ES256":
        message = f"its algorithm {algorithm!r} is not known"
        raise BadMetadata(message)
    half = len(signature) // 2
    r, s = (
        int.from_bytes(part, "big") for part in (signature[:half], signature[half:])
    )
    key.verify(utils.encode_dss_signature(r, s), data, ec.ECDSA(hashes.SHA256()))
