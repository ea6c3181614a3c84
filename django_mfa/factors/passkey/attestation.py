"""Who vouches for a new passkey: roots from files, and the FIDO metadata."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django_mfa import conf

from .ceremony import named_in
from .models import AuthenticatorModel

if TYPE_CHECKING:
    from collections.abc import Callable

    from .ceremony import Registered
    from .reading import Answer

END = b"-----END CERTIFICATE-----"


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
    if settings.ATTESTATION == "none" and not settings.AAGUIDS_ALLOWED:
        return Model()
    roots = [
        root
        for file in settings.ATTESTATION_ROOTS.get(format_, ())
        for root in certificates_in(str(file))
    ]
    entry = AuthenticatorModel.objects.filter(aaguid=aaguid).first()
    if entry is None:
        return Model(tuple(roots))
    return Model((*roots, *entry.root_certificates()), tuple(entry.statuses))


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


@lru_cache(maxsize=64)
def certificates_in(file: str) -> tuple[bytes, ...]:
    """Return the PEM certificates of a file, each by itself."""
    text = Path(file).read_bytes()
    parts = text.split(END)[:-1]
    return tuple(part.strip() + b"\n" + END + b"\n" for part in parts)
