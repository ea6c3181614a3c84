"""Choices that are allowed and less safe: `check --deploy`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core import checks

from django_mfa import conf
from django_mfa.extras import lazy

from .factors import has
from .settings import is_readable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.core.checks import CheckMessage

    from django_mfa.factors.passkey import problems as passkey_problems
    from django_mfa.factors.sent_code import problems as sent_problems
    from django_mfa.factors.sms import problems as sms_problems
else:
    # Heavy, and for `check` alone.
    passkey_problems = lazy("django_mfa.factors.passkey.problems")
    sent_problems = lazy("django_mfa.factors.sent_code.problems")
    sms_problems = lazy("django_mfa.factors.sms.problems")

SAFE_COST = 14


def check_deploy(**kwargs: Any) -> list[CheckMessage]:
    """W101 and on: choices that are allowed and less safe."""
    if not is_readable():
        return []
    return [
        checks.Warning(message, hint, id=f"django_mfa.W{number}")
        for number, message, hint in (
            *_less_safe(conf.get()),
            *_looser_than_usual(conf.get()),
            *_less_safe_passkeys(conf.get().PASSKEY),
            *sent_problems.less_safe(conf.get().SENT_CODES),
            *(sms_problems.less_safe(conf.get().SMS) if has("sms") else ()),
            *(_without_limit(conf.get().SENDS) if has("sms") else ()),
        )
    ]


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
    if not current.LIMITS.ADDRESS_FAILURES or _cache_counts_nothing():
        yield (
            104,
            "Attempts are not limited by address.",
            "Set LIMITS.ADDRESS_FAILURES, and a cache that keeps what it is given.",
        )
    if not current.POLICIES:
        yield (
            105,
            "No policy asks anybody for a second factor.",
            "Name one in POLICIES.",
        )


def _looser_than_usual(current: conf.Settings) -> Iterator[tuple[int, str, str]]:
    limits, usual = current.LIMITS, conf.Limits
    if current.TOTP.WINDOW > conf.Totp.WINDOW:
        yield 112, "TOTP.WINDOW accepts codes of more than three steps.", "Use 1."
    more = limits.FAILURES > usual.FAILURES or limits.DEVICE_CAP > usual.DEVICE_CAP
    sooner = limits.LOCK < usual.LOCK or limits.FAILURE_WINDOW < usual.FAILURE_WINDOW
    if more or sooner:
        yield (
            113,
            "LIMITS let codes be guessed more often than the defaults do.",
            "Defaults: FAILURES 5, FAILURE_WINDOW 900, LOCK 1800, DEVICE_CAP 20.",
        )
    if current.STEP_UP.MAX_AGE > conf.StepUp.MAX_AGE:
        yield 114, "STEP_UP.MAX_AGE is more than fifteen minutes.", "Use 900."
    if not current.NOTICES.ENABLED:
        yield (
            115,
            "NOTICES.ENABLED is off: nobody is told when their factors change.",
            "Leave it on, unless your site tells them by itself.",
        )
    if current.APP_PASSWORDS.ENABLED and not current.APP_PASSWORDS.MAX_AGE_DAYS:
        yield 116, "APP_PASSWORDS.MAX_AGE_DAYS is 0: they need not end.", "Use 365."
    trust = current.TRUSTED_DEVICES
    if trust.ENABLED and trust.DAYS > conf.TrustedDevices.DAYS:
        yield 117, "TRUSTED_DEVICES.DAYS is more than thirty days.", "Use 30."


def _without_limit(sends: conf.Sends) -> Iterator[tuple[int, str, str]]:
    named = zip(sends.declared(), sends, strict=True)
    none = [name for name, most in named if not most and name != "KEEP_DAYS"]
    if none:
        yield (
            135,
            f"SENDS sets no limit by {', '.join(none)}: anybody can have you pay.",
            "Name a number; the defaults suit a small site.",
        )


def _cache_counts_nothing() -> bool:
    """Whether the cache in which django-ratelimit counts is the one that forgets."""
    name = getattr(settings, "RATELIMIT_USE_CACHE", "default")
    return str(settings.CACHES[name]["BACKEND"]).endswith("DummyCache")


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
    plain = passkey_problems.plain_origins(passkey)
    if any(str(each).startswith("http://") for each in plain):
        yield 109, "PASSKEY.ORIGINS holds an origin without TLS.", "Use https."
    if not passkey.DECOYS:
        yield 110, "PASSKEY.DECOYS is off: names can be tried out.", "Leave it on."
