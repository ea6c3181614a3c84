"""A passkey in software, for tests: it answers `create()` and `get()` like a browser.

::

    from django_mfa.testing import FakeAuthenticator

    authenticator = FakeAuthenticator("example.com", "https://example.com")
    answer = authenticator.create(options)   # RegistrationResponseJSON
    answer = authenticator.get(options)      # AuthenticationResponseJSON

The options are JSON, as a mapping or as text; the answers are what the `toJSON()` of
browsers gives. Set its attributes to be another kind of authenticator, and pass `tamper` to change
what it signs or says. Never use it outside of tests: it guards nothing.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

UP, UV, BE, BS, AT = 0x01, 0x04, 0x08, 0x10, 0x40
ES256, EDDSA, RS256 = -7, -8, -257
SPKI = PublicFormat.SubjectPublicKeyInfo
SUPPORTED = (ES256, EDDSA, RS256)


@dataclass
class FakePasskey:
    """One key pair that the authenticator holds."""

    rp_id: str
    user_handle: bytes
    algorithm: int
    key: Any
    id: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    sign_count: int = 0

    @property
    def cose_key(self) -> bytes:
        """The public key as COSE (RFC 9052), in the order of CTAP2."""
        return cbor2.dumps(_cose(self.algorithm, self.key.public_key()))

    def sign(self, data: bytes) -> bytes:
        """Sign as the algorithm says."""
        if self.algorithm == ES256:
            return bytes(self.key.sign(data, ec.ECDSA(hashes.SHA256())))
        if self.algorithm == RS256:
            return bytes(self.key.sign(data, padding.PKCS1v15(), hashes.SHA256()))
        return bytes(self.key.sign(data))


@dataclass
class Draft:
    """An answer before it is signed; `tamper` may change any of it."""

    passkey: FakePasskey
    client_data: dict[str, Any]
    flags: int
    sign_count: int
    rp_id: str
    aaguid: bytes = bytes(16)
    user_handle: bytes | None = None
    cose_key: bytes = b""
    attested_id: bytes = b""
    transports: list[str] = field(default_factory=list)
    #: Changes the signature after it was made.
    spoil_signature: bool = False

    def authenticator_data(self) -> bytes:
        """Pack it as WebAuthn L3 section 6.1 says."""
        data = hashlib.sha256(self.rp_id.encode()).digest()
        data += bytes([self.flags]) + self.sign_count.to_bytes(4, "big")
        if self.flags & AT:
            length = len(self.attested_id).to_bytes(2, "big")
            data += self.aaguid + length + self.attested_id + self.cose_key
        return data


Tamper = Callable[[Draft], None]
Options = Mapping[str, Any] | str | bytes


class NoPasskey(LookupError):
    """None of its passkeys fits the options: a browser would say NotAllowedError."""


class Excluded(Exception):  # the browser's InvalidStateError
    """It holds a passkey that the options exclude."""


@dataclass
class FakeAuthenticator:
    """An authenticator and the browser before it."""

    rp_id: str
    origin: str
    #: The first of these that the site offers is used.
    algorithms: tuple[int, ...] = (ES256, EDDSA, RS256)
    user_verified: bool = True
    user_present: bool = True
    backup_eligible: bool = False
    backed_up: bool = False
    #: Whether it counts its signatures; synced passkeys do not.
    counts: bool = True
    aaguid: bytes = bytes(16)
    transports: tuple[str, ...] = ("internal",)
    cross_origin: bool = False
    top_origin: str | None = None
    #: Whether it tells the site whose passkey it is, as discoverable ones do.
    discoverable: bool = True
    passkeys: list[FakePasskey] = field(default_factory=list)

    def create(
        self, options: Options, *, tamper: Tamper | None = None
    ) -> dict[str, Any]:
        """Make a passkey and answer `PublicKeyCredentialCreationOptionsJSON`."""
        asked = _public_key(options)
        self._check_excluded(asked)
        offered = [each["alg"] for each in asked["pubKeyCredParams"]]
        algorithm = next((n for n in self.algorithms if n in offered), None)
        if algorithm is None:
            raise NoPasskey
        passkey = FakePasskey(
            self.rp_id, _decode(asked["user"]["id"]), algorithm, _new_key(algorithm)
        )
        self.passkeys.append(passkey)
        draft = self._draft(passkey, "webauthn.create", asked["challenge"], AT)
        draft.attested_id, draft.cose_key = passkey.id, passkey.cose_key
        draft.aaguid, draft.transports = self.aaguid, list(self.transports)
        if tamper:
            tamper(draft)
        return self._created(draft)

    def get(
        self,
        options: Options,
        *,
        passkey: FakePasskey | None = None,
        tamper: Tamper | None = None,
    ) -> dict[str, Any]:
        """Answer `PublicKeyCredentialRequestOptionsJSON` with a passkey that fits."""
        asked = _public_key(options)
        passkey = passkey or self._fitting(asked)
        passkey.sign_count += int(self.counts)
        draft = self._draft(passkey, "webauthn.get", asked["challenge"])
        if self.discoverable:
            draft.user_handle = passkey.user_handle
        if tamper:
            tamper(draft)
        return self._asserted(draft)

    def _draft(
        self, passkey: FakePasskey, kind: str, challenge: str, flags: int = 0
    ) -> Draft:
        client: dict[str, Any] = {
            "type": kind,
            "challenge": challenge,
            "origin": self.origin,
            "crossOrigin": self.cross_origin,
        }
        if self.top_origin is not None:
            client["topOrigin"] = self.top_origin
        flags |= UP * self.user_present | UV * self.user_verified
        flags |= BE * self.backup_eligible | BS * self.backed_up
        return Draft(passkey, client, flags, passkey.sign_count, self.rp_id)

    def _created(self, draft: Draft) -> dict[str, Any]:
        data, public = draft.authenticator_data(), draft.passkey.key.public_key()
        statement = {"fmt": "none", "attStmt": {}, "authData": data}
        response = {
            "clientDataJSON": _encode(_json(draft.client_data)),
            "attestationObject": _encode(cbor2.dumps(statement)),
            "authenticatorData": _encode(data),
            "transports": draft.transports,
            "publicKey": _encode(public.public_bytes(Encoding.DER, SPKI)),
            "publicKeyAlgorithm": draft.passkey.algorithm,
        }
        extensions = {"credProps": {"rk": self.discoverable}}
        return self._answer(draft.passkey, response, extensions)

    def _asserted(self, draft: Draft) -> dict[str, Any]:
        client, data = _json(draft.client_data), draft.authenticator_data()
        signature = draft.passkey.sign(data + hashlib.sha256(client).digest())
        if draft.spoil_signature:
            signature = signature[:-1] + bytes([signature[-1] ^ 1])
        response = {
            "clientDataJSON": _encode(client),
            "authenticatorData": _encode(data),
            "signature": _encode(signature),
        }
        if draft.user_handle is not None:
            response["userHandle"] = _encode(draft.user_handle)
        return self._answer(draft.passkey, response, {})

    def _answer(
        self, passkey: FakePasskey, response: dict[str, Any], extensions: dict[str, Any]
    ) -> dict[str, Any]:
        platform = "internal" in self.transports
        return {
            "id": _encode(passkey.id),
            "rawId": _encode(passkey.id),
            "type": "public-key",
            "authenticatorAttachment": "platform" if platform else "cross-platform",
            "response": response,
            "clientExtensionResults": extensions,
        }

    def _fitting(self, options: Mapping[str, Any]) -> FakePasskey:
        allowed = {
            _decode(each["id"]) for each in options.get("allowCredentials") or ()
        }
        for passkey in reversed(self.passkeys):
            if passkey.id in allowed or (not allowed and self.discoverable):
                return passkey
        raise NoPasskey

    def _check_excluded(self, options: Mapping[str, Any]) -> None:
        held = {_encode(passkey.id) for passkey in self.passkeys}
        if held & {each["id"] for each in options.get("excludeCredentials") or ()}:
            raise Excluded


def _new_key(algorithm: int) -> Any:
    if algorithm == ES256:
        return ec.generate_private_key(ec.SECP256R1())
    if algorithm == EDDSA:
        return ed25519.Ed25519PrivateKey.generate()
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def _cose(algorithm: int, key: Any) -> dict[int, Any]:
    if algorithm == EDDSA:
        return {1: 1, 3: EDDSA, -1: 6, -2: key.public_bytes_raw()}
    numbers = key.public_numbers()
    if algorithm == ES256:
        x, y = (part.to_bytes(32, "big") for part in (numbers.x, numbers.y))
        return {1: 2, 3: ES256, -1: 1, -2: x, -3: y}
    n = numbers.n.to_bytes(256, "big")
    return {1: 3, 3: RS256, -1: n, -2: numbers.e.to_bytes(3, "big")}


def _public_key(options: Options) -> Mapping[str, Any]:
    """Return the options themselves: of JSON as a mapping or a text, bare or wrapped."""
    found = options if isinstance(options, Mapping) else json.loads(options)
    inner: Mapping[str, Any] = found.get("publicKey", found)
    return inner


def _json(data: dict[str, Any]) -> bytes:
    return json.dumps(data, separators=(",", ":")).encode()


def _encode(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
