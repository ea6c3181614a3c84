"""Sign-ins by mail, through real servers: the code is read from what they got."""

from __future__ import annotations

import json
import logging
from email import message_from_string, policy
from urllib.request import urlopen

import boto3
import pytest
from moto.server import ThreadedMotoServer

from django_mfa.challenges.models import Challenge
from django_mfa.factors.email.models import EmailDevice
from tests.providers.conftest import use_backend, use_smtp
from tests.sent import SETTINGS
from tests.servers import Answer, Recorder

SENDER = "security@example.com"


def ask(visitor, status=302):
    page = visitor.send("verify_send", "email")
    assert page.status_code == status, page.content
    return page


def enter(visitor, code):
    visitor.send("verify", "email", code=code)
    assert visitor.is_in


def logged(caplog):
    """What the site logged; the servers of these tests log in the same process."""
    return "\n".join(
        caplog.handler.format(record)
        for record in caplog.records
        if not record.name.startswith("mail.")
    )


def test_smtp(visitor, smtp, mailbox):
    ask(visitor)
    message = mailbox.got[0]
    assert (message["To"], message["From"]) == (
        "mia@example.com",
        "Example Bank <security@example.com>",
    )
    assert message["Subject"] == "Your code for Example Bank"
    enter(visitor, mailbox.code())


@pytest.mark.usefixtures("trusted")
def test_starttls_with_a_password(visitor, smtp_tls, mailbox):
    ask(visitor)
    enter(visitor, mailbox.code())


def test_a_certificate_that_nobody_trusts_is_told_and_costs_nothing(
    visitor, smtp_tls, mailbox, certificate, monkeypatch
):
    page = ask(visitor, 503)
    assert "cannot send codes at present" in page.text
    assert not mailbox.got
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
    ask(visitor)
    enter(visitor, mailbox.code())


# Django leaves the socket of a login that was refused to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.usefixtures("trusted")
def test_a_wrong_password_is_told_and_costs_nothing(
    visitor, smtp_tls, mailbox, settings, caplog
):
    use = {"use_tls": True, "username": "site"}
    use_smtp(settings, "localhost", smtp_tls, password="battery staple", **use)
    with caplog.at_level(logging.DEBUG):
        page = ask(visitor, 503)
    assert "cannot send codes at present" in page.text
    assert "battery staple" not in logged(caplog)
    use_smtp(settings, "localhost", smtp_tls, password="correct horse", **use)
    ask(visitor)
    enter(visitor, mailbox.code())


def test_a_server_that_refuses_is_told_and_costs_nothing(
    visitor, smtp, mailbox, caplog
):
    mailbox.refuses = "550 no such user mia@example.com"
    with caplog.at_level(logging.DEBUG):
        page = ask(visitor, 400)
    assert "No mail can be sent to this address" in page.text
    assert "mia@example.com" not in logged(caplog)
    assert EmailDevice.objects.get().failures == 0
    mailbox.refuses = ""
    ask(visitor)
    enter(visitor, mailbox.code())


def test_a_server_that_is_down_is_told_and_costs_nothing(
    visitor, free_port, settings, mailbox
):
    use_smtp(settings, "127.0.0.1", free_port)
    for _ in range(2):
        assert "could not send you a code" in ask(visitor, 503).text
    assert Challenge.objects.latest("issued").tries == 0


def test_a_server_that_hangs_is_left_after_the_time_out(visitor, settings, sends):
    with Recorder() as server:
        # It takes connections and greets nobody, as SMTP servers must.
        settings.DJANGO_MFA = {**SETTINGS, "SENT_CODES": {"EMAIL_TIMEOUT": 1}}
        host, port = server.http.server_address[:2]
        use_smtp(settings, host, port)
        assert "did not answer in time" in ask(visitor, 503).text


class SendGrid(Recorder):
    """Takes mails as the v3 API does."""

    @property
    def mail(self):
        return json.loads(self.requests[-1].body)

    def answer(self, request):
        return Answer(202, "", "text/plain")


@pytest.fixture
def sendgrid(settings):
    with SendGrid() as server:
        settings.ANYMAIL = {
            "SENDGRID_API_KEY": "key",
            "SENDGRID_API_URL": f"{server.url}/v3/",
        }
        use_backend(settings, "anymail.backends.sendgrid.EmailBackend")
        yield server


sendgrid_warns = pytest.mark.filterwarnings(
    "ignore::anymail.exceptions.AnymailNotSupportedWarning",
    "ignore:.*:DeprecationWarning",
)


@sendgrid_warns
def test_sendgrid(visitor, sendgrid):
    ask(visitor)
    request, sent = sendgrid.requests[-1], sendgrid.mail
    assert request.path == "/v3/mail/send"
    assert request.headers["Authorization"] == "Bearer key"
    assert sent["personalizations"][0]["to"] == [{"email": "mia@example.com"}]
    assert sent["from"]["email"] == SENDER
    parts = {part["type"]: part["value"] for part in sent["content"]}
    code = next(line for line in parts["text/plain"].split("\n") if line.isdigit())
    assert code in parts["text/html"]
    enter(visitor, code)


@sendgrid_warns
@pytest.mark.parametrize("status", [401, 429, 500])
def test_sendgrid_that_fails_is_told_and_costs_nothing(
    visitor, sendgrid, status, caplog
):
    sendgrid.fails(status, '{"errors": [{"message": "mia@example.com"}]}')
    with caplog.at_level(logging.DEBUG):
        ask(visitor, 503)
    assert "mia@example.com" not in logged(caplog)
    sendgrid.works()
    ask(visitor)


@pytest.fixture(scope="module")
def amazon():
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def ses(amazon, settings, monkeypatch):
    for name, value in {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }.items():
        monkeypatch.setenv(name, value)
    place = {"endpoint_url": amazon, "region_name": "eu-west-1"}
    boto3.client("sesv2", **place).create_email_identity(EmailIdentity=SENDER)
    settings.ANYMAIL = {"AMAZON_SES_CLIENT_PARAMS": place}
    use_backend(settings, "anymail.backends.amazon_ses.EmailBackend")


@pytest.mark.filterwarnings("ignore:.*:DeprecationWarning")
def test_amazon_ses(visitor, ses, amazon):
    ask(visitor)
    with urlopen(f"{amazon}/moto-api/data.json") as answer:  # noqa: S310  # loopback
        kept = json.load(answer)["ses"]
    raw = next(iter(kept["RawMessage"]))
    message = message_from_string(raw["raw_data"], policy=policy.default)
    assert message["To"] == "mia@example.com"
    body = message.get_body(("plain",)).get_content()
    code = next(line for line in body.split("\n") if line.strip().isdigit())
    enter(visitor, code.strip())
