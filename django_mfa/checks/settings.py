"""What `DJANGO_MFA` says."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register

from django_mfa import conf
from django_mfa.extras import lazy
from django_mfa.policy import shapes, sso

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django_mfa.factors.passkey import problems
    from django_mfa.factors.sent_code import problems as sent_problems
    from django_mfa.factors.sms import problems as sms_problems
else:
    # Heavy, and for `check` alone.
    problems = lazy("django_mfa.factors.passkey.problems")
    sent_problems = lazy("django_mfa.factors.sent_code.problems")
    sms_problems = lazy("django_mfa.factors.sms.problems")

HIGHEST_CAP = 100
MAX_WINDOW = 10
SHORTEST_KEY = 32
#: A set of ten codes leaves four bits less; NIST SP 800-63B wants 20 of a code.
FEWEST_BITS = 30
#: What no number may be below.
LEAST = {
    "POLICY_SNAPSHOT": 0,
    "PENDING_LOGIN_TTL": 1,
    "SETUP_TTL": 1,
    "STEP_UP.MAX_AGE": 1,
    "STEP_UP.FORM_TTL": 0,
    "SESSIONS.PROOF_AGE": 0,
    "SESSIONS.ABSOLUTE_AGE": 0,
    "APPROVALS.TTL": 1,
    "APPROVALS.SECOND_PERSON_TTL": 1,
    "TRUSTED_DEVICES.DAYS": 1,
    "TRUSTED_DEVICES.MAX": 1,
}
BINDS = ("browser", "address")
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


def is_readable() -> bool:
    """Whether the other checks can look at the settings: one slip is said once."""
    return not list(conf.problems(getattr(settings, conf.NAME, {})))


def _impossible(current: conf.Settings) -> Iterator[tuple[str, str]]:
    yield from _impossible_codes(current.TOTP)
    yield from _impossible_recovery_codes(current.RECOVERY_CODES)
    if any(not _is_key(key) for key in current.ENCRYPTION_KEYS):
        yield (
            f"ENCRYPTION_KEYS must be texts of at least {SHORTEST_KEY} signs.",
            "Make one: python -c 'import secrets; print(secrets.token_urlsafe(32))'",
        )
    yield from _impossible_limits(current.LIMITS)
    yield from _too_few(current)
    yield from _impossible_sessions(current)
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


def _too_few(current: conf.Settings) -> Iterator[tuple[str, str]]:
    for path, least in LEAST.items():
        *groups, name = path.split(".")
        holder: Any = getattr(current, groups[0]) if groups else current
        if getattr(holder, name) < least:
            default = holder._field_defaults[name]
            yield f"{path} must be at least {least}.", f"Default: {default}."


def _impossible_sessions(current: conf.Settings) -> Iterator[tuple[str, str]]:
    if any(kind not in BINDS for kind in current.SESSIONS.BIND):
        yield (
            f"SESSIONS.BIND is unknown: {current.SESSIONS.BIND!r}.",
            f"Known: {BINDS}.",
        )
    if not all(map(shapes.is_days, (current.GRACE_DAYS, *current.REMINDER_DAYS))):
        yield (
            "GRACE_DAYS and REMINDER_DAYS must be numbers of days.",
            f"At most {shapes.MAX_DAYS}; defaults: 7, and 3 and 1.",
        )
    for said, worth in current.SSO.AMR_MAP.items():
        if not sso.is_worth(worth):
            yield (
                f"SSO.AMR_MAP says {said!r}: {worth!r}.",
                'Write {"acr": "aal2"}, and "phishing_resistant": True where it is so.',
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
