"""Send a message by the first gateway that takes it, and have codes judged by it."""

from __future__ import annotations

import logging
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ImproperlyConfigured
from django.core.signals import setting_changed
from django.utils.module_loading import import_string
from django.views.decorators.debug import sensitive_variables

from django_mfa import conf
from django_mfa.errors import (
    NumberRefused,
    ProviderMisconfigured,
    ProviderSlow,
    ProviderUnavailable,
    SendFailed,
)
from django_mfa.factors.sms import lookup, numbers
from django_mfa.limits.deadline import within

from .base import Gateway, Message, Receipt

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "Gateway",
    "Message",
    "Receipt",
    "check",
    "checks_codes",
    "for_texts",
    "send",
]

log = logging.getLogger("django_mfa")

#: Our own, by the short names that GATEWAYS takes beside dotted paths.
OURS = {
    "console": "django_mfa.factors.sms.gateways.console.ConsoleGateway",
    "locmem": "django_mfa.factors.sms.gateways.locmem.LocmemGateway",
    "twilio": "django_mfa.factors.sms.gateways.twilio.TwilioGateway",
    "twilio_verify": "django_mfa.factors.sms.gateways.twilio_verify.TwilioVerifyGateway",
    "aws_sns": "django_mfa.factors.sms.gateways.aws_sns.SNSGateway",
}


@sensitive_variables()
def send(message: Message) -> Receipt:
    """Hand `message` to the first gateway of GATEWAYS that takes it.

    One without a code goes to those of `for_texts` alone.

    The next one is tried when a provider is down, slow or badly configured; not when
    it refuses the number. Raises the `SendFailed` of the first one when all fail, and
    `DestinationRefused` when the site no longer sends to such numbers or its look-up
    objects. No transaction may be open: this talks to the network.
    """
    number = numbers.read(message.to)
    numbers.require_allowed(number)
    lookup.check(number)
    first: SendFailed | None = None
    for name in conf.get().SMS.GATEWAYS if message.code else for_texts():
        try:
            return _call(name, "send", message)  # type: ignore[no-any-return]  # by name
        except NumberRefused:
            raise
        except SendFailed as error:
            first = first or error
    raise first or ProviderMisconfigured(why="no_gateway")


def for_texts() -> list[str]:
    """Return the gateways that send any text: not those that word it themselves."""
    return [name for name in conf.get().SMS.GATEWAYS if not _words_it(name)]


def _words_it(name: str) -> bool:
    try:
        return _find(name).checks_codes
    except ProviderMisconfigured:
        return False  # told when it is called


def checks_codes(receipt: Receipt) -> bool:
    """Whether the gateway that took the message judges the code itself."""
    return _find(receipt.gateway).checks_codes


@sensitive_variables()
def check(receipt: Receipt, to: str, code: str) -> bool:
    """Whether the gateway of `receipt` says that `code` is right; spends it if so.

    Raises a `SendFailed` when nobody answers. No transaction may be open.
    """
    return bool(_call(receipt.gateway, "check", receipt, to, code))


@sensitive_variables()
def _call(name: str, verb: str, *args: Any) -> Any:
    """Call a gateway within the time-out; everything that fails leaves as `SendFailed`."""
    try:
        gateway = _find(name)
        return _waited_for(gateway, getattr(gateway, verb), args)
    except SendFailed as error:
        failed = error
    except TimeoutError:
        failed = ProviderSlow(gateway=name)
    except Exception as error:  # noqa: BLE001  # a gateway of a site raises what it likes
        failed = ProviderUnavailable(gateway=name, why=type(error).__name__)
    # SECURITY: kinds of errors and no texts: those of providers repeat the number.
    # For the same reason no error names its cause.
    log.error(
        "SMS gateway %s: %s (%s)", name, failed.code, failed.details.get("why", "")
    )
    raise failed


@sensitive_variables()
def _waited_for(gateway: Gateway, call: Callable[..., Any], args: Any) -> Any:
    if not gateway.network:
        return call(*args)
    return within(conf.get().SMS.TIMEOUT, call, *args)


def _find(name: str) -> Gateway:
    """Return the gateway of that name; raise `ProviderMisconfigured` where there is none."""
    if name not in conf.get().SMS.GATEWAYS:
        raise ProviderMisconfigured(gateway=name, why="not_in_GATEWAYS")
    try:
        return _make(name)
    except (ImportError, ImproperlyConfigured, TypeError, ValueError) as error:
        raise ProviderMisconfigured(gateway=name, why=type(error).__name__) from error


@lru_cache(maxsize=16)
def _make(name: str) -> Gateway:
    made: Gateway = import_string(OURS.get(name, name))(name)
    made.load()
    return made


def _forget(**kwargs: Any) -> None:
    if kwargs.get("setting") == conf.NAME:
        _make.cache_clear()


setting_changed.connect(_forget, dispatch_uid="django_mfa.factors.sms.gateways")
