"""System checks: every misconfiguration has an id and a hint.

`E0nn` stops the site, `W0nn` is said by `check`, `W1nn` by `check --deploy`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, router
from django.urls import NoReverseMatch, reverse

from . import conf
from .clients import problems as issuer_problems
from .extras import lazy
from .factors import registry
from .policy import problems as policy_problems
from .policy import snapshot
from .policy.models import Policy

if TYPE_CHECKING:
    from collections.abc import Iterator
    from importlib import metadata

    from .factors.passkey import problems
    from .factors.sent_code import problems as sent_problems
    from .factors.sms import problems as sms_problems
else:
    # Heavy, and for `check` alone.
    metadata = lazy("importlib.metadata")
    problems = lazy("django_mfa.factors.passkey.problems")
    sent_problems = lazy("django_mfa.factors.sent_code.problems")
    sms_problems = lazy("django_mfa.factors.sms.problems")

MIDDLEWARE = "django_mfa.middleware.MFAMiddleware"
BEFORE = (
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
)
#: Other packages that ask for a second factor; two of them ask twice.
OTHERS = (
    "allauth.mfa",
    "deux",
    "django_otp_webauthn",
    "kagi",
    "mfa",
    "multifactor",
    "trench",
    "two_factor",
)
HIGHEST_CAP = 100
MAX_WINDOW = 10
SHORTEST_KEY = 32
#: A set of ten codes leaves four bits less; NIST SP 800-63B wants 20 of a code.
FEWEST_BITS = 30
SAFE_COST = 14
SCOPE = re.compile(r"[\w.:-]{1,64}", re.ASCII)


@register(Tags.security)
def check_settings(**kwargs: Any) -> list[CheckMessage]:
    """E001: DJANGO_MFA says something that is no setting; E002: one of its values cannot be."""
    wrong = list(conf.problems(getattr(settings, conf.NAME, {})))
    if wrong:
        return [Error(each.message, each.hint, id="django_mfa.E001") for each in wrong]
    return [
        Error(f"DJANGO_MFA: {text}", hint, id="django_mfa.E002")
        for text, hint in _impossible(conf.get())
    ]


@register(Tags.security)
def check_middleware(**kwargs: Any) -> list[CheckMessage]:
    """E003: the middleware is missing; E004: the middleware comes too early."""
    order = list(settings.MIDDLEWARE)
    if MIDDLEWARE not in order:
        hint = f"Add {MIDDLEWARE!r} to MIDDLEWARE, after AuthenticationMiddleware."
        message = "MFAMiddleware is not in MIDDLEWARE: sessions are not guarded."
        return [Error(message, hint, id="django_mfa.E003")]
    late = [name for name in BEFORE if name not in order[: order.index(MIDDLEWARE)]]
    return [
        Error(
            f"MFAMiddleware comes before {name}, or that is missing.",
            f"Put {name!r} above {MIDDLEWARE!r} in MIDDLEWARE.",
            id="django_mfa.E004",
        )
        for name in late
    ]


@register(Tags.urls)
def check_urls(**kwargs: Any) -> list[CheckMessage]:
    """E005: the pages are not in the URLconf."""
    try:
        reverse("django_mfa:verify")
    except NoReverseMatch:
        hint = 'Add path("mfa/", include("django_mfa.urls")) to your URLconf.'
        return [
            Error(
                "The pages of django_mfa are not mounted.", hint, id="django_mfa.E005"
            )
        ]
    except ImproperlyConfigured:
        return []
    return []


@register(Tags.security)
def check_factors(**kwargs: Any) -> list[CheckMessage]:
    """E006: a name in FACTORS leads to nothing."""
    if list(conf.problems(getattr(settings, conf.NAME, {}))):
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


@register(Tags.security)
def check_passkeys(**kwargs: Any) -> list[CheckMessage]:
    """E007: an RP id or an origin that browsers refuse; W003: no RP id, so no passkeys."""
    if list(conf.problems(getattr(settings, conf.NAME, {}))) or not _has("passkey"):
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


@register(Tags.security)
def check_messages(**kwargs: Any) -> list[CheckMessage]:
    """W006: what keeps text messages from being sent."""
    if list(conf.problems(getattr(settings, conf.NAME, {}))) or not _has("sms"):
        return []
    return [
        checks.Warning(f"DJANGO_MFA: {message}", hint, id="django_mfa.W006")
        for message, hint in sms_problems.missing(conf.get().SMS)
    ]


def _has(factor: str) -> bool:
    return bool({factor, registry.OURS[factor]} & set(conf.get().FACTORS))


@register(Tags.security)
def check_policies(**kwargs: Any) -> list[CheckMessage]:
    """E008: a policy or a rule that nobody can meet; W004: by SMS or e-mail alone."""
    if list(conf.problems(getattr(settings, conf.NAME, {}))) or check_factors():
        return []
    found: list[CheckMessage] = [
        Error(f"DJANGO_MFA: {text}", hint, id="django_mfa.E008")
        for text, hint in policy_problems.of_settings()
    ]
    if found:
        return found
    return [
        checks.Warning(text, hint, id="django_mfa.W004")
        for text, hint in policy_problems.of_known(snapshot.from_settings())
    ]


@register(Tags.security)
def check_issuers(**kwargs: Any) -> list[CheckMessage]:
    """E009: an issuer of the API that is not there."""
    if list(conf.problems(getattr(settings, conf.NAME, {}))):
        return []
    return [
        Error(f'DJANGO_MFA["API"]["ISSUERS"]: {text}', hint=hint, id="django_mfa.E009")
        for text, hint in issuer_problems.problems()
    ]


@register(Tags.database)
def check_policy_rows(databases: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """W005: a policy of the admin that nobody can meet."""
    if router.db_for_read(Policy) not in (databases or ()):
        return []
    try:
        rules = [row.as_rule() for row in Policy.objects.filter(active=True)]
    except DatabaseError:
        return []  # before the first migration
    return [
        checks.Warning(text, hint, id="django_mfa.W005")
        for text, hint in policy_problems.of_rules(rules)
    ]


@register(Tags.compatibility)
def check_others(**kwargs: Any) -> list[CheckMessage]:
    """W001: another project's module of the same name; W002: another MFA app."""
    found: list[CheckMessage] = [
        checks.Warning(
            f"{name} asks for a second factor as well.",
            "Remove it from INSTALLED_APPS once its devices are taken over.",
            id="django_mfa.W002",
        )
        for name in OTHERS
        if apps.is_installed(name)
    ]
    try:
        metadata.distribution("django-mfa")
    except metadata.PackageNotFoundError:
        return found
    hint = "pip uninstall django-mfa; pip install --force-reinstall django-mfa-suite"
    message = "The distribution django-mfa installs a module django_mfa of its own."
    return [*found, checks.Warning(message, hint, id="django_mfa.W001")]


