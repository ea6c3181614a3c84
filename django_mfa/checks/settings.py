"""What `DJANGO_MFA` says."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.checks import CheckMessage, Error

from django_mfa import conf
from django_mfa.extras import lazy
from django_mfa.factors.forms import MAX_CODE
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
SCOPE = re.compile(r"[\w.:-]{1,64}", re.ASCII)
#: What fits the field of a code, with its hyphen.
LONGEST_RECOVERY_CODE = MAX_CODE - 1
MOST_RECOVERY_CODES = 100
#: N = 2**20 takes a gigabyte for each try.
HIGHEST_COST = 20
PLACES = ("browser", "address")

#: The least that a number may be.
LOWEST = {
    "POLICY_SNAPSHOT": 0,
    "PENDING_LOGIN_TTL": 1,
    "SETUP_TTL": 1,
    "RECOVERY_CODES.WARN_AT": 0,
    "LIMITS.FAILURE_WINDOW": 1,
    "LIMITS.LOCK": 1,
    "LIMITS.ADDRESS_FAILURES": 0,
    "LIMITS.ADDRESS_WINDOW": 1,
    "LIMITS.TRUSTED_PROXIES": 0,
    "LIMITS.MAX_DEVICES": 0,
    "STEP_UP.MAX_AGE": 1,
    "STEP_UP.FORM_TTL": 1,
    "SESSIONS.PROOF_AGE": 0,
    "SESSIONS.ABSOLUTE_AGE": 0,
    "TRUSTED_DEVICES.DAYS": 1,
    "TRUSTED_DEVICES.MAX": 1,
    "APPROVALS.TTL": 1,
    "APPROVALS.SECOND_PERSON_TTL": 1,
}


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
    yield from _too_low(current)
    yield from _impossible_codes(current.TOTP)
    yield from _impossible_recovery_codes(current.RECOVERY_CODES)
    if any(not _is_key(key) for key in current.ENCRYPTION_KEYS):
        yield (
            f"ENCRYPTION_KEYS must be texts of at least {SHORTEST_KEY} signs.",
            "Make one: python -c 'import secrets; print(secrets.token_urlsafe(32))'",
        )
    yield from _impossible_limits(current.LIMITS)
    yield from _impossible_words(current)
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


def _too_low(current: conf.Settings) -> Iterator[tuple[str, str]]:
    for name, lowest in LOWEST.items():
        at = attrgetter(name)
        if at(current) < lowest:
            hint = f"The default is {at(conf.Settings)}."
            yield f"{name} must be at least {lowest}.", hint


def _impossible_codes(totp: conf.Totp) -> Iterator[tuple[str, str]]:
    if totp.DIGITS not in (6, 8):
        yield "TOTP.DIGITS must be 6 or 8.", "Most apps know only 6."
    if totp.ALGORITHM not in ("SHA1", "SHA256", "SHA512"):
        yield "TOTP.ALGORITHM is unknown.", "Use SHA1, SHA256 or SHA512."
    if totp.PERIOD < 1 or not 0 <= totp.WINDOW <= MAX_WINDOW:
        yield "TOTP.PERIOD or TOTP.WINDOW is out of range.", "Defaults: 30 and 1."


def _impossible_recovery_codes(codes: conf.RecoveryCodes) -> Iterator[tuple[str, str]]:
    bits = codes.LENGTH * math.log2(max(1, len(set(codes.ALPHABET))))
    if not 1 <= codes.COUNT <= MOST_RECOVERY_CODES or bits < FEWEST_BITS:
        yield (
            "RECOVERY_CODES can be guessed, or are none, or far too many.",
            f"COUNT from 1 to {MOST_RECOVERY_CODES}; LENGTH and ALPHABET for at least"
            f" {FEWEST_BITS} bits.",
        )
    plain = codes.ALPHABET.isascii() and codes.ALPHABET.isalnum()
    if (codes.ALPHABET and not plain) or codes.LENGTH > LONGEST_RECOVERY_CODE:
        yield (
            "RECOVERY_CODES could not be typed.",
            "ALPHABET of plain letters and digits, which are what a code may hold;"
            f" LENGTH at most {LONGEST_RECOVERY_CODE}.",
        )
    if not 1 <= codes.COST <= HIGHEST_COST:
        yield f"RECOVERY_CODES.COST must be from 1 to {HIGHEST_COST}.", "Default: 14."


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


def _impossible_words(current: conf.Settings) -> Iterator[tuple[str, str]]:
    if any(place not in PLACES for place in current.SESSIONS.BIND):
        yield "SESSIONS.BIND names no such place.", f"Known: {', '.join(PLACES)}."
    if not all(map(shapes.is_days, (current.GRACE_DAYS, *current.REMINDER_DAYS))):
        yield (
            "GRACE_DAYS and REMINDER_DAYS must be numbers of days.",
            f"At most {shapes.MAX_DAYS}; defaults: 7, and 3 and 1.",
        )
    if not current.CONTENT_SECURITY_POLICY.isprintable():
        yield "CONTENT_SECURITY_POLICY must be one line.", "It is sent as a header."
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
    return shapes.is_days(policy.get("grace_days", 0))
