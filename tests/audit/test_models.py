from __future__ import annotations

from datetime import UTC, datetime

import pytest

from django_mfa.audit.models import AuditEvent


def test_an_event_is_written_in_a_line(user):
    row = AuditEvent(
        at=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        event="mfa_disabled",
        user_name="alice",
    )
    assert str(row) == "2026-01-02 03:04:05 mfa_disabled alice"
    row.user_name = ""
    assert str(row) == "2026-01-02 03:04:05 mfa_disabled"


def test_an_event_is_written_once_and_never_changed(db):
    row = AuditEvent.objects.create(event="mfa_disabled")
    row.event = "nothing_happened"
    with pytest.raises(TypeError, match="append-only"):
        row.save()
    with pytest.raises(TypeError, match="append-only"):
        AuditEvent.objects.get().save(update_fields=["event"])
    assert AuditEvent.objects.get().event == "mfa_disabled"


def test_an_event_is_not_deleted(db):
    row = AuditEvent.objects.create(event="mfa_disabled")
    with pytest.raises(TypeError, match="append-only"):
        row.delete()
    assert AuditEvent.objects.exists()


@pytest.mark.parametrize(
    "change",
    [
        lambda rows: rows.update(event="nothing_happened"),
        lambda rows: rows.filter(event="mfa_disabled").update(user=None),
    ],
)
def test_many_events_are_not_changed_at_once(db, change):
    AuditEvent.objects.create(event="mfa_disabled")
    with pytest.raises(TypeError, match="append-only"):
        change(AuditEvent.objects)
    assert AuditEvent.objects.get().event == "mfa_disabled"


def test_an_event_outlives_its_user(user):
    pk = user.pk
    AuditEvent.objects.create(event="mfa_disabled", user=user, actor=user)
    user.delete()
    row = AuditEvent.objects.get()
    assert row.user_id == row.actor_id == pk


def test_the_newest_event_comes_first(db):
    for event in ("first", "second"):
        AuditEvent.objects.create(event=event)
    assert [row.event for row in AuditEvent.objects.all()] == ["second", "first"]


def test_there_is_no_permission_to_change_the_log():
    assert AuditEvent._meta.default_permissions == ("view",)
