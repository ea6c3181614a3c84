"""What the browser is asked: the JSON of `create()` and `get()` (L3 section 5.1)."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from django.contrib.auth import get_user_model

from django_mfa import conf

from .ceremony import verifiable
from .decoys import made_up
from .models import Passkey
from .reading import encode

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .rp import RelyingParty

CHALLENGE_BYTES = 32


def new_challenge() -> bytes:
    """Return 32 random bytes: the one place where challenges are made."""
    return secrets.token_bytes(CHALLENGE_BYTES)


def with_digest(challenge: bytes, about: str) -> bytes:
    """Return the challenge with the digest of what is approved at its end."""
    return challenge + bytes.fromhex(about)


def is_about(challenge: bytes, about: str) -> bool:
    """Whether a challenge carries this digest; where nothing is approved, any will do."""
    return challenge.endswith(bytes.fromhex(about))


def algorithms() -> list[int]:
    """Return what is offered and accepted: never an algorithm we cannot verify."""
    return verifiable(conf.get().PASSKEY.ALGORITHMS)


def creation(
    site: RelyingParty,
    challenge: bytes,
    *,
    user: Any,  # of the site's model
    user_handle: str,
    known: Iterable[Passkey],
) -> dict[str, Any]:
    """Return `PublicKeyCredentialCreationOptionsJSON`."""
    settings = conf.get().PASSKEY
    selection: dict[str, Any] = {
        "residentKey": settings.RESIDENT_KEY,
        "requireResidentKey": settings.RESIDENT_KEY == "required",
        "userVerification": settings.USER_VERIFICATION,
    }
    if settings.ATTACHMENT:
        selection["authenticatorAttachment"] = settings.ATTACHMENT
    return {
        "rp": {"id": site.id, "name": site.name},
        "user": {"id": user_handle, **names_of(user)},
        "challenge": encode(challenge),
        "pubKeyCredParams": [
            {"type": "public-key", "alg": number} for number in algorithms()
        ],
        "timeout": settings.TIMEOUT * 1000,
        "excludeCredentials": descriptors(known),
        "authenticatorSelection": selection,
        "attestation": settings.ATTESTATION,
        "hints": list(settings.HINTS),
        "extensions": {"credProps": True},
    }


def request(
    site: RelyingParty,
    challenge: bytes,
    *,
    verification: str,
    allowed: Sequence[dict[str, Any]] = (),
) -> dict[str, Any]:
    """Return `PublicKeyCredentialRequestOptionsJSON`."""
    settings = conf.get().PASSKEY
    return {
        "challenge": encode(challenge),
        "timeout": settings.TIMEOUT * 1000,
        "rpId": site.id,
        "allowCredentials": list(allowed),
        "userVerification": verification,
        "hints": list(settings.HINTS),
    }


def names_of(user: Any) -> dict[str, str]:
    """Return how the browser's dialogs call the person."""
    name = user.get_username()
    full = user.get_full_name() if hasattr(user, "get_full_name") else ""
    return {"name": name, "displayName": full or name}


def descriptors(passkeys: Iterable[Passkey]) -> list[dict[str, Any]]:
    """Return the passkeys as `PublicKeyCredentialDescriptorJSON`."""
    return [
        {
            "type": "public-key",
            "id": passkey.credential_id,
            "transports": list(passkey.transports),
        }
        for passkey in passkeys
    ]


def of_name(name: str) -> list[dict[str, Any]]:
    """Return the passkeys of the person with this name, or made-up ones alike."""
    model: Any = get_user_model()
    name = model.normalize_username(name)
    rows = Passkey.objects.filter(
        **{f"user__{model.USERNAME_FIELD}": name}, confirmed=True, disabled_at=None
    )
    passkeys = [
        passkey
        for passkey in rows.select_related("user").order_by("pk")
        # SECURITY: a database that takes Alice for alice would give both spellings
        # one answer, as made-up ones have not: that would tell who is there.
        if passkey.user.get_username() == name
    ]
    others = made_up(name) if conf.get().PASSKEY.DECOYS else []
    # Without transports: those of real passkeys would tell them from the others.
    return [
        {"type": each["type"], "id": each["id"]}
        for each in descriptors(passkeys) or others
    ]
