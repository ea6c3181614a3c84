from __future__ import annotations

import logging
from threading import Event
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core import mail
from django.utils.translation import override

from django_mfa import clock, signals
from django_mfa.errors import FactorRequired
from django_mfa.factors.totp.models import TOTPDevice
from django_mfa.flows import enrol, manage, reset
from django_mfa.notifications.subjects import SUBJECTS
from django_mfa.session import Context
from django_mfa.testing import (
    add_email,
    add_recovery_codes,
    add_totp,
    freeze,
    session_context,
    totp_code,
)
from django_mfa.values import Proof

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
DETAILS: dict[str, dict[str, Any]] = {
    "device_renamed": {"before": "Old"},
    "account_locked": {"until": "2026-11-20T12:30:00+00:00"},
    "device_locked": {"until": "2026-11-20T12:30:00+00:00"},
    "recovery_code_used": {"left": 7},
    "recovery_codes_generated": {"count": 10},
}


@pytest.fixture
def device(user):
    return TOTPDevice(user=user, name="Phone")


@pytest.fixture
def told(device, django_capture_on_commit_callbacks):
    """Emit an event of a device, and return the mail of it."""

    def tell(event, **details):
        context = Context(
            address="203.0.113.9", user_agent=FIREFOX, host="bank.example"
        )
        with django_capture_on_commit_callbacks(execute=True):
            emitted = signals.EVENTS[event]
            emitted.emit(context, device.user, device=device, **details)
        return mail.outbox[-1] if mail.outbox else None

    return tell


def html_of(message):
    return message.alternatives[0][0]


@pytest.mark.parametrize("event", SUBJECTS)
def test_every_notice_says_what_happened_when_and_from_where(event, told):
    with freeze(1_795_000_000):
        message = told(event, **DETAILS.get(event, {}))
    assert message.to == ["alice@example.com"]
    assert message.subject == f"Example Bank: {SUBJECTS[event]}"
    for text in (message.body, html_of(message)):
        assert "Nov. 18, 2026" in text
        assert "UTC" in text
        assert "your password" in text
    assert "\n\n\n" not in message.body
    assert message.extra_headers["Auto-Submitted"] == "auto-generated"


def test_a_notice_names_device_address_and_browser(told):
    message = told("device_confirmed")
    for text in (message.body, html_of(message)):
        assert "Phone (Authenticator app)" in text
        assert "203.0.113.9" in text
        assert "Firefox on Linux" in text


def test_an_unknown_browser_puts_no_words_into_the_mail(user, device):
    context = Context(user_agent="Call +1 555 0100 https://evil.example now")
    signals.device_removed.emit(context, user, device=device)
    assert "evil" not in "".join(m.body + html_of(m) for m in mail.outbox)


def test_what_an_administrator_did_names_neither_their_address_nor_browser(told):
    message = told("factors_reset", reason="x")
    for text in (message.body, html_of(message)):
        assert "203.0.113.9" not in text
        assert "Firefox" not in text


def test_names_are_escaped_in_html_and_not_in_text(device, told):
    device.name = "Tom & <b>Jerry</b>"
    message = told("device_confirmed")
    assert "Tom & <b>Jerry</b>" in message.body
    assert "Tom &amp; &lt;b&gt;Jerry&lt;/b&gt;" in html_of(message)


def test_line_breaks_in_names_break_neither_subject_nor_text(device, settings, told):
    settings.DJANGO_MFA = {"SITE_NAME": "My\r\nBcc: eve@example.com"}
    device.name = "Phone\r\n\r\nWhen: never"
    message = told("device_confirmed")
    assert message.subject.startswith("My Bcc: eve@example.com: ")
    assert "\nWhen: never" not in message.body
    message.message()  # header injection raises here


def test_a_lock_is_told_with_its_end(told):
    message = told("account_locked", until="2026-11-20T12:30:00+00:00")
    assert "Nov. 20, 2026, 12:30 p.m. UTC" in message.body
    assert "recovery codes still work, if you have some" in message.body


def test_a_lock_of_one_kind_is_told_with_its_end(told):
    message = told("device_locked", until="2026-11-20T12:30:00+00:00")
    for text in (message.body, html_of(message)):
        assert "for your account: Authenticator app." in text
        assert "until Nov. 20, 2026, 12:30 p.m. UTC" in text.replace("\n", " ")


def test_a_used_recovery_code_is_told_with_the_codes_left(told):
    assert "You have 7 codes left." in told("recovery_code_used", left=7).body
    assert "Make new ones soon" not in mail.outbox[-1].body
    assert "You have 1 code left. Make new ones soon" in (
        told("recovery_code_used", left=1).body
    )


def test_notices_can_be_switched_off(settings, told):
    settings.DJANGO_MFA = {"NOTICES": {"ENABLED": False}}
    assert told("device_removed") is None


def test_the_sender_can_be_named(settings, told):
    settings.DJANGO_MFA = {"NOTICES": {"FROM_EMAIL": "mfa@bank.example"}}
    message = told("device_removed")
    assert message.from_email == "mfa@bank.example"
    assert message.subject.startswith("bank.example: ")


