"""Seal what must be read again, digest what must only be compared.

Fernet (AES-128-CBC with HMAC-SHA256) under a key derived by HKDF (RFC 5869) for
the one place a secret belongs to, so that it opens nowhere else.
"""

from __future__ import annotations

import hashlib
import hmac
from base64 import urlsafe_b64encode
from functools import lru_cache
from typing import TYPE_CHECKING

from django.conf import settings
from django.utils.encoding import force_str
from django.views.decorators.debug import sensitive_variables

from . import conf
from .errors import KeyTrouble
from .extras import lazy

if TYPE_CHECKING:
    from cryptography import fernet
else:
    fernet = lazy("cryptography.fernet")

VERSION = "1"


@sensitive_variables()
def keys() -> list[str]:
    """Return the site's keys: the first one seals, all of them open."""
    configured = list(conf.get().ENCRYPTION_KEYS)
    if configured:
        return configured
    return [force_str(key) for key in _secret_keys()]


@lru_cache(maxsize=64)
@sensitive_variables()
def key_id(key: str) -> str:
    """Eight hex digits by which a sealed text names its key, and nothing more."""
    return hashlib.sha256(b"django_mfa key id\0" + key.encode()).hexdigest()[:8]


@sensitive_variables()
def derive(key: str, purpose: str) -> bytes:
    """32 bytes from `key` for `purpose` alone: HKDF-SHA256, RFC 5869 section 2."""
    extracted = hmac.digest(b"django_mfa", key.encode(), "sha256")
    return hmac.digest(extracted, purpose.encode() + b"\x01", "sha256")


@sensitive_variables()
def _secret_keys() -> list[str | bytes]:
    return [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]


@sensitive_variables()
def seal(secret: str, place: str) -> str:
    """Encrypt `secret` so that it opens only for the same `place`."""
    key = keys()[0]
    token = _cipher(key, place).encrypt(secret.encode())
    return f"{VERSION}.{key_id(key)}.{token.decode()}"


@sensitive_variables()
def unseal(sealed: str, place: str) -> str:
    """Return what `seal` was given; raise `KeyTrouble` when no key opens it here."""
    try:
        version, name, token = sealed.split(".", 2)
    except ValueError as error:
        raise KeyTrouble(why="malformed") from error
    key = next((key for key in keys() if key_id(key) == name), None)
    if version != VERSION or key is None:
        raise KeyTrouble(why="key_missing", key_id=name)
    try:
        return _cipher(key, place).decrypt(token.encode()).decode()
    except (fernet.InvalidToken, ValueError) as error:
        # SECURITY: the same answer for a corrupted secret and for one that was
        # copied here from another row.
        raise KeyTrouble(why="does_not_open", key_id=name) from error


@sensitive_variables()
def keyed_digest(text: str, purpose: str) -> str:
    """Return the HMAC-SHA256 of `text` for `purpose`, by the first key, in hex.

    For what has too few values for a plain digest: codes, numbers, addresses.
    """
    return _keyed(keys()[0], text, purpose)


@sensitive_variables()
def keyed_digests(text: str, purpose: str) -> list[str]:
    """Return the digest by every key, to compare with what an older one wrote."""
    return [_keyed(key, text, purpose) for key in keys()]


@sensitive_variables()
def _keyed(key: str, text: str, purpose: str) -> str:
    secret = derive(key, f"digest:{purpose}")
    return hmac.digest(secret, text.encode(), "sha256").hex()


@sensitive_variables()
def sealed_with_first_key() -> str:
    """Return the beginning of every text that needs no new sealing."""
    return f"{VERSION}.{key_id(keys()[0])}."


@sensitive_variables()
def _cipher(key: str, place: str) -> fernet.Fernet:
    return fernet.Fernet(urlsafe_b64encode(derive(key, f"seal:{place}")))
