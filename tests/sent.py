"""Codes that were sent, as their reader finds them."""

from __future__ import annotations

import re

from django.conf import settings

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
