from __future__ import annotations

import logging
from threading import Event
from typing import Any

import django
import pytest
from django.db import transaction

from django_mfa import signals
from django_mfa.limits.models import SendCounter
from django_mfa.session import Context
from django_mfa.testing import freeze

pytestmark = pytest.mark.django_db

UNTIL = "2026-03-10T13:30:00+00:00"


def pause(**details: Any) -> None:
    told = {"place": "LV", "sent": 30, "answered": 1, "until": UNTIL, **details}
    signals.sends_paused.emit(Context(), None, factor="sms", **told)


@pytest.fixture(autouse=True)
def _admins(settings):
    # Plain addresses from Django 6.0 on.
    root = "root@example.com"
    settings.ADMINS = [root if django.VERSION >= (6, 0) else ("Root", root)]


def test_administrators_are_told_of_a_pause(
    mailoutbox, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        pause()
    [mail] = mailoutbox
    assert mail.to == ["root@example.com"]
    assert "No codes are sent to LV for a while" in mail.subject
    assert "Of 30 codes that were sent to LV, 1 were used" in mail.body
    assert "March 10, 2026, 1:30 p.m. UTC" in mail.body


def test_they_are_told_in_the_language_of_the_site(
    mailoutbox, django_capture_on_commit_callbacks, settings
):
    from django.utils.translation import override

    with override("ar"), django_capture_on_commit_callbacks(execute=True):
        pause()
    assert "No codes are sent" in mailoutbox[0].subject


def refused(reason: str, user: Any = None) -> None:
    signals.send_refused.emit(Context(), user, factor="sms", reason=reason)


def test_administrators_are_told_of_refusals_once_a_day_for_each_reason(
    mailoutbox, django_capture_on_commit_callbacks
):
    with freeze(1_800_000_000) as clock:
        for _time in range(2):
            for reason in ("site_day", "country", "site_day"):
                with django_capture_on_commit_callbacks(execute=True):
                    refused(reason)
            clock.tick(86_400)
    assert [mail.subject.partition("] ")[2] for mail in mailoutbox] == [
        "A code was not sent: site_day",
        "A code was not sent: country",
    ] * 2
    assert "DJANGO_MFA['SENDS']" in mailoutbox[0].body


def test_what_a_pause_refuses_is_told_by_the_pause(
    mailoutbox, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        refused("pause")
    assert not mailoutbox


def test_without_administrators_nothing_is_counted(
    settings, mailoutbox, django_capture_on_commit_callbacks
):
    settings.ADMINS = []
    with django_capture_on_commit_callbacks(execute=True):
        refused("country")
    assert not mailoutbox
    assert not SendCounter.objects.exists()


def test_what_was_undone_is_not_told(mailoutbox, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        try:
            with transaction.atomic():
                pause()
                raise ZeroDivisionError  # noqa: TRY301  # in the place of any error
        except ZeroDivisionError:
            pass
    assert not mailoutbox


def test_a_mail_server_that_is_down_stops_nothing(
    settings, monkeypatch, django_capture_on_commit_callbacks, caplog
):
    def fails(*args):
        error = "no route to root@example.com"
        raise ConnectionError(error)

    name = "django_mfa.notifications.alarms.mail_admins"
    monkeypatch.setattr(name, fails)
    with (
        caplog.at_level(logging.ERROR),
        django_capture_on_commit_callbacks(execute=True),
    ):
        pause()
    assert "ConnectionError" in caplog.text
    assert "root@example.com" not in caplog.text


def test_a_mail_server_that_hangs_keeps_nobody_waiting(
    settings, monkeypatch, django_capture_on_commit_callbacks, caplog
):
    settings.DJANGO_MFA = {"SENT_CODES": {"EMAIL_TIMEOUT": 1}}
    over = Event()
    name = "django_mfa.notifications.alarms.mail_admins"
    monkeypatch.setattr(name, lambda *args: over.wait(30))
    with (
        caplog.at_level(logging.ERROR),
        django_capture_on_commit_callbacks(execute=True),
    ):
        pause()
    assert not over.is_set()
    over.set()
    assert "TimeoutError" in caplog.text
