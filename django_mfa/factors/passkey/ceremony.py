"""What py_webauthn verifies, and nothing else: values in, values out.

The only module that imports it. Whatever it raises leaves here as `Refused`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.views.decorators.debug import sensitive_variables

from django_mfa.extras import lazy

from . import cbor
from .reading import Answer, encode

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import webauthn
    from webauthn import helpers
    from webauthn.helpers import cose, exceptions, structs
else:
    webauthn = lazy("webauthn")
    helpers = lazy("webauthn.helpers")
    cose = lazy("webauthn.helpers.cose")
    exceptions = lazy("webauthn.helpers.exceptions")
    structs = lazy("webauthn.helpers.structs")

#: SHA-1 is known to the library and to be trusted no more.
BROKEN = frozenset({-65535})


class Refused(Exception):  # it is an answer, not a fault
    """The answer does not verify; `reason` is for the audit row alone."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Flags:
    """The flags of authenticator data (WebAuthn L3 section 6.1)."""

    verified: bool
    backup_eligible: bool
    backed_up: bool


@dataclass(frozen=True, slots=True)
class Registered:
    """A credential whose registration verified."""

    id: bytes
    key: bytes
    algorithm: int
    sign_count: int
    aaguid: str
    format: str
    flags: Flags
    certificates: tuple[bytes, ...]
    statement: Mapping[str, Any]
    public_key: Any  # of `cryptography`, one of several classes


@dataclass(frozen=True, slots=True)
class Asserted:
    """An assertion whose signature verified."""

    sign_count: int
    flags: Flags


@dataclass(frozen=True, slots=True)
class Expected:
    """What an answer must fit."""

    rp_id: str
    origins: Sequence[str]
    must_be_present: bool = True
    must_verify: bool = False


@sensitive_variables()
def register(
    answer: Answer,
    expected: Expected,
    *,
    algorithms: Sequence[int],
    roots: Sequence[bytes] = (),
) -> Registered:
    """Verify the answer to `create()`; its challenge was looked up before."""
    try:
        _check_cbor(answer)
        found = _register(
            answer,
            expected_rp_id=expected.rp_id,
            expected_origin=list(expected.origins),
            require_user_presence=expected.must_be_present,
            require_user_verification=expected.must_verify,
            supported_pub_key_algs=[
                cose.COSEAlgorithmIdentifier(n) for n in algorithms
            ],
            pem_root_certs_bytes_by_fmt=_for_every_format(roots),
        )
        # SECURITY: the library adds the roots of Apple and Google to those it is
        # given. Any phone could then vouch for the model of another maker.
        helpers.validate_certificate_chain(
            x5c=list(found.certificates), pem_root_certs_bytes=_of(found, roots)
        )
    except Refused:
        raise
    except Exception as error:  # the library lets half a dozen families escape
        raise Refused(_reason(error)) from error
    return found


@sensitive_variables()
def authenticate(answer: Answer, expected: Expected, *, key: bytes) -> Asserted:
    """Verify the answer to `get()`; its challenge was looked up before.

    The counter is compared elsewhere: the library knows one reaction only.
    """
    try:
        _check_cbor(answer)
        webauthn.verify_authentication_response(
            credential=_assertion(answer),
            expected_challenge=answer.client.challenge,
            expected_rp_id=expected.rp_id,
            expected_origin=list(expected.origins),
            credential_public_key=key,
            credential_current_sign_count=0,
            require_user_verification=expected.must_verify,
        )
        data = helpers.parse_authenticator_data(answer.authenticator_data)
        _check_extensions(data)
    except Refused:
        raise
    except Exception as error:  # as above
        raise Refused(_reason(error)) from error
    return Asserted(data.sign_count, _flags(data.flags))


@sensitive_variables()
def named_in(answer: Answer) -> tuple[str, str]:
    """Return the format and the AAGUID that an attestation names, not verified yet."""
    try:
        _check_cbor(answer)
        parsed = helpers.parse_attestation_object(answer.attestation)
        data: Any = parsed.auth_data.attested_credential_data
        return str(parsed.fmt), str(helpers.aaguid_to_string(data.aaguid))
    except Exception as error:  # as above
        raise Refused(_reason(error)) from error


