"""What an identity provider says of a sign-in, in our words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django_mfa import clock, conf
from django_mfa.values import Proof

from .requirements import LEVELS

#: What is worth a proof: a password alone is aal1.
TWO_FACTORS = LEVELS[1:]
MAX_METHODS, MAX_NAME = 16, 32


def proof_of(claims: Mapping[str, Any]) -> Proof | None:
    """Return the proof that the claims of a verified ID token are worth; None: none.

    By the mapping `SSO.AMR_MAP` of `amr` and `acr` values; one that the site does
    not know is one factor and no proof.
    """
    known = conf.get().SSO.AMR_MAP
    worth = [known[said] for said in _said(claims) if said in known]
    worth = [each for each in worth if _level(each) in TWO_FACTORS]
    if not worth:
        return None
    return Proof(
        factor="sso",
        device=f"sso:{str(claims.get('iss', ''))[:200]}",
        at=_when(claims),
        acr=max(map(_level, worth)),
        amr=_methods(claims.get("amr")),
        phishing_resistant=any(
            each.get("phishing_resistant") is True for each in worth
        ),
    )


def is_worth(value: Any) -> bool:
    """Whether the mapping may hold this: a level, and whether it resists phishing."""
    if not isinstance(value, Mapping) or not set(value) <= {
        "acr",
        "phishing_resistant",
    }:
        return False
    resists = value.get("phishing_resistant", False)
    return _level(value) in LEVELS and isinstance(resists, bool)


def _level(value: Any) -> str:
    """Return the level that a value of the mapping names; what cannot be read is none."""
    # SECURITY: a slip of the pen in the settings is worth one factor, as is aal1.
    said = value.get("acr", "aal2") if isinstance(value, Mapping) else ""
    return said if isinstance(said, str) else ""


def _methods(amr: Any) -> tuple[str, ...]:
    """Return the names of methods, as many as a session may keep."""
    named = [each for each in _texts(amr) if each != "mfa" and len(each) <= MAX_NAME]
    return tuple(named[:MAX_METHODS])


def _said(claims: Mapping[str, Any]) -> list[str]:
    return [*_texts(claims.get("amr")), *_texts(claims.get("acr"))]


def _texts(value: Any) -> list[str]:
    values = [value] if isinstance(value, str) else value
    if not isinstance(values, list | tuple):
        return []
    return [each for each in values if isinstance(each, str)]


def _when(claims: Mapping[str, Any]) -> int:
    now, said = int(clock.timestamp()), claims.get("auth_time")
    if not isinstance(said, int) or isinstance(said, bool):
        # SECURITY: who does not say when is not fresh.
        return 0
    return max(0, min(said, now))
