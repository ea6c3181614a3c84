from __future__ import annotations

import logging
import sys
from unittest import mock

import pytest
from django.core.signals import got_request_exception
from django.views.debug import ExceptionReporter

from django_mfa.audit.models import AuditEvent
from django_mfa.challenges.models import Challenge
from django_mfa.clients.models import ClientSession
from django_mfa.testing import totp_code
from tests.programs import Program

PASSWORD = "unmistakable-password"
ID = "1f0e8a52-58a8-4f3c-9d5b-0d9f2f3f7c11"


def test_L02_nothing_secret_is_logged_or_kept(make_user, moving, caplog, db):
    caplog.set_level(logging.DEBUG)
    known: list[str] = [PASSWORD]
    for number, mount in enumerate(("v1/auth", "token", "app")):
        user = make_user(f"alice{number}", password=PASSWORD)
        program = Program(mount)
        program.login(user, PASSWORD)
        secret = program.post("mfa/totp/setup").json()["secret"].replace(" ", "")
        code = totp_code(secret)
        made = program.post("mfa/totp/verify", {"code": code}).json()
        moving.tick(60)
        again = Program(mount)
        again.login(user, PASSWORD)
        again.answer("mfa/verify", {"code": made["backup_codes"][0]})
        again.answer("mfa/verify", {"code": "000000"})
        shown = again.headers.get("Authorization", "").rpartition(" ")[2]
        known += [secret, *made["backup_codes"], again.token, shown, again.refresh]
    rows = [
        *Challenge.objects.values_list("digest", "binding", "state"),
        *ClientSession.objects.values_list("digest", "state"),
        *AuditEvent.objects.values_list("event", "details", "reason"),
    ]
    said = caplog.text + repr([vars(each) for each in caplog.records]) + repr(rows)
    for each in filter(None, known):
        assert each not in said


@pytest.fixture
def reported():
    """The reports of errors that nobody foresaw."""
    seen = []

    def report(sender, request, **kwargs):
        reporter = ExceptionReporter(request, *sys.exc_info())
        seen.append(reporter.get_traceback_text() + reporter.get_traceback_html())

    got_request_exception.connect(report)
    yield seen
    got_request_exception.disconnect(report)


def test_L02_an_error_report_holds_no_password(user, db, reported):
    """What breaks below the door is reported; what was sent to it is not."""
    program = Program("token")
    program.client.raise_request_exception = False
    with mock.patch(
        "django_mfa.flows.login.authenticate", side_effect=ZeroDivisionError
    ):
        assert program.login(user, PASSWORD).status_code == 500
    (text,) = reported
    assert "ZeroDivisionError" in text
    assert PASSWORD not in text


SENT = {
    "mfa_token": "unmistakable-token",
    "code": "unmistakable-code",
    "credential": {"id": "unmistakable-id"},
    "to": "unmistakable-address",
    "password": PASSWORD,
}


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("mfa/verify", "mfa_token code"),
        ("mfa/verify", "mfa_token credential"),
        ("mfa/challenge", "mfa_token"),
        ("mfa/sms/setup", "mfa_token to"),
        ("mfa/sms/send", "mfa_token"),
        ("mfa/totp/verify", "mfa_token code"),
        ("mfa/step-up", "password"),
        ("mfa/step-up", "code"),
        ("mfa/approvals", "code"),
        ("login/cancel", "mfa_token"),
        ("passkey/register/begin", "mfa_token"),
        ("passkey/register/complete", "mfa_token credential"),
        ("passkey/authenticate/begin", "mfa_token"),
        ("passkey/authenticate/complete", "mfa_token credential"),
    ],
)
def test_L02_an_error_report_holds_nothing_that_was_sent(db, reported, path, names):
    program = Program("token")
    program.client.raise_request_exception = False
    more = {"mfa/challenge": {"method": "totp"}, "mfa/approvals": {"id": ID}}
    sent = {name: SENT[name] for name in names.split()} | more.get(path, {})
    module, fault = "django_mfa.api.client", {"side_effect": ZeroDivisionError}
    with (
        mock.patch(f"{module}._agent", **fault),
        mock.patch(f"{module}.Context.of", **fault),
    ):
        assert program.post(path, sent).status_code == 500
    (text,) = reported
    assert "ZeroDivisionError" in text
    assert "unmistakable" not in text
