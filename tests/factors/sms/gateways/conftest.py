from __future__ import annotations

import pytest

from django_mfa.factors.sms.gateways import Message
from django_mfa.testing import sms_outbox
from tests.servers import PATIENT, Twilio

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
    """Set what stands below SMS: gateways, and a time-out for a busy machine."""

    def change(*names, **sms):
        said = {"GATEWAYS": list(names), "TIMEOUT": PATIENT, **sms}
        settings.DJANGO_MFA = {"SMS": said}

    return change


@pytest.fixture
def wait(settings):
    """Set how long gateways wait for an answer."""

    def change(seconds):
        sms = {**settings.DJANGO_MFA["SMS"], "TIMEOUT": seconds}
        settings.DJANGO_MFA = {**settings.DJANGO_MFA, "SMS": sms}

    return change


@pytest.fixture
def twilio(wait):
    """A server of Twilio's, and settings that lead to it."""
    with Twilio() as server:
        server.clients_wait = wait
        server.settings = {
            "TWILIO_ACCOUNT_SID": ACCOUNT,
            "TWILIO_AUTH_TOKEN": "token-of-the-account",
            "TWILIO_FROM": "+15005550006",
            "TWILIO_VERIFY_SERVICE": SERVICE,
            "TWILIO_BASE_URL": server.url,
        }
        yield server