@register(Tags.security, deploy=True)
def check_deploy(**kwargs: Any) -> list[CheckMessage]:
    """W101 and on: choices that are allowed and less safe."""
    if list(conf.problems(getattr(settings, conf.NAME, {}))):
        return []
    return [
        checks.Warning(message, hint, id=f"django_mfa.W{number}")
        for number, message, hint in (
            *_less_safe(conf.get()),
            *_less_safe_passkeys(conf.get().PASSKEY),
            *sent_problems.less_safe(conf.get().SENT_CODES),
            *(sms_problems.less_safe(conf.get().SMS) if _has("sms") else ()),
        )
    ]


def _impossible(current: conf.Settings) -> Iterator[tuple[str, str]]:
    yield from _impossible_codes(current.TOTP)
    yield from _impossible_recovery_codes(current.RECOVERY_CODES)
    if any(not _is_key(key) for key in current.ENCRYPTION_KEYS):
        yield (
            f"ENCRYPTION_KEYS must be texts of at least {SHORTEST_KEY} signs.",
            "Make one: python -c 'import secrets; print(secrets.token_urlsafe(32))'",
        )
    yield from _impossible_limits(current.LIMITS)
    yield from _impossible_app_passwords(current.APP_PASSWORDS)
    yield from problems.impossible(current.PASSKEY)
    yield from sent_problems.impossible(current.SENT_CODES)
    yield from sms_problems.impossible(current.SMS, current.SENDS)
    for policy in current.POLICIES:
        if not _is_policy(policy):
            yield (
                f"POLICIES holds {policy!r}, which is no policy.",
                'Write {"who": "staff", "grace_days": 0}.',
            )


def _impossible_codes(totp: conf.Totp) -> Iterator[tuple[str, str]]:
    if totp.DIGITS not in (6, 8):
        yield "TOTP.DIGITS must be 6 or 8.", "Most apps know only 6."
    if totp.ALGORITHM not in ("SHA1", "SHA256", "SHA512"):
        yield "TOTP.ALGORITHM is unknown.", "Use SHA1, SHA256 or SHA512."
    if totp.PERIOD < 1 or not 0 <= totp.WINDOW <= MAX_WINDOW:
        yield "TOTP.PERIOD or TOTP.WINDOW is out of range.", "Defaults: 30 and 1."