def test_a_person_without_an_address_is_not_mailed(device, told):
    setattr(device.user, get_user_model().get_email_field_name(), "")
    assert told("device_removed") is None


def test_the_mail_waits_for_the_commit(device, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks() as callbacks:
        signals.device_removed.emit(Context(), device.user, device=device)
    assert callbacks
    assert not mail.outbox


def test_a_mail_is_in_the_language_of_the_request(
    device, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True), override("de"):
        signals.account_locked.emit(
            Context(), device.user, device=device, until="2026-11-20T12:30:00+00:00"
        )
    assert '<html lang="de"' in html_of(mail.outbox[0])
    assert "20. November 2026 12:30 UTC" in mail.outbox[0].body


def test_a_dead_mail_server_breaks_nothing_and_leaks_no_address(
    monkeypatch, told, caplog
):
    def refuse(message):
        raise ConnectionRefusedError(f"no route for {message.to}")

    monkeypatch.setattr(mail.EmailMultiAlternatives, "send", refuse)
    with caplog.at_level(logging.ERROR):
        assert told("device_removed") is None
    assert "ConnectionRefusedError" in caplog.text
    assert "alice@" not in caplog.text


def test_a_mail_server_that_hangs_is_waited_for_once_and_left(
    user, settings, monkeypatch, caplog, django_capture_on_commit_callbacks
):
    settings.DJANGO_MFA = {"SENT_CODES": {"EMAIL_TIMEOUT": 1}}
    device = add_email(user, "second@example.com")
    over, begun = Event(), []

    def hang(message):
        begun.append(message.to)
        over.wait(30)

    monkeypatch.setattr(mail.EmailMultiAlternatives, "send", hang)
    with (
        caplog.at_level(logging.ERROR),
        django_capture_on_commit_callbacks(execute=True),
    ):
        signals.device_confirmed.emit(Context(), user, device=device)
    assert not over.is_set()
    over.set()
    assert begun == [[user.email]]
    assert "was not sent: TimeoutError" in caplog.text


def test_an_event_without_a_user_is_nobody_s_mail(told):
    signals.key_trouble.emit(Context(), None)
    signals.device_removed.emit(Context(), None)
    assert not mail.outbox


# By the flows


@pytest.fixture
def owner(user):
    """Alice, signed in with her app a moment ago."""
    secret = add_totp(user)
    user.refresh_from_db()
    context = session_context(user=user)
    session = context.require_session()
    backend = "django_mfa.auth.MFAModelBackend"
    proof = Proof("totp", "x", int(clock.timestamp()), "aal2", ("otp",))
    session.sign_in(user, backend, proof)
    return session_context(session.store, user), secret


def subjects():
    return [message.subject.removeprefix("Example Bank: ") for message in mail.outbox]


def test_E07_every_change_of_factors_is_mailed(
    owner, django_capture_on_commit_callbacks
):
    context, _ = owner
    with django_capture_on_commit_callbacks(execute=True):
        setup = enrol.begin(context, "totp")
        code = totp_code(setup.device.secret)
        added = enrol.confirm(context, "totp", code, name="Tablet")
        manage.rename(context, added.device.public_id, "Old tablet")
        manage.regenerate_codes(context)
        manage.remove(context, added.device.public_id)
    assert subjects() == [
        "A second step was added to your account",
        "A second step of your account was renamed",
        "Your account has new recovery codes",
        "A second step was removed from your account",
    ]
    assert "Before: Tablet. Now: Old tablet." in mail.outbox[1].body


def test_E07_switching_off_is_mailed_and_a_refusal_is_not(
    owner, settings, django_capture_on_commit_callbacks
):
    context, _ = owner
    with django_capture_on_commit_callbacks(execute=True):
        settings.DJANGO_MFA = {"POLICIES": [{"who": "everyone"}]}
        with pytest.raises(FactorRequired):
            manage.disable(context)
        assert not mail.outbox
        settings.DJANGO_MFA = {"SITE_NAME": "Example Bank", "POLICIES": []}
        manage.disable(context)
    assert subjects() == ["Your account has no second step any more"]


def test_E07_a_reset_by_the_shell_is_mailed_without_its_reason(
    user, django_capture_on_commit_callbacks
):
    add_totp(user)
    with django_capture_on_commit_callbacks(execute=True):
        reset.reset(Context(), user, "phone call 4711")
    assert subjects() == ["An administrator removed your second steps"]
    assert "4711" not in mail.outbox[0].body


def test_L02_no_mail_holds_a_secret(owner, user, django_capture_on_commit_callbacks):
    context, secret = owner
    with django_capture_on_commit_callbacks(execute=True):
        setup = enrol.begin(context, "totp")
        other = setup.device.secret
        code = totp_code(other)
        enrol.confirm(context, "totp", code, name="Tablet")
        codes = [*manage.regenerate_codes(context), *add_recovery_codes(user)]
        signals.recovery_code_used.emit(context, user, left=1)
    sent = "".join(f"{m.subject} {m.body} {html_of(m)}" for m in mail.outbox)
    assert len(mail.outbox) == 3
    for value in [secret, other, code, *codes]:
        assert value not in sent
