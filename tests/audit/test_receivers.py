from __future__ import annotations

import json
import logging

import pytest

from django_mfa import signals
from django_mfa.audit.models import AuditEvent
from django_mfa.session import Context
from django_mfa.testing import add_totp, freeze, session_context
from tests.stories import queries


@pytest.fixture
def context(user):
    return Context(
        actor=user,
        session=session_context().session,
        address="192.0.2.1",
        user_agent="Firefox",
        request_id="r1",
    )


def device(user):
    add_totp(user, name="Phone")
    return user.mfa_totpdevice_set.get()


@pytest.mark.parametrize("name", signals.EVENTS)
def test_every_event_is_one_row(user, context, name):
    signals.EVENTS[name].emit(context, user, reason="why", detail=1)
    row = AuditEvent.objects.get()
    assert (row.event, row.reason, row.details) == (name, "why", {"detail": 1})


def test_a_row_says_whom_by_whom_what_and_from_where(make_user, user, context):
    bob = make_user("bob")
    found = device(bob)
    with freeze(1_000_000):
        signals.challenge_passed.emit(context, bob, device=found, purpose="login")
    row = AuditEvent.objects.get()
    assert row.at.timestamp() == 1_000_000
    assert (row.user, row.user_name) == (bob, bob.get_username())
    assert (row.actor, row.actor_name) == (user, user.get_username())
    assert (row.factor, row.device) == ("totp", str(found.public_id))
    assert (row.device_name, row.result) == ("Phone", "passed")
    assert (row.address, row.user_agent) == ("192.0.2.1", "Firefox")
    assert (row.request_id, row.details) == ("r1", {"purpose": "login"})


@pytest.mark.parametrize(
    ("event", "result"),
    [
        ("challenge_passed", "passed"),
        ("challenge_failed", "failed"),
        ("mfa_disabled", ""),
    ],
)
def test_the_result_of_a_challenge_is_said(user, context, event, result):
    signals.EVENTS[event].emit(context, user)
    assert AuditEvent.objects.get().result == result


def test_who_waits_at_the_door_acts_for_themselves(user):
    signals.challenge_failed.emit(session_context(), user)
    row = AuditEvent.objects.get()
    assert (row.user, row.actor) == (user, user)


def test_a_shell_command_is_by_nobody(user):
    signals.factors_reset.emit(Context(), user)
    row = AuditEvent.objects.get()
    assert (row.actor, row.actor_name, row.address) == (None, "", None)


def test_an_event_about_nobody_is_kept(db):
    signals.challenge_failed.emit(Context(), None)
    row = AuditEvent.objects.get()
    assert (row.user, row.user_name) == (None, "")


def test_a_long_reason_is_cut(user, context):
    signals.factors_reset.emit(context, user, reason="x" * 999)
    assert AuditEvent.objects.get().reason == "x" * 255


def test_a_row_costs_one_insert(user, context):
    with queries() as seen:
        signals.mfa_disabled.emit(context, user)
    assert [sql.split()[0] for sql in seen] == ["INSERT"]


def line(caplog) -> dict:
    (record,) = caplog.records
    found: dict = json.loads(record.getMessage())
    return found


def test_a_line_of_json_is_written_when_it_is_committed(
    user, context, caplog, django_capture_on_commit_callbacks
):
    found = device(user)
    with (
        caplog.at_level(logging.INFO, "django_mfa.audit"),
        django_capture_on_commit_callbacks(execute=True),
        freeze(0),
    ):
        signals.challenge_failed.emit(
            context, user, device=found, reason="wrong", purpose="login"
        )
        assert not caplog.records
    name = {} if "@" in user.get_username() else {"user.name": user.get_username()}
    assert line(caplog) == name | {
        "@timestamp": "1970-01-01T00:00:00+00:00",
        "event.action": "challenge_failed",
        "event.outcome": "failure",
        "event.reason": "wrong",
        "user.id": str(user.pk),
        "user.effective.id": str(user.pk),
        "source.ip": "192.0.2.1",
        "user_agent.original": "Firefox",
        "http.request.id": "r1",
        "mfa.factor": "totp",
        "mfa.device": str(found.public_id),
        "mfa.purpose": "login",
    }


@pytest.mark.parametrize(
    "name", ["alice@example.com", "+491701234567", "0170 1234567", "(0170) 12-34.567"]
)
def test_a_line_does_not_say_where_a_person_can_be_reached(
    name, user, caplog, django_capture_on_commit_callbacks, monkeypatch
):
    monkeypatch.setattr(type(user), "get_username", lambda self: name)
    with (
        caplog.at_level(logging.INFO, "django_mfa.audit"),
        django_capture_on_commit_callbacks(execute=True),
    ):
        signals.mfa_disabled.emit(Context(), user)
    assert name not in caplog.text
    assert line(caplog)["user.id"] == str(user.pk)
    assert AuditEvent.objects.get().user_name == name


def test_a_line_leaves_out_what_is_empty(
    user, caplog, django_capture_on_commit_callbacks
):
    with (
        caplog.at_level(logging.INFO, "django_mfa.audit"),
        django_capture_on_commit_callbacks(execute=True),
        freeze(0),
    ):
        signals.mfa_disabled.emit(Context(), None)
    assert line(caplog) == {
        "@timestamp": "1970-01-01T00:00:00+00:00",
        "event.action": "mfa_disabled",
    }


def test_a_line_is_one_line_whatever_a_browser_calls_itself(
    user, caplog, django_capture_on_commit_callbacks
):
    hostile = Context(user_agent='x\n{"event.action": "forged"}\x1b[2J')
    with (
        caplog.at_level(logging.INFO, "django_mfa.audit"),
        django_capture_on_commit_callbacks(execute=True),
    ):
        signals.mfa_disabled.emit(hostile, user)
    text = caplog.records[0].getMessage()
    assert text.isascii()
    assert text.isprintable()
    assert line(caplog)["event.action"] == "mfa_disabled"


@pytest.mark.django_db(transaction=True)
def test_a_log_that_fails_does_not_undo_or_stop_what_happened(
    user, context, monkeypatch, caplog
):
    def fail(row):
        raise OSError("disk full")

    monkeypatch.setattr("django_mfa.audit.receivers._write_line", fail)
    with caplog.at_level("INFO", logger="django_mfa.audit"):
        signals.mfa_disabled.emit(context, user)
    assert AuditEvent.objects.get().event == "mfa_disabled"
    assert "disk full" in caplog.text


def test_lines_can_be_switched_off(
    user, context, settings, caplog, django_capture_on_commit_callbacks
):
    settings.DJANGO_MFA = {"AUDIT": {"LOG": False}}
    with (
        caplog.at_level(logging.INFO, "django_mfa.audit"),
        django_capture_on_commit_callbacks(execute=True),
    ):
        signals.mfa_disabled.emit(context, user)
    assert not caplog.records
    assert AuditEvent.objects.count() == 1
