"""No number, text or code in any log at DEBUG, whichever library sends."""

from __future__ import annotations

import logging
from contextlib import suppress
from threading import Thread

import pytest

from django_mfa.errors import SendFailed
from django_mfa.factors.sms import gateways
from django_mfa.factors.sms.gateways.aws_sns import SNSGateway
from django_mfa.factors.sms.gateways.quiet import nothing_logged
from tests.servers import Answer

from .conftest import NUMBER, TEXT

pytest.importorskip("twilio")
pytest.importorskip("boto3")

from .test_aws_sns import SNS, aws  # needs boto3

__all__ = ["aws"]

DIGITS = NUMBER.removeprefix("+")


@pytest.fixture
def log(caplog):
    caplog.set_level(logging.DEBUG)
    return caplog


def hidden(log, *secrets: str) -> bool:
    return not any(secret in log.text for secret in (DIGITS, TEXT, *secrets))


@pytest.mark.parametrize("name", ["twilio", "twilio_verify"])
@pytest.mark.parametrize("status", [None, 400, 500])
def test_twilio_logs_nothing_of_a_message(twilio, use, message, log, name, status):
    use(name, **twilio.settings)
    if status:
        body = {"code": 21211, "message": f"bad {NUMBER} {TEXT}", "status": status}
        twilio.fails(status, body, "application/json")
    with suppress(SendFailed):
        gateways.send(message)
    assert twilio.requests
    assert hidden(log, message.code, "token-of-the-account")


def test_twilio_logs_nothing_of_a_check(twilio, use, message, log):
    use("twilio_verify", **twilio.settings)
    receipt = gateways.send(message)
    code = twilio.code_for(NUMBER)
    gateways.check(receipt, NUMBER, "918273")
    gateways.check(receipt, NUMBER, code)
    gateways.send(message._replace(replaces=receipt.provider_id))
    assert hidden(log, code, "918273")


@pytest.mark.parametrize("status", [None, 400, 500])
def test_amazon_logs_nothing_of_a_message(use, message, log, status):
    with SNS() as sns:
        use("aws_sns", SNS_ENDPOINT_URL=sns.url, SNS_REGION="eu-west-1")
        if status:
            sns.refuses(status, "InvalidParameter")
        with suppress(SendFailed):
            gateways.send(message)
        assert sns.requests
    assert hidden(log, message.code)


def test_without_this_the_library_would_tell_all(use, message, log):
    with SNS() as sns:
        use("aws_sns", SNS_ENDPOINT_URL=sns.url, SNS_REGION="eu-west-1")
        client = SNSGateway("aws_sns").client
        client.publish(PhoneNumber=NUMBER, Message=TEXT)
        assert not hidden(log)
        log.clear()
        with nothing_logged():
            client.publish(PhoneNumber=NUMBER, Message=TEXT)
        assert hidden(log)


def test_other_uses_of_the_libraries_are_logged_meanwhile(log):
    noisy = logging.getLogger("botocore.endpoint")
    with nothing_logged():
        noisy.debug("ours")
        other = Thread(target=noisy.debug, args=("theirs",))
        other.start()
        other.join()
    noisy.debug("later")
    assert [each.getMessage() for each in log.records] == ["theirs", "later"]


def test_other_loggers_are_left_alone(log):
    with nothing_logged():
        logging.getLogger("bank").debug("a transfer")
    assert "a transfer" in log.text


def test_a_server_that_repeats_the_number_is_not_logged(twilio, use, message, log):
    use("twilio", **twilio.settings)
    twilio.trouble = lambda request: Answer(302, {}, f"text/{NUMBER}")
    with suppress(SendFailed):
        gateways.send(message)
    assert hidden(log)
