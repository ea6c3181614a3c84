"""Codes that were sent, as their reader finds them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, ClassVar

from django.conf import settings
from django.core import mail

from django_mfa.factors.sms.gateways import Gateway, Message, Receipt
from django_mfa.testing import sms_outbox

FACTORS = ["passkey", "totp", "sms", "email", "recovery_code"]

SETTINGS = {
    **settings.DJANGO_MFA,
    "FACTORS": FACTORS,
    "SMS": {"GATEWAYS": ["locmem"]},
}


def code_in(text: str) -> str:
    """The one code in a message."""
    found = set(re.findall(r"(?<![\w#])\d{6}(?!\w)", text))
    assert len(found) == 1, text
    return found.pop()


def last_sms() -> str:
    """The code in the newest text message."""
    return code_in(sms_outbox[-1].text)


def last_mail() -> str:
    """The code in the newest mail."""
    return code_in(str(mail.outbox[-1].body))


def other_than(code: str) -> str:
    """A code of the same shape that is not this one."""
    return f"{(int(code) + 1) % 10 ** len(code):0{len(code)}}"


class Unsteady(Gateway):
    """A gateway that fails as it is told to, and else keeps the message."""

    network = False
    error: BaseException | None = None
    #: Runs once the provider has the message, before anybody is told.
    after: Callable[[], Any] | None = None

    def send(self, message: Message) -> Receipt:
        if type(self).error is not None:
            raise type(self).error
        sms_outbox.append(message)
        if type(self).after is not None:
            type(self).after()
        return Receipt(self.name, "unsteady-1")


class Judging(Gateway):
    """A gateway that makes and judges its own codes, as Twilio Verify does."""

    network = False
    checks_codes = True
    CODE = "424242"
    asked: ClassVar[list[str]] = []
    error: BaseException | None = None

    def send(self, message: Message) -> Receipt:
        sms_outbox.append(message)
        return Receipt(self.name, "VE1")

    def check(self, receipt: Receipt, to: str, code: str) -> bool:
        if type(self).error is not None:
            raise type(self).error
        self.asked.append(code)
        return code == self.CODE


def with_gateways(*names: str, **more: Any) -> dict[str, Any]:
    """The settings of a site that sends by these."""
    return {**SETTINGS, "SMS": {"GATEWAYS": list(names)}, **more}
