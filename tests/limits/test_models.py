from __future__ import annotations

from datetime import UTC, datetime

from django_mfa.limits.models import SendCounter, SendPause, SendRecord


def test_rows_say_what_they_are():
    at = datetime(2026, 3, 10, 12, 30, tzinfo=UTC)
    record = SendRecord(at=at, factor="sms", masked="••78")
    assert str(record) == "2026-03-10 12:30:00 sms ••78"
    assert str(SendCounter(in_hour=1, in_day=2, in_month=3)) == "1/2/3"
    assert str(SendPause(label="LV")) == "LV"
