"""What is wrong, or less safe, in the settings of messages: for `check` alone."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.utils.module_loading import import_string

from .gateways import OURS
from .lookup import ALLOW, REFUSE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django_mfa import conf

#: The package that each gateway needs, and what installs it.
NEEDS = {
    "twilio": ("twilio", "sms-twilio"),
    "twilio_verify": ("twilio", "sms-twilio"),
    "aws_sns": ("boto3", "sms-sns"),
}
COUNTRY = re.compile(r"[A-Z]{2}|001")
FOR_TESTS = {"console", "locmem"}
PERCENT = 100


def impossible(sms: conf.Sms, sends: conf.Sends) -> Iterator[tuple[str, str]]:
    """Tell values that cannot be, and what to write."""
    if sms.TIMEOUT < 1:
        yield "SMS.TIMEOUT must be at least 1 second.", "The default is 10."
    for name in (*sms.COUNTRIES, sms.REGION or "DE", *(set(sms.COSTS) - {"*"})):
        if not COUNTRY.fullmatch(str(name)):
            yield f"SMS: {name!r} is no country.", "Write 'DE', 'GB', 'US'."
    if sms.LOOKUP_FAILS not in (ALLOW, REFUSE):
        yield "SMS.LOOKUP_FAILS is unknown.", "Use 'refuse' or 'allow'."
    if not all(_is_price(cost) for cost in sms.COSTS.values()):
        yield "SMS.COSTS must be prices.", "Write {'DE': '0.075', '*': '0.10'}."
    if any(limit < 0 for limit in sends) or sends.BREAKER_ANSWERED > PERCENT:
        yield "SENDS holds a number below 0, or a percentage above 100.", "0: no limit."


def missing(sms: conf.Sms) -> Iterator[tuple[str, str]]:
    """Tell what keeps messages from being sent at all."""
    if not sms.GATEWAYS:
        yield "SMS.GATEWAYS is empty: no message can be sent.", "Name one: 'twilio'."
    if find_spec("phonenumbers") is None:
        yield "'phonenumbers' is not installed.", _install("sms")
    for name in sms.GATEWAYS:
        package, extra = NEEDS.get(name, ("", ""))
        if package and find_spec(package) is None:
            yield f"{name} needs {package!r}, which is not installed.", _install(extra)
        elif not _leads_somewhere(OURS.get(name, name)):
            yield f"SMS.GATEWAYS: {name!r} leads to nothing.", ", ".join(OURS)
        yield from _settings_missing(name, sms)


def less_safe(sms: conf.Sms) -> Iterator[tuple[int, str, str]]:
    """Tell choices that are allowed, and less safe."""
    shown = [name for name in sms.GATEWAYS if name in FOR_TESTS]
    if shown:
        yield (
            131,
            f"SMS.GATEWAYS holds {shown[0]!r}: codes are shown, not sent.",
            "Name the gateway of a provider.",
        )
    if not sms.COUNTRIES:
        yield (
            132,
            "SMS.COUNTRIES is empty: anybody can have you pay for messages to any country.",
            "Name the countries of your people.",
        )
    if sms.LOOKUP and sms.LOOKUP_FAILS == ALLOW:
        yield (
            133,
            "SMS.LOOKUP_FAILS sends messages while the look-up is down.",
            "Use 'refuse'.",
        )
    if "*" in settings.ALLOWED_HOSTS:
        # SECURITY: a site between would name itself, and browsers fill the code in there.
        yield (
            134,
            "ALLOWED_HOSTS allows every host: messages bind their code to any that is named.",
            "Name your hosts.",
        )


def _settings_missing(name: str, sms: conf.Sms) -> Iterator[tuple[str, str]]:
    wanted = []
    if name in ("twilio", "twilio_verify") and not sms.TWILIO_CLIENT:
        wanted.append("TWILIO_ACCOUNT_SID")
        key = sms.TWILIO_API_KEY
        wanted.append("TWILIO_API_SECRET" if key else "TWILIO_AUTH_TOKEN")
    if name == "twilio":
        wanted.append("TWILIO_FROM")
    if name == "twilio_verify":
        wanted.append("TWILIO_VERIFY_SERVICE")
    for setting in wanted:
        if not getattr(sms, setting):
            yield f"SMS.{setting} is missing: {name} sends nothing.", "Set it."


def _leads_somewhere(path: str) -> bool:
    try:
        import_string(path)
    except ImportError:
        return False
    return True


def _is_price(cost: Any) -> bool:
    try:
        return Decimal(str(cost)) >= 0
    except InvalidOperation:
        return False


def _install(extra: str) -> str:
    return f'pip install "django-mfa-suite[{extra}]"'
