from __future__ import annotations

import smtplib
import ssl
from email import message_from_bytes, policy

import pytest
from django.core import mail as outbox
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import override

from django_mfa.errors import (
    AddressRefused,
    InvalidAddress,
    ProviderMisconfigured,
    ProviderSlow,
    ProviderUnavailable,
)
from django_mfa.factors.email import mail
from django_mfa.factors.email.factor import EmailFactor, mask

FACTOR = EmailFactor()


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("alice@example.com", "alice@example.com"),
        ("  Alice.B+mfa@Example.COM ", "Alice.B+mfa@example.com"),
        ("\talice@example.com\t", "alice@example.com"),
        ("a@sub.example.co.uk", "a@sub.example.co.uk"),
    ],
)
def test_an_address_is_kept_as_mail_servers_read_it(typed, stored):
    assert FACTOR.read(typed).text == stored


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "alice",
        "@example.com",
        "alice@",
        "alice@example",
        "alice@@example.com",
        "alice@exa mple.com",
        "alice@example.com, bob@example.com",
        "alice@example.com;bob@example.com",
        "Alice <alice@example.com>",
        "alice@example.com\nBcc: bob@example.com",
        "alice@example.com\r\nBcc: bob@example.com",
        "alice@example.com\n",
        "alice\n@example.com",
        "alice@example.com\x00",
        "alice@example.com%0aBcc:bob@example.com",
        "älice@example.com",
        "alice@exämple.com",
        "аlice@example.com",  # noqa: RUF001  # a Cyrillic letter, as look-alikes have
        "alice＠example.com",  # noqa: RUF001  # a sign that is folded to @
        "alice@example.com\u202e",
        '"alice"@example.com',
        '"alice@example.org,bob"@example.com',
        "alice@localhost",
        "alice@[127.0.0.1]",
        "alice@[IPv6:::1]",
        "alice@[169.254.169.254]",
        "alice@127.0.0.1",
        "=?utf-8?q?alice=40example.org=3e?=@example.com",
        "a" * 65 + "@example.com",
        "a@" + "b" * 250 + ".com",
        "x" * 300,
    ],
)
def test_what_is_no_address_is_refused(typed):
    with pytest.raises(InvalidAddress):
        FACTOR.read(typed)


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("alice@example.com", "a•••@e•••.com"),
        ("b@x.co.uk", "b•••@x•••.uk"),
        ("c@" + "d" * 60 + ".museum", "c•••@d•••.museum"),
    ],
)
def test_an_address_is_shown_by_its_beginnings(address, shown):
    assert mask(address) == shown


def test_the_persons_own_address_is_suggested(user):
    assert FACTOR.suggestion(user) == user.email
    user.email = ""
    assert FACTOR.suggestion(user) == ""


def test_a_mail_has_text_and_html_and_a_subject_of_one_line(settings):
    settings.DJANGO_MFA = {"SITE_NAME": "Example\nBank\r\nBcc: x@example.com"}
    mail.send("alice@example.com", "012345", "bank.example")
    (sent,) = outbox.outbox
    message = message_from_bytes(sent.message().as_bytes(), policy=policy.default)
    assert message["Subject"] == "Your code for Example Bank Bcc: x@example.com"
    assert message["Bcc"] is None
    assert message["Auto-Submitted"] == "auto-generated"
    assert sent.recipients() == ["alice@example.com"]
    text, html = list(message.iter_parts())
    assert (text.get_content_type(), html.get_content_type()) == (
        "text/plain",
        "text/html",
    )
    for part in (text, html):
        assert "012345" in part.get_content()
        assert "10 minutes" in part.get_content()
    assert "012345" not in message["Subject"]


def test_html_is_escaped_and_text_is_not(settings):
    settings.DJANGO_MFA = {"SITE_NAME": "A & <b>"}
    message = mail.build("alice@example.com", "012345", "h")
    assert "A & <b>" in message.body
    assert "A &amp; &lt;b&gt;" in str(message.alternatives[0][0])


def test_the_sender_is_what_the_settings_say(settings):
    settings.DJANGO_MFA = {"SENT_CODES": {"FROM_EMAIL": "codes@example.com"}}
    assert mail.build("a@example.com", "1", "h").from_email == "codes@example.com"
    settings.DJANGO_MFA = {}
    sender = mail.build("a@example.com", "1", "h").from_email
    assert sender == settings.DEFAULT_FROM_EMAIL


def test_a_mail_speaks_the_language_that_is_active():
    with override("de"):
        german = mail.build("a@example.com", "1", "h")
    with override("ar"):
        arabic = str(mail.build("a@example.com", "1", "h").alternatives[0][0])
    assert 'lang="ar" dir="rtl"' in arabic
    assert german.subject != mail.build("a@example.com", "1", "h").subject


@pytest.mark.parametrize(
    ("raised", "told"),
    [
        (TimeoutError("alice@example.com"), ProviderSlow),
        (
            smtplib.SMTPRecipientsRefused({"alice@example.com": (550, b"")}),
            AddressRefused,
        ),
        (smtplib.SMTPAuthenticationError(535, b"no"), ProviderMisconfigured),
        (smtplib.SMTPSenderRefused(550, b"no", "x@y.z"), ProviderMisconfigured),
        (smtplib.SMTPNotSupportedError("STARTTLS"), ProviderMisconfigured),
        (ssl.SSLCertVerificationError("bad"), ProviderMisconfigured),
        (ImproperlyConfigured("alice@example.com"), ProviderMisconfigured),
        (ConnectionRefusedError(111, "no"), ProviderUnavailable),
        (smtplib.SMTPServerDisconnected("gone"), ProviderUnavailable),
        (ValueError("alice@example.com 012345"), ProviderUnavailable),
    ],
)
def test_what_fails_is_told_apart_and_logged_without_its_text(
    monkeypatch, caplog, raised, told
):
    def fail(self):
        raise raised

    monkeypatch.setattr(mail.EmailMultiAlternatives, "send", fail)
    with pytest.raises(told) as caught:
        mail.send("alice@example.com", "012345", "h")
    assert type(raised).__name__ in caplog.text
    assert "alice" not in caplog.text
    assert "012345" not in caplog.text
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_a_backend_that_sends_nothing_has_failed(monkeypatch):
    monkeypatch.setattr(mail.EmailMultiAlternatives, "send", lambda self: 0)
    with pytest.raises(ProviderUnavailable):
        mail.send("alice@example.com", "012345", "h")