def verifiable(algorithms: Sequence[int]) -> list[int]:
    """Return those of `algorithms` whose signatures can be verified here."""
    known = {int(each) for each in cose.COSEAlgorithmIdentifier} - BROKEN
    return [number for number in algorithms if number in known]


@sensitive_variables()
def _check_cbor(answer: Answer) -> None:
    """Refuse what the library would build beyond all bounds."""
    data = answer.authenticator_data
    if answer.is_creation:
        cbor.check_item(answer.attestation)
        data = helpers.parse_cbor(answer.attestation)["authData"]
    cbor.check_authenticator_data(data)


@sensitive_variables()
def _register(answer: Answer, **expected: Any) -> Registered:
    done = webauthn.verify_registration_response(
        credential=_attestation(answer),
        expected_challenge=answer.client.challenge,
        **expected,
    )
    parsed = helpers.parse_attestation_object(answer.attestation)
    _check_extensions(parsed.auth_data)
    statement = helpers.parse_cbor(answer.attestation).get("attStmt")
    if not isinstance(statement, dict):
        raise Refused("attestation_malformed")
    decoded = helpers.decode_credential_public_key(done.credential_public_key)
    return Registered(
        id=done.credential_id,
        key=done.credential_public_key,
        algorithm=int(decoded.alg),
        sign_count=done.sign_count,
        aaguid=done.aaguid,
        format=str(getattr(done.fmt, "value", done.fmt)),
        flags=_flags(parsed.auth_data.flags),
        certificates=tuple(parsed.att_stmt.x5c or ()),
        statement=statement,
        # SECURITY: with attestation `none` the library stores any point; one off
        # its curve must be refused here, not fail at every sign-in.
        public_key=helpers.decoded_public_key_to_cryptography(decoded),
    )


@sensitive_variables()
def _attestation(answer: Answer) -> Any:
    return structs.RegistrationCredential(
        id=encode(answer.id),
        raw_id=answer.id,
        response=structs.AuthenticatorAttestationResponse(
            client_data_json=answer.client.raw, attestation_object=answer.attestation
        ),
    )


@sensitive_variables()
def _assertion(answer: Answer) -> Any:
    return structs.AuthenticationCredential(
        id=encode(answer.id),
        raw_id=answer.id,
        response=structs.AuthenticatorAssertionResponse(
            client_data_json=answer.client.raw,
            authenticator_data=answer.authenticator_data,
            signature=answer.signature,
            user_handle=answer.user_handle,
        ),
    )


def _check_extensions(data: Any) -> None:
    """Refuse what extensions say, if it is no map (L3 section 9.3)."""
    if data.extensions and not isinstance(helpers.parse_cbor(data.extensions), dict):
        raise Refused("malformed")


def _flags(flags: Any) -> Flags:
    return Flags(bool(flags.uv), bool(flags.be), bool(flags.bs))


def _of(found: Registered, roots: Sequence[bytes]) -> list[bytes]:
    """Return the roots to which the certificates must lead; none where there are none."""
    return list(roots) if found.certificates else []


def _for_every_format(roots: Sequence[bytes]) -> Any:
    return {each: list(roots) for each in structs.AttestationFormat} if roots else None


#: Words of the library by which the audit row tells refusals apart.
WORDS = (
    ("origin", "origin"),
    ("rp id", "rp_id"),
    ("challenge", "challenge"),
    ("client data type", "type"),
    ("verification is required", "user_not_verified"),
    ("not present", "user_not_present"),
    ("user presence", "user_not_present"),
    ("unsupported credential public key alg", "algorithm"),
    ("signature", "signature"),
    ("certificate chain", "attestation_untrusted"),
    ("attestation", "attestation"),
)


def _reason(error: Exception) -> str:
    if isinstance(error, exceptions.InvalidBackupFlags):
        return "backup_flags"
    text = str(error).lower()
    return next((reason for words, reason in WORDS if words in text), "malformed")
