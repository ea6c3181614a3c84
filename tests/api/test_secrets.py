from __future__ import annotations

import logging
from unittest import mock

from django.views.debug import ExceptionReporter

from django_mfa.audit.models import AuditEvent
from django_mfa.challenges.models import Challenge
from django_mfa.clients.models import ClientSession
from django_mfa.testing import totp_code
from tests.programs import Program

PASSWORD = "unmistakable-password"


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


def test_L02_an_error_report_holds_no_password(user, db):
    """What breaks below the door is reported; what was sent to it is not."""
    program = Program("token")
    seen = []

    def report(sender, request, **kwargs):
        import sys

        reporter = ExceptionReporter(request, *sys.exc_info())
        seen.append(reporter.get_traceback_text() + reporter.get_traceback_html())

    from django.core.signals import got_request_exception

    got_request_exception.connect(report)
    program.client.raise_request_exception = False
    try:
        with mock.patch(
            "django_mfa.flows.login.authenticate", side_effect=ZeroDivisionError
        ):
            response = program.login(user, PASSWORD)
    finally:
        got_request_exception.disconnect(report)
    assert response.status_code == 500
    (text,) = seen
    assert "ZeroDivisionError" in text
    assert PASSWORD not in text
