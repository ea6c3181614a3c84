"""Who vouches for a new passkey: roots from files, and the FIDO metadata."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django_mfa import conf
from django_mfa.extras import lazy

from .ceremony import named_in
from .models import AuthenticatorModel

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from cryptography import x509
    from cryptography.hazmat.primitives import serialization

    from .ceremony import Registered
    from .reading import Answer
else:
    x509 = lazy("cryptography.x509")
    serialization = lazy("cryptography.hazmat.primitives.serialization")

log = logging.getLogger("django_mfa")


class Trust(StrEnum):
    """How far an attestation can be believed (L3 section 6.5.4)."""

    NONE = "none"
    SELF = "self"
    #: A certificate that leads to no root the site named.
    UNVERIFIED = "unverified"
    ROOT = "root"


@dataclass(frozen=True, slots=True)
class Model:
    """What is known of the model that an attestation claims to come from."""

    roots: tuple[bytes, ...] = ()
    statuses: tuple[str, ...] = ()


def model_of(answer: Answer) -> Model:
    """Return the roots that may vouch for an answer, and what is reported of its model."""
    format_, aaguid = named_in(answer)
    settings = conf.get().PASSKEY
    entry = AuthenticatorModel.objects.filter(aaguid=aaguid).first()
    statuses = tuple(entry.statuses) if entry else ()
    if settings.ATTESTATION == "none" and not settings.AAGUIDS_ALLOWED:
        return Model(statuses=statuses)
    files = files_of(settings.ATTESTATION_ROOTS, format_)
    roots = [root for file in files for root in certificates_in(file)]
    roots += entry.root_certificates() if entry else []
    return Model(tuple(roots), statuses)


def files_of(roots: Mapping[str, Any], format_: str) -> Sequence[Any]:
    """Return the files named for a format; one alone may stand without a list."""
    files = roots.get(format_, ())
    return (files,) if isinstance(files, str | Path) else files


def trust_in(found: Registered, model: Model) -> Trust:
    """Return how far a verified attestation can be believed."""
    if found.format == "none":
        return Trust.NONE
    if not found.certificates:
        return Trust.SELF
    # The library has followed the certificates to one of these, if there are any.
    return Trust.ROOT if model.roots else Trust.UNVERIFIED


def safely(check: Callable[..., str], *args: Any) -> str:
    """Return what `check` says; a certificate that cannot be read is refused."""
    try:
        return check(*args)
    except Exception:  # noqa: BLE001  # certificates of strangers raise of every family
        return "attestation"


def certificates_in(file: str | Path) -> list[bytes]:
    """Return the PEM certificates of a file, each by itself; none if it cannot be read."""
    try:
        found = x509.load_pem_x509_certificates(Path(file).read_bytes())
    except (OSError, ValueError):
        # Then nothing vouches, and where something must, the answer is refused.
        log.exception("The roots in %s cannot be read", file)
        return []
    return [each.public_bytes(serialization.Encoding.PEM) for each in found]
