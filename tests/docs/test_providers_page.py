"""The settings on the pages of the providers, run as they stand there.

Only where the servers are is changed: on loopback.
"""

from __future__ import annotations

import datetime
import email
import email.policy
import re
import socket
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import django
import pytest
from django.core.mail import EmailMultiAlternatives

from django_mfa.factors.sms import gateways
from tests.servers import Answer, Recorder, Twilio

requests = pytest.importorskip("requests")
pytest.importorskip("phonenumbers")

PAGES = Path(__file__).parents[2] / "docs" / "sending"
NEW = django.VERSION >= (6, 1)
NUMBER, TEXT = "+4915112345678", "273645 is your code"

pytestmark = pytest.mark.skipif(not PAGES.is_dir(), reason="the docs are not here")


def written(name: str) -> dict[str, Any]:
    """What the blocks of settings of a page say, for this version of Django."""
    found: dict[str, Any] = {}
    for block in re.findall(r"^```python\n(.*?)^```", page(name), re.M | re.S):
        values: dict[str, Any] = {}
        exec(compile(block, name, "exec"), values)  # noqa: S102  # our own page
        found |= {name: value for name, value in values.items() if name.isupper()}
    if NEW:
        return {k: v for k, v in found.items() if not k.startswith("EMAIL_")}
    found.pop("MAILERS", None)
    return found


def page(name: str) -> str:
    return (PAGES / name).read_text()


@pytest.fixture
def follow(settings):
    """Set what a page says; more can be put below SMS, or elsewhere."""

    def use(name: str, sms: dict[str, Any] | None = None, **more: Any) -> None:
        said = written(name) | more
        mfa = said["DJANGO_MFA"]
        said["DJANGO_MFA"] = {**mfa, "SMS": {**mfa.get("SMS", {}), **(sms or {})}}
        for key, value in said.items():
            setattr(settings, key, value)

    return use


@pytest.fixture
def environ(monkeypatch, tmp_path):
    """Set variables of the environment; AWS knows nothing of this machine."""
    none = str(tmp_path / "none")
    aws = {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": none,
        "AWS_SHARED_CREDENTIALS_FILE": none,
    }

    def use(**named: str) -> None:
        for name, value in {**aws, **named}.items():
            monkeypatch.setenv(name, value)

    return use


@pytest.fixture
def twilio(environ) -> Iterator[Twilio]:
    pytest.importorskip("twilio")
    environ(
        TWILIO_ACCOUNT_SID="AC" + "1" * 32,
        TWILIO_API_KEY="SK1",
        TWILIO_API_SECRET="secret",
        TWILIO_FROM="+4915000000000",
        TWILIO_VERIFY_SERVICE="VA" + "2" * 32,
    )
    with Twilio() as server:
        yield server


@pytest.fixture(scope="module")
def moto() -> Iterator[str]:
    pytest.importorskip("boto3")
    server = pytest.importorskip("moto.server").ThreadedMotoServer(
        ip_address="127.0.0.1", port=0, verbose=False
    )
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


def message() -> gateways.Message:
    return gateways.Message(NUMBER, TEXT, "273645", "challenge", "de")


def send_mail() -> None:
    mail = EmailMultiAlternatives("Your code", TEXT, to=["alice@example.com"])
    mail.attach_alternative(f"<p>{TEXT}</p>", "text/html")
    assert mail.send() == 1


def test_twilio(twilio, follow):
    follow("twilio.md", {"TWILIO_BASE_URL": twilio.url})
    assert gateways.send(message()).gateway == "twilio"
    assert twilio.messages[0]["Body"] == TEXT


def test_twilio_verify(twilio, follow):
    follow("twilio-verify.md", {"TWILIO_BASE_URL": twilio.url})
    receipt = gateways.send(message())
    assert gateways.check(receipt, NUMBER, twilio.code_for(NUMBER))


def test_amazon_sns(moto, environ, follow):
    environ()
    follow("amazon-sns.md", {"SNS_ENDPOINT_URL": moto})
    receipt = gateways.send(message())
    sent = requests.get(f"{moto}/moto-api/data.json", timeout=10).json()["sns"]["SMS"]
    assert receipt.provider_id in {each["message_id"] for each in sent}


def test_smtp_with_starttls_and_a_password(environ, follow, tmp_path):
    smtp = pytest.importorskip("aiosmtpd.smtp")
    controller = pytest.importorskip("aiosmtpd.controller")
    box: list[bytes] = []

    class Box:
        async def handle_DATA(self, server, session, envelope):
            box.append(envelope.content)
            return "250 OK"

    def check(server, session, envelope, mechanism, given):
        right = (given.login, given.password) == (b"user", b"pass")
        return smtp.AuthResult(success=right)

    certificate, context = make_certificate(tmp_path)
    port = free_port()
    server = controller.Controller(
        Box(),
        hostname="127.0.0.1",
        port=port,
        tls_context=context,
        require_starttls=True,
        auth_required=True,
        authenticator=check,
    )
    server.start()
    environ(
        EMAIL_HOST="localhost",
        EMAIL_PORT=str(port),
        EMAIL_HOST_USER="user",
        EMAIL_HOST_PASSWORD="pass",
        SSL_CERT_FILE=str(certificate),
    )
    follow("smtp.md")
    try:
        send_mail()
    finally:
        server.stop()
    [raw] = box
    got = email.message_from_bytes(raw, policy=email.policy.default)
    assert (got["subject"], got["from"]) == (
        "Your code",
        "Example Bank <security@example.com>",
    )
    assert {part.get_content_type() for part in got.iter_parts()} == {
        "text/plain",
        "text/html",
    }


@pytest.mark.filterwarnings("ignore:.*SendGrid")  # as the page says
def test_sendgrid(environ, follow):
    pytest.importorskip("anymail")
    environ(SENDGRID_API_KEY="key")
    with Recorder() as server:
        server.trouble = lambda request: Answer(202)
        anymail = {"SENDGRID_API_URL": f"{server.url}/v3/"}
        follow("sendgrid.md", ANYMAIL={**written("sendgrid.md")["ANYMAIL"], **anymail})
        send_mail()
        [got] = server.requests
    assert (got.path, got.headers["Authorization"]) == ("/v3/mail/send", "Bearer key")
    assert TEXT.encode() in got.body


def test_amazon_ses(moto, environ, follow):
    pytest.importorskip("anymail")
    boto3 = pytest.importorskip("boto3")
    environ(AWS_DEFAULT_REGION="eu-central-1")
    ses = boto3.client("sesv2", endpoint_url=moto)
    ses.create_email_identity(EmailIdentity="security@example.com")
    params = written("amazon-ses.md")["ANYMAIL"]["AMAZON_SES_CLIENT_PARAMS"]
    there = {"AMAZON_SES_CLIENT_PARAMS": {**params, "endpoint_url": moto}}
    follow("amazon-ses.md", ANYMAIL=there)
    send_mail()
    sent = requests.get(f"{moto}/moto-api/data.json", timeout=10).json()["ses"]
    assert any(TEXT in each["raw_data"] for each in sent["RawMessage"])


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def make_certificate(folder: Path) -> tuple[Path, Any]:
    """A certificate for localhost that signs itself, and a server's context with it."""
    import ssl

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    here = [x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))]
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(here), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate, private = folder / "localhost.pem", folder / "localhost.key"
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, private)
    return certificate, context
