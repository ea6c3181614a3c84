"""Factors that are named and what they need."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core import checks
from django.core.checks import CheckMessage, Error

from django_mfa import conf
from django_mfa.extras import lazy
from django_mfa.factors import registry

from .settings import is_readable

if TYPE_CHECKING:
    from django_mfa.factors.passkey import problems
    from django_mfa.factors.sms import problems as sms_problems
else:
    # Heavy, and for `check` alone.
    problems = lazy("django_mfa.factors.passkey.problems")
    sms_problems = lazy("django_mfa.factors.sms.problems")


def check_factors(**kwargs: Any) -> list[CheckMessage]:
    """E006: a name in FACTORS leads to nothing."""
    if not is_readable():
        return []
    try:
        found = registry.factors()
    except (ImportError, TypeError, AttributeError) as error:
        hint = "Name factors by their dotted path, or ours by: " + ", ".join(
            registry.OURS
        )
        return [Error(f"FACTORS: {error}", hint, id="django_mfa.E006")]
    if any(kind.primary for kind in found.values()):
        return []
    hint = "Add 'totp' or another factor that people can enrol."
    return [Error("FACTORS holds no factor to enrol.", hint, id="django_mfa.E006")]


def check_passkeys(**kwargs: Any) -> list[CheckMessage]:
    """E007: an RP id or an origin that browsers refuse; W003: no RP id, so no passkeys."""
    if not is_readable() or not has("passkey"):
        return []
    passkey = conf.get().PASSKEY
    wrong: list[CheckMessage] = [
        Error(message, hint, id="django_mfa.E007")
        for message, hint in problems.bad_names(passkey)
    ]
    missing = [
        checks.Warning(message, hint, id="django_mfa.W003")
        for message, hint in problems.missing_name(passkey)
    ]
    return [*wrong, *missing]


def check_messages(**kwargs: Any) -> list[CheckMessage]:
    """W006: what keeps text messages from being sent."""
    if not is_readable() or not has("sms"):
        return []
    return [
        checks.Warning(f"DJANGO_MFA: {message}", hint, id="django_mfa.W006")
        for message, hint in sms_problems.missing(conf.get().SMS)
    ]


def has(factor: str) -> bool:
    """Whether the site offers this factor of ours."""
    return bool({factor, registry.OURS[factor]} & set(conf.get().FACTORS))
