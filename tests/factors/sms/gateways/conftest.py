from __future__ import annotations

import pytest

from django_mfa.factors.sms.gateways import Message
from django_mfa.testing import sms_outbox
from tests.servers import Twilio

NUMBER = "+4915112345678"
TEXT = "273645 is your code for Example Bank."
ACCOUNT, SERVICE = "AC" + "1" * 32, "VA" + "2" * 32


@pytest.fixture(autouse=True)
def _empty_outbox():
    sms_outbox.clear()
    yield
    sms_outbox.clear()


@pytest.fixture
def message():
    return Message(NUMBER, TEXT, "273645", "challenge-1", "de")


@pytest.fixture
def use(settings):
    """Set what stands below SMS; gateways and a short time-out by default."""

    def change(*names, **sms):
        settings.DJANGO_MFA = {"SMS": {"GATEWAYS": list(names), "TIMEOUT": 3, **sms}}

    return change


@pytest.fixture
def twilio(use):
    """A server of Twilio's, and settings that lead to it."""
    with Twilio() as server:
        server.settings = {
            "TWILIO_ACCOUNT_SID": ACCOUNT,
            "TWILIO_AUTH_TOKEN": "token-of-the-account",
            "TWILIO_FROM": "+15005550006",
            "TWILIO_VERIFY_SERVICE": SERVICE,
            "TWILIO_BASE_URL": server.url,
        }
        yield server
