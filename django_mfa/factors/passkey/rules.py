"""What the specification asks for beyond what py_webauthn verifies, step by step.

Each rule reads like the step it is named after (WebAuthn Level 3, sections 7.1 and
7.2) and returns why an answer is refused, or an empty text. Verified by the library
before: type, challenge, origin, RP id hash, user presence and verification, backed
up only if eligible, algorithm, attestation statement, signature.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django_mfa.extras import lazy

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    from .ceremony import Asserted, Registered
    from .reading import Answer
else:
    x509 = lazy("cryptography.x509")
    ec = lazy("cryptography.hazmat.primitives.asymmetric.ec")
    ed25519 = lazy("cryptography.hazmat.primitives.asymmetric.ed25519")
    rsa = lazy("cryptography.hazmat.primitives.asymmetric.rsa")

MAX_ID = 1023
RSA_BITS = range(2048, 8193)
#: id-fido-gen-ce-aaguid (L3 section 8.2.1)
AAGUID_EXTENSION = "1.3.6.1.4.1.45724.1.1.4"
#: What names a certificate for attestations: unit, country, maker, model (L3 section 8.2.1)
UNIT, MADE_FOR = "2.5.4.11", "Authenticator Attestation"
NAMED = ("2.5.4.6", "2.5.4.10", "2.5.4.3")
#: The curve that each algorithm must have (L3 section 5.8.5).
CURVES = {-7: "secp256r1", -36: "secp521r1"}
RSA = frozenset({-37, -38, -39, -257, -258, -259})
EDDSA = -8


@dataclass(frozen=True, slots=True)
class NewPasskey:
    """What the rules of section 7.1 look at."""

    answer: Answer
    found: Registered
    algorithms: Collection[int]
    top_origins: Collection[str] = ()
    allowed: Collection[str] = ()
    denied: Collection[str] = ()
    #: Whether the attestation led to a root that the site trusts.
    is_trusted: bool = False
    must_be_trusted: bool = False
    #: Status reports of the model in the FIDO metadata.
    statuses: Collection[str] = field(default=())


@dataclass(frozen=True, slots=True)
class UsedPasskey:
    """What the rules of section 7.2 look at."""

    answer: Answer
    found: Asserted
    top_origins: Collection[str]
    user_handle: bytes
    must_name_user: bool
    was_backup_eligible: bool


def cross_origin_is_expected(case: NewPasskey | UsedPasskey) -> str:
    """7.1 step 10, 7.2 step 13: in a frame of another site only where that is wanted."""
    client = case.answer.client
    framed = client.cross_origin or client.top_origin is not None
    return "cross_origin" if framed and not case.top_origins else ""


def top_origin_is_expected(case: NewPasskey | UsedPasskey) -> str:
    """7.1 step 11, 7.2 step 14: the page around the frame is one that is known."""
    top = case.answer.client.top_origin
    return "top_origin" if top is not None and top not in case.top_origins else ""


def algorithm_was_offered(case: NewPasskey) -> str:
    """7.1 step 20: the algorithm is one of `pubKeyCredParams`."""
    return "" if case.found.algorithm in case.algorithms else "algorithm"


def key_fits_its_algorithm(case: NewPasskey) -> str:
    """5.8.5: each algorithm with its own curve; RSA keys neither weak nor endless."""
    number, key = case.found.algorithm, case.found.public_key
    if number in CURVES:
        fits = isinstance(key, ec.EllipticCurvePublicKey)
        return "" if fits and key.curve.name == CURVES[number] else "key"
    if number in RSA:
        return "" if _is_sound_rsa(key) else "key"
    if number == EDDSA and not isinstance(key, ed25519.Ed25519PublicKey):
        return "key"
    return ""


def statement_of_none_is_empty(case: NewPasskey) -> str:
    """8.7: attestation `none` has an empty statement."""
    full = case.found.format == "none" and case.found.statement
    return "attestation" if full else ""


def certificate_names_the_model(case: NewPasskey) -> str:
    """8.2 and 8.2.1: an AAGUID in the certificate is that of the authenticator data."""
    if case.found.format != "packed" or not case.found.certificates:
        return ""
    named = _aaguid_in(case.found.certificates[0])
    same = named is None or named == case.found.aaguid.replace("-", "")
    return "" if same else "attestation_aaguid"


def certificate_is_of_an_authenticator(case: NewPasskey) -> str:
    """8.2.1: a packed attestation is signed with a certificate made for just that."""
    if case.found.format != "packed" or not case.found.certificates:
        return ""
    # SECURITY: a maker's root signs more than authenticators. Without this, whoever
    # has the key of any certificate below it vouches for passkeys of their own.
    certificate = x509.load_der_x509_certificate(case.found.certificates[0])
    named = {each.oid.dotted_string: each.value for each in certificate.subject}
    said = certificate.extensions.get_extension_for_class(x509.BasicConstraints)
    fits = (
        certificate.version == x509.Version.v3
        and named.get(UNIT) == MADE_FOR
        and not said.value.ca
        and all(named.get(kind) for kind in NAMED)
    )
    return "" if fits else "attestation_certificate"


def attestation_is_trusted(case: NewPasskey) -> str:
    """7.1 steps 23 and 24: where the site asks for it, a trusted root vouches."""
    needed = case.must_be_trusted or bool(case.allowed)
    return "attestation_untrusted" if needed and not case.is_trusted else ""


def model_is_allowed(case: NewPasskey) -> str:
    """Look at the site's own lists of authenticator models."""
    aaguid = case.found.aaguid
    refused = aaguid in case.denied or (case.allowed and aaguid not in case.allowed)
    return "model_not_allowed" if refused else ""