def _impossible_recovery_codes(codes: conf.RecoveryCodes) -> Iterator[tuple[str, str]]:
    bits = codes.LENGTH * math.log2(max(1, len(set(codes.ALPHABET))))
    if codes.COUNT < 1 or bits < FEWEST_BITS or not codes.ALPHABET.isascii():
        yield (
            "RECOVERY_CODES can be guessed, or are none.",
            f"COUNT at least 1; LENGTH and ALPHABET for at least {FEWEST_BITS} bits.",
        )


def _impossible_app_passwords(
    passwords: conf.AppPasswords,
) -> Iterator[tuple[str, str]]:
    if not passwords.SCOPES or not all(map(_is_scope, passwords.SCOPES)):
        yield (
            "APP_PASSWORDS.SCOPES names no scope, or one that cannot be.",
            "Letters, digits and -_.: only, as in {'read': 'See your data'}.",
        )
    if passwords.MAX_AGE_DAYS < 0 or passwords.MAX_PER_USER < 1:
        yield (
            "APP_PASSWORDS.MAX_AGE_DAYS or MAX_PER_USER is out of range.",
            "Defaults: 365 and 20.",
        )


def _is_scope(name: Any) -> bool:
    return isinstance(name, str) and SCOPE.fullmatch(name) is not None


def _is_key(key: Any) -> bool:
    return isinstance(key, str) and len(key) >= SHORTEST_KEY


def _impossible_limits(limits: conf.Limits) -> Iterator[tuple[str, str]]:
    for name in ("DEVICE_CAP", "RECOVERY_CAP"):
        if not 1 <= getattr(limits, name) <= HIGHEST_CAP:
            yield f"LIMITS.{name} must be from 1 to {HIGHEST_CAP}.", "NIST SP 800-63B."
    if limits.FAILURES < 1 or limits.MAX_DEVICES * limits.DEVICE_CAP > HIGHEST_CAP:
        yield (
            "LIMITS allow more than 100 guesses at one person's codes, or none.",
            "MAX_DEVICES times DEVICE_CAP must not be above 100; FAILURES at least 1.",
        )


def _is_policy(policy: Any) -> bool:
    if not isinstance(policy, Mapping) or "who" not in policy:
        return False
    return isinstance(policy.get("grace_days", 0), int)


def _less_safe(current: conf.Settings) -> Iterator[tuple[int, str, str]]:
    if not current.ENCRYPTION_KEYS:
        yield (
            101,
            "Secrets are sealed with keys derived from SECRET_KEY.",
            "Set DJANGO_MFA['ENCRYPTION_KEYS'] to keys of their own, kept elsewhere.",
        )
    if current.RECOVERY_CODES.COST < SAFE_COST:
        yield 102, "RECOVERY_CODES.COST is below 14.", "Lower costs are for tests."
    if "signed_cookies" in settings.SESSION_ENGINE:
        yield (
            103,
            "Sessions in cookies cannot be ended by the server.",
            "Use a session engine that keeps sessions on the server.",
        )
    if not current.LIMITS.ADDRESS_FAILURES:
        yield (
            104,
            "Attempts are not limited by address.",
            "Set LIMITS.ADDRESS_FAILURES.",
        )
    if not current.POLICIES:
        yield (
            105,
            "No policy asks anybody for a second factor.",
            "Name one in POLICIES.",
        )


def _less_safe_passkeys(passkey: conf.Passkey) -> Iterator[tuple[int, str, str]]:
    if passkey.CLONE == "log":
        yield 106, "PASSKEY.CLONE lets copied passkeys in.", "Use 'refuse'."
    if passkey.TOP_ORIGINS:
        yield (
            107,
            "PASSKEY.TOP_ORIGINS lets other sites frame the use of passkeys.",
            "Leave it out unless you are framed on purpose.",
        )
    if passkey.AAGUIDS_ALLOWED and passkey.ATTESTATION == "none":
        yield (
            108,
            "PASSKEY.AAGUIDS_ALLOWED rests on attestation, and none is asked for.",
            "Set PASSKEY.ATTESTATION to 'direct', and roots.",
        )
    plain = () if callable(passkey.ORIGINS) else passkey.ORIGINS
    if any(str(each).startswith("http://") for each in plain):
        yield 109, "PASSKEY.ORIGINS holds an origin without TLS.", "Use https."
    if not passkey.DECOYS:
        yield 110, "PASSKEY.DECOYS is off: names can be tried out.", "Leave it on."
