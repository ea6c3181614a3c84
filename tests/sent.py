"""Codes that were sent, as their reader finds them."""

from __future__ import annotations

import re

from django.conf import settings
from django.core import mail

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
