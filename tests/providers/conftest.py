"""Providers on loopback, and sites that send by them."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import django
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from django_mfa.testing import add_email
from tests.browser import Browser
from tests.sent import code_in

PASSWORD = b"correct horse"


class Mailbox:
    """A mail server: it keeps what it takes, refuses, or hangs."""

    def __init__(self) -> None:
        self.got: list[Any] = []
        self.refuses = ""
        #: Runs with every mail, before it is said to be taken.
        self.meanwhile: Callable[[], Any] | None = None

    async def handle_RCPT(self, server, session, envelope, address, options):
        if self.refuses:
            return self.refuses
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        self.got.append(message_from_bytes(envelope.content, policy=policy.default))
        if self.meanwhile:
            self.meanwhile()
        return "250 OK"

    def code(self) -> str:
        """The code in the newest mail, as its reader sees it in either part."""
        text, html = (part.get_content() for part in self.got[-1].iter_parts())
        assert code_in(text) in html
        return code_in(text)


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox()


@pytest.fixture
def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def serve(mailbox: Mailbox, port: int, **options: Any) -> Iterator[int]:
    controller = Controller(mailbox, hostname="127.0.0.1", port=port, **options)
    controller.start()
    yield port
    controller.stop()


@pytest.fixture
def smtp(mailbox, free_port, settings) -> Iterator[int]:
    """A mail server that takes everything from everybody."""
    use_smtp(settings, "127.0.0.1", free_port)
    yield from serve(mailbox, free_port)


@pytest.fixture(scope="session")
def certificate(tmp_path_factory) -> tuple[Path, Path]:
    """A certificate for localhost that signs itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    names = x509.SubjectAlternativeName(
        [x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))]
    )
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=2))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    folder = tmp_path_factory.mktemp("tls")
    pem, private = folder / "certificate.pem", folder / "key.pem"
    pem.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return pem, private


@pytest.fixture
def trusted(certificate, monkeypatch):
    """The site trusts that certificate."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))


@pytest.fixture
def smtp_tls(mailbox, free_port, settings, certificate) -> Iterator[int]:
    """A mail server that wants TLS, a name and a password."""
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(*certificate)

    def knows(server, session, envelope, mechanism, data) -> AuthResult:
        right = isinstance(data, LoginPassword) and data.password == PASSWORD
        return AuthResult(success=right, handled=right)

    use_smtp(
        settings,
        "localhost",
        free_port,
        use_tls=True,
        username="site",
        password=PASSWORD.decode(),
    )
    yield from serve(
        mailbox,
        free_port,
        tls_context=tls,
        require_starttls=True,
        auth_required=True,
        authenticator=knows,
    )


def use_smtp(settings: Any, host: str, port: int, **options: Any) -> None:
    backend = "django.core.mail.backends.smtp.EmailBackend"
    use_backend(settings, backend, host=host, port=port, timeout=5, **options)


#: The settings that Django had before 6.1 for the options of its backend.
BEFORE = {
    "host": "EMAIL_HOST",
    "port": "EMAIL_PORT",
    "timeout": "EMAIL_TIMEOUT",
    "use_tls": "EMAIL_USE_TLS",
    "username": "EMAIL_HOST_USER",
    "password": "EMAIL_HOST_PASSWORD",
}


def use_backend(settings: Any, backend: str, **options: Any) -> None:
    """Have mails sent by this, in the words of whichever Django runs."""
    if django.VERSION >= (6, 1):
        settings.MAILERS = {"default": {"BACKEND": backend, "OPTIONS": options}}
        return
    settings.EMAIL_BACKEND = backend
    for name, value in options.items():
        setattr(settings, BEFORE[name], value)


@pytest.fixture
def mia(transactional_db, make_user, sends):
    """Has an address that codes are sent to."""
    user = make_user("mia")
    add_email(user, "mia@example.com")
    return user


@pytest.fixture
def visitor(mia):
    """A browser in which her password was right."""
    return Browser().begin(mia)