def model_is_sound(case: NewPasskey) -> str:
    """FIDO Metadata Service 3.1.4: no report that the model is broken or revoked."""
    return "model_compromised" if BAD_STATUSES & set(case.statuses) else ""


def id_is_short_enough(case: NewPasskey) -> str:
    """7.1 step 25: at most 1023 bytes."""
    return "" if 0 < len(case.found.id) <= MAX_ID else "credential_id_length"


def outer_id_is_attested(case: NewPasskey) -> str:
    """7.1: the id beside the attestation is the one inside; that one is stored."""
    return "" if case.answer.id == case.found.id else "credential_id"


def user_handle_is_the_owners(case: UsedPasskey) -> str:
    """7.2 step 6: the user handle is the owner's; where nobody was known, it is there."""
    given = case.answer.user_handle
    if given is None:
        return "user_handle_missing" if case.must_name_user else ""
    return "" if given == case.user_handle else "user_handle"


def backup_eligibility_is_kept(case: UsedPasskey) -> str:
    """7.2 step 19: whether it may be synced is said at registration, for good."""
    same = case.found.flags.backup_eligible == case.was_backup_eligible
    return "" if same else "backup_eligibility"


#: Statuses with which no new passkey of a model is taken.
BAD_STATUSES = frozenset(
    {
        "ATTESTATION_KEY_COMPROMISE",
        "REVOKED",
        "USER_KEY_PHYSICAL_COMPROMISE",
        "USER_KEY_REMOTE_COMPROMISE",
        "USER_VERIFICATION_BYPASS",
    }
)

REGISTRATION: tuple[Callable[[NewPasskey], str], ...] = (
    cross_origin_is_expected,
    top_origin_is_expected,
    algorithm_was_offered,
    key_fits_its_algorithm,
    statement_of_none_is_empty,
    certificate_names_the_model,
    certificate_is_of_an_authenticator,
    attestation_is_trusted,
    model_is_allowed,
    model_is_sound,
    id_is_short_enough,
    outer_id_is_attested,
)

ASSERTION: tuple[Callable[[UsedPasskey], str], ...] = (
    cross_origin_is_expected,
    top_origin_is_expected,
    user_handle_is_the_owners,
    backup_eligibility_is_kept,
)


def first_broken(case: Any, rules: tuple[Callable[[Any], str], ...]) -> str:
    """Return why `case` is refused by the first rule it breaks, or an empty text."""
    return next((reason for rule in rules if (reason := rule(case))), "")


def _is_sound_rsa(key: Any) -> bool:
    if not isinstance(key, rsa.RSAPublicKey) or key.key_size not in RSA_BITS:
        return False
    numbers = key.public_numbers()
    return bool(numbers.e % 2 and 3 <= numbers.e < 2**64 and numbers.n % 2)  # noqa: PLR2004  # the least odd exponent of use


def _aaguid_in(certificate: bytes) -> str | None:
    """Return the AAGUID that a certificate names, in hex without hyphens, or None."""
    extensions = x509.load_der_x509_certificate(certificate).extensions
    for extension in extensions:
        if extension.oid.dotted_string == AAGUID_EXTENSION:
            # An OCTET STRING of 16 bytes within the value: 04 10 and the AAGUID.
            return bytes(extension.value.public_bytes())[2:].hex()
    return None
