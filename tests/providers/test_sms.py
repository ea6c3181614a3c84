"""Sign-ins by message, through real servers: the code is read from what they got."""

from __future__ import annotations

import logging

import pytest
import requests
from moto.server import ThreadedMotoServer

from django_mfa.audit.models import AuditEvent
from django_mfa.factors.sms.models import PhoneDevice
from django_mfa.limits.models import SendRecord
from django_mfa.testing import add_phone
from tests.browser import Browser
from tests.sent import SETTINGS, code_in, other_than
from tests.servers import PATIENT, Twilio

NUMBER = "+4915112345678"

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def use(settings):
    """Send by these gateways, with a time-out for a busy machine."""

    def change(*names, **sms):
        said = {"GATEWAYS": list(names), "TIMEOUT": PATIENT, **sms}
        settings.DJANGO_MFA = {**SETTINGS, "SMS": said}

    return change


@pytest.fixture
def twilio(settings):
    def wait(seconds):
        sms = {**settings.DJANGO_MFA["SMS"], "TIMEOUT": seconds}
        settings.DJANGO_MFA = {**settings.DJANGO_MFA, "SMS": sms}

    with Twilio() as server:
        server.clients_wait = wait
        server.settings = {
            "TWILIO_ACCOUNT_SID": "AC" + "1" * 32,
            "TWILIO_AUTH_TOKEN": "token-of-the-account",
            "TWILIO_FROM": "+15005550006",
            "TWILIO_VERIFY_SERVICE": "VA" + "2" * 32,
            "TWILIO_BASE_URL": server.url,
        }
        yield server


@pytest.fixture
def sns(monkeypatch, tmp_path):
    """The address of a moto server on loopback, and credentials for it."""
    for name, value in {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": str(tmp_path / "none"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "none"),
    }.items():
        monkeypatch.setenv(name, value)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    requests.post(f"http://{host}:{port}/moto-api/reset", timeout=10)
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def visitor(make_user, use):
    """A browser in which the password of somebody with a phone was right."""
    use("locmem")
    mia = make_user("mia")
    add_phone(mia, NUMBER)
    return Browser().begin(mia)


def ask(visitor, status=302):
    page = visitor.send("verify_send", "sms")
    assert page.status_code == status, page.content
    return page


def enter(visitor, code):
    visitor.send("verify", "sms", code=code)
    return visitor.is_in


def sent_by(sns):
    data = requests.get(f"{sns}/moto-api/data.json", timeout=10).json()
    return data["sns"]["SMS"]


def test_twilio(visitor, twilio, use):
    use("twilio", **twilio.settings)
    ask(visitor)
    [message] = twilio.messages
    assert message["To"] == NUMBER
    code = code_in(message["Body"])
    assert message["Body"].splitlines()[-1] == f"@testserver #{code}"
    assert not enter(visitor, other_than(code))
    assert enter(visitor, code)
    row = SendRecord.objects.get()
    assert (row.state, row.gateway) == (SendRecord.SENT, "twilio")
    assert row.answered is not None


def test_twilio_verify_judges_its_own_code(visitor, twilio, use):
    use("twilio_verify", **twilio.settings)
    ask(visitor)
    code = twilio.code_for(NUMBER)
    assert not enter(visitor, other_than(code))
    assert enter(visitor, code)
    assert not twilio.messages


def test_amazon_sns(visitor, sns, use):
    use("aws_sns", SNS_ENDPOINT_URL=sns, SNS_REGION="eu-west-1")
    ask(visitor)
    [message] = sent_by(sns)
    assert message["phone_number"] == NUMBER
    assert enter(visitor, code_in(message["message"]))


def test_when_the_first_is_down_the_second_sends(visitor, sns, use, twilio):
    more = {"SNS_ENDPOINT_URL": sns, "SNS_REGION": "eu-west-1"}
    use("twilio", "aws_sns", **twilio.settings, **more)
    twilio.hangs()
    twilio.clients_wait(5)  # each of them
    ask(visitor)
    [message] = sent_by(sns)
    assert enter(visitor, code_in(message["message"]))


@pytest.mark.parametrize("name", ["twilio", "twilio_verify"])
@pytest.mark.parametrize(
    "case",
    [
        (lambda server: server.hangs(), "did not answer in time"),
        (lambda server: server.fails(500), "could not send you a code just now"),
        (lambda server: server.fails(401), "cannot send codes at present"),
    ],
)
def test_M01_a_provider_in_trouble_is_told_and_costs_nothing(
    visitor, twilio, use, caplog, name, case
):
    trouble, words = case
    use(name, **twilio.settings)
    trouble(twilio)
    with caplog.at_level(logging.DEBUG):
        page = ask(visitor, 503)
    assert words in page.text
    assert NUMBER[1:] not in caplog.text
    assert SendRecord.objects.get().state == SendRecord.FAILED
    assert AuditEvent.objects.filter(event="send_failed").count() == 1
    twilio.works()
    ask(visitor)
    sent = twilio.messages
    code = code_in(sent[-1]["Body"]) if name == "twilio" else twilio.code_for(NUMBER)
    assert enter(visitor, code)


def test_M01_what_verify_cannot_judge_costs_no_try(visitor, twilio, use):
    use("twilio_verify", **twilio.settings)
    ask(visitor)
    code = twilio.code_for(NUMBER)
    twilio.fails(503)
    for _ in range(4):
        assert visitor.send("verify", "sms", code=code).status_code == 503
    twilio.works()
    assert enter(visitor, code)


@pytest.mark.parametrize("name", ["twilio", "twilio_verify"])
def test_M01_a_code_that_arrives_after_the_time_out_is_right(
    visitor, twilio, use, name
):
    use(name, **{**twilio.settings, "TIMEOUT": 1})
    twilio.takes_and_hangs()
    ask(visitor, 503)
    twilio.works()
    sent = twilio.messages
    code = code_in(sent[-1]["Body"]) if name == "twilio" else twilio.code_for(NUMBER)
    assert not enter(visitor, other_than(code))
    assert enter(visitor, code)


def test_R05_a_time_out_is_no_way_to_the_code_of_another_browser(visitor, twilio, use):
    use("twilio_verify", **{**twilio.settings, "TIMEOUT": 1})
    twilio.takes_and_hangs()
    ask(visitor, 503)
    twilio.works()
    mia = PhoneDevice.objects.get().user
    other = Browser().begin(mia)
    ask(other)
    code = twilio.code_for(NUMBER)
    assert not enter(visitor, code)
    assert enter(other, code)
