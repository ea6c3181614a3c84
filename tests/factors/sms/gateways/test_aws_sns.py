from __future__ import annotations

import pytest

from django_mfa.errors import (
    NumberRefused,
    ProviderMisconfigured,
    ProviderSlow,
    ProviderUnavailable,
)
from django_mfa.factors.sms import gateways
from django_mfa.factors.sms.gateways.aws_sns import SNSGateway
from tests.servers import Answer, Recorder

from .conftest import NUMBER, TEXT

pytest.importorskip("boto3")
requests = pytest.importorskip("requests")

XML = "text/xml"
PUBLISHED = (
    '<PublishResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/">'
    "<PublishResult><MessageId>m-1</MessageId></PublishResult>"
    "<ResponseMetadata><RequestId>r-1</RequestId></ResponseMetadata></PublishResponse>"
)
REFUSED = (
    '<ErrorResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><Error>'
    "<Type>Sender</Type><Code>{}</Code><Message>about {}</Message></Error>"
    "<RequestId>r-1</RequestId></ErrorResponse>"
)


class SNS(Recorder):
    def answer(self, request):
        return Answer(200, PUBLISHED, XML)

    def refuses(self, status: int, code: str) -> None:
        self.fails(status, REFUSED.format(code, NUMBER), XML)


@pytest.fixture(autouse=True)
def aws(monkeypatch, tmp_path):
    """Credentials of nobody, and none from this machine."""
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_SNS"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": str(tmp_path / "none"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "none"),
    }.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def sns(wait):
    with SNS() as server:
        server.clients_wait = wait
        yield server


@pytest.fixture
def ready(sns, use):
    use("aws_sns", SNS_ENDPOINT_URL=sns.url, SNS_REGION="eu-west-1")
    return sns


@pytest.fixture(scope="session")
def moto():
    """A moto server on loopback; its address."""
    server = pytest.importorskip("moto.server").ThreadedMotoServer(
        ip_address="127.0.0.1", port=0, verbose=False
    )
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


def test_a_message_reaches_amazon(moto, use, message):
    requests.post(f"{moto}/moto-api/reset", timeout=10)
    use("aws_sns", SNS_ENDPOINT_URL=moto, SNS_REGION="eu-west-1")
    receipt = gateways.send(message)
    [got] = requests.get(f"{moto}/moto-api/data.json", timeout=10).json()["sns"]["SMS"]
    assert (got["phone_number"], got["message"]) == (NUMBER, TEXT)
    assert (receipt.gateway, receipt.provider_id) == ("aws_sns", got["message_id"])
    assert not gateways.checks_codes(receipt)


def test_the_address_of_the_aws_configuration_serves_too(
    sns, use, message, monkeypatch
):
    monkeypatch.setenv("AWS_ENDPOINT_URL_SNS", sns.url)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    use("aws_sns")
    assert gateways.send(message).provider_id == "m-1"


def test_it_is_a_transactional_message_with_what_the_settings_say(sns, use, message):
    use(
        "aws_sns",
        SNS_ENDPOINT_URL=sns.url,
        SNS_REGION="eu-west-1",
        SNS_SENDER_ID="Bank",
        SNS_MAX_PRICE="0.20",
    )
    gateways.send(message)
    [got] = sns.requests
    said = {
        got.form[f"MessageAttributes.entry.{n}.Name"]: got.form[
            f"MessageAttributes.entry.{n}.Value.StringValue"
        ]
        for n in (1, 2, 3)
    }
    assert said == {
        "AWS.SNS.SMS.SMSType": "Transactional",
        "AWS.SNS.SMS.SenderID": "Bank",
        "AWS.SNS.SMS.MaxPrice": "0.20",
    }


@pytest.mark.parametrize("code", ["InvalidParameter", "OptedOut"])
def test_a_number_that_amazon_refuses_is_said_to_be_refused(ready, message, code):
    ready.refuses(400, code)
    with pytest.raises(NumberRefused) as caught:
        gateways.send(message)
    assert caught.value.details == {"gateway": "aws_sns", "why": code}


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (403, "InvalidClientTokenId"),
        (403, "SignatureDoesNotMatch"),
        (403, "AuthorizationError"),
    ],
)
def test_wrong_credentials_are_for_the_administrator(ready, message, status, code):
    ready.refuses(status, code)
    with pytest.raises(ProviderMisconfigured, match="administrator"):
        gateways.send(message)


@pytest.mark.parametrize(
    ("status", "code"), [(500, "InternalError"), (400, "Throttled")]
)
def test_a_provider_that_fails_is_unavailable_and_asked_once(
    ready, message, status, code
):
    ready.refuses(status, code)
    with pytest.raises(ProviderUnavailable):
        gateways.send(message)
    assert len(ready.requests) == 1


def test_an_answer_that_is_no_xml_is_an_error_of_theirs(ready, message):
    ready.fails(200, "hello")
    with pytest.raises((ProviderUnavailable, ProviderMisconfigured)):
        gateways.send(message)


def test_a_provider_that_is_down_is_unavailable(use, message):
    use("aws_sns", SNS_ENDPOINT_URL="http://127.0.0.1:9", SNS_REGION="eu-west-1")
    with pytest.raises(ProviderUnavailable):
        gateways.send(message)


def test_a_provider_that_hangs_is_slow(ready, message):
    ready.hangs()
    # The client is made within the time-out, from large files of its library.
    ready.clients_wait(4)
    with pytest.raises(ProviderSlow):
        gateways.send(message)
    assert len(ready.requests) == 1


def test_the_library_gives_up_by_itself_too_and_does_not_repeat(ready, message):
    ready.hangs()
    with pytest.raises(ProviderSlow):
        SNSGateway("aws_sns").send(message)
    assert len(ready.requests) == 1


def test_it_works_again_when_the_provider_does(ready, message):
    ready.refuses(500, "InternalError")
    with pytest.raises(ProviderUnavailable):
        gateways.send(message)
    ready.works()
    assert gateways.send(message).provider_id == "m-1"


def test_without_credentials_the_administrator_is_named(sns, use, message, monkeypatch):
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    use("aws_sns", SNS_ENDPOINT_URL=sns.url, SNS_REGION="eu-west-1")
    with pytest.raises(ProviderMisconfigured) as caught:
        gateways.send(message)
    assert caught.value.details["why"] == "NoCredentialsError"
    assert not sns.requests


def test_without_a_region_the_administrator_is_named(use, message, monkeypatch):
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
    monkeypatch.delenv("AWS_REGION", raising=False)
    use("aws_sns")
    with pytest.raises(ProviderMisconfigured) as caught:
        gateways.send(message)
    assert caught.value.details["why"] == "NoRegionError"


def test_a_client_of_your_own_is_used(sns, use, message):
    def client():
        import boto3

        return boto3.client("sns", endpoint_url=sns.url, region_name="eu-north-1")

    use("aws_sns", SNS_CLIENT=client)
    assert gateways.send(message).provider_id == "m-1"
    assert "eu-north-1" in sns.requests[0].headers["Authorization"]
