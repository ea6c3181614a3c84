"""What the browser posted, as bytes and plain values; or it is malformed."""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import NoneType
from typing import Any

from django.views.decorators.debug import sensitive_variables

from django_mfa import strict_json
from django_mfa.values import Credential

BASE64 = re.compile(r"[A-Za-z0-9_+/-]*={0,2}\Z")
MAX_TRANSPORTS = 8
TRANSPORT = re.compile(r"[a-z0-9-]{1,16}\Z")


class Malformed(ValueError):
    """The answer has not the shape of RegistrationResponseJSON or its sibling."""


@dataclass(frozen=True, slots=True)
class ClientData:
    """What the browser says of the ceremony (WebAuthn L3 section 5.8.1)."""

    raw: bytes
    type: str
    challenge: bytes
    origin: str
    cross_origin: bool
    top_origin: str | None


@dataclass(frozen=True, slots=True)
class Answer:
    """An authenticator's answer: of `create()` with an attestation, of `get()` with a signature."""

    id: bytes
    client: ClientData
    attestation: bytes = field(default=b"", repr=False)
    authenticator_data: bytes = field(default=b"", repr=False)
    signature: bytes = field(default=b"", repr=False)
    user_handle: bytes | None = None
    transports: tuple[str, ...] = ()
    attachment: str = ""
    discoverable: bool | None = None

    @property
    def is_creation(self) -> bool:
        """Whether it answers `create()`."""
        return bool(self.attestation)


@sensitive_variables()
def parsed(response: Any) -> Mapping[str, Any] | None:
    """Return the credential of a `Credential`, a mapping or a text; None if there is none."""
    try:
        return _mapping(_unwrapped(_parsed(response)))
    except Malformed:
        return None


@sensitive_variables()
def read(data: Mapping[str, Any]) -> Answer:
    """Read what `parsed` returned; raise `Malformed`."""
    inner = _mapping(data.get("response"))
    credential_id = _bytes(data, "rawId")
    if _text(data, "type") != "public-key" or _bytes(data, "id") != credential_id:
        raise Malformed
    client = _client_data(_bytes(inner, "clientDataJSON"))
    attachment = _attachment(data.get("authenticatorAttachment"))
    discoverable = _discoverable(data.get("clientExtensionResults"))
    if "attestationObject" in inner:
        _check_doubles(inner)
        return Answer(
            credential_id,
            client,
            attestation=_bytes(inner, "attestationObject"),
            transports=_transports(inner.get("transports")),
            attachment=attachment,
            discoverable=discoverable,
        )
    return Answer(
        credential_id,
        client,
        authenticator_data=_bytes(inner, "authenticatorData"),
        signature=_bytes(inner, "signature"),
        user_handle=_user_handle(inner),
        attachment=attachment,
    )


@sensitive_variables()
def challenge_of(data: Mapping[str, Any] | None) -> bytes | None:
    """Return the challenge that an answer names, however malformed the rest; or None."""
    try:
        inner = _mapping(_mapping(data).get("response"))
        return _client_data(_bytes(inner, "clientDataJSON")).challenge
    except Malformed:
        return None


@sensitive_variables()
def encode(data: bytes) -> str:
    """Return base64url without padding (RFC 4648 section 5)."""
    return urlsafe_b64encode(data).rstrip(b"=").decode()


@sensitive_variables()
def decode(text: str) -> bytes:
    """Return the bytes of base64url, or of its elder sibling; raise `Malformed`.

    Some clients pad it, and some write the other alphabet.
    """
    bare = text.rstrip("=").replace("+", "-").replace("/", "_")
    # SECURITY: Python skips what is not base64; then nearly any text means an id, and
    # "=", which is nothing, would equal a handle that is not made yet.
    if not BASE64.match(text) or len(bare) % 4 == 1 or (len(text) % 4 and "=" in text):
        raise Malformed
    found = urlsafe_b64decode(bare + "=" * (-len(bare) % 4))
    if encode(found) != bare:  # bits behind the last byte: RFC 4648 section 3.5
        raise Malformed
    return found


@sensitive_variables()
def _parsed(response: Any) -> Any:
    given = response.json if isinstance(response, Credential) else response
    if not isinstance(given, str):
        return given
    try:
        return strict_json.loads(given)
    except strict_json.BadJSON as error:
        raise Malformed from error


@sensitive_variables()
def _unwrapped(data: Any) -> Any:
    """Return the credential of a request body, `{"credential": {...}, ...}`, or `data`."""
    if isinstance(data, Mapping) and "credential" in data:
        inner = data["credential"]
        return _parsed(inner) if isinstance(inner, str) else inner
    return data


@sensitive_variables()
def _client_data(raw: bytes) -> ClientData:
    try:
        data = _mapping(strict_json.loads(raw.decode("utf-8-sig")))
    except (strict_json.BadJSON, UnicodeDecodeError) as error:
        raise Malformed from error
    cross, top = data.get("crossOrigin", False), data.get("topOrigin")
    if not isinstance(cross, bool) or not isinstance(top, str | None):
        raise Malformed
    challenge = _bytes(data, "challenge")
    return ClientData(
        raw, _text(data, "type"), challenge, _text(data, "origin"), cross, top
    )


@sensitive_variables()
def _user_handle(inner: Mapping[str, Any]) -> bytes | None:
    given = inner.get("userHandle")
    # Some browsers say "" where the specification says null.
    return None if given is None or given == "" else _bytes(inner, "userHandle")


def _attachment(given: Any) -> str:
    found = "" if given is None else given
    if not isinstance(found, str) or not TRANSPORT.match(found or "-"):
        raise Malformed
    return found


def _check_doubles(inner: Mapping[str, Any]) -> None:
    """Look at what browsers say once more beside the attestation; nothing rests on it."""
    for name in ("authenticatorData", "publicKey"):
        if inner.get(name) is not None:
            _bytes(inner, name)
    if type(inner.get("publicKeyAlgorithm")) not in (int, NoneType):
        raise Malformed


def _discoverable(extensions: Any) -> bool | None:
    """Return what the browser says of a discoverable credential (L3 section 10.1.3)."""
    if extensions is None:
        return None
    said = _mapping(extensions).get("credProps")
    found = _mapping(said).get("rk") if said is not None else None
    return found if isinstance(found, bool) else None


def _transports(given: Any) -> tuple[str, ...]:
    if given is None:
        return ()
    if not isinstance(given, list) or len(given) > MAX_TRANSPORTS:
        raise Malformed
    # L3 section 5.2.1.1: values not known yet are kept, so that they are given back.
    if not all(isinstance(each, str) and TRANSPORT.match(each) for each in given):
        raise Malformed
    return tuple(sorted(set(given)))


@sensitive_variables()
def _mapping(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise Malformed
    return value


@sensitive_variables()
def _text(data: Mapping[str, Any], name: str) -> str:
    value = data.get(name)
    if not isinstance(value, str) or not value:
        raise Malformed
    return value


@sensitive_variables()
def _bytes(data: Mapping[str, Any], name: str) -> bytes:
    return decode(_text(data, name))
