from __future__ import annotations

from django_mfa.factors.sent_code.factor import Destination
from django_mfa.factors.sent_code.models import Answer
from django_mfa.factors.sms.texts import Text


def test_no_error_report_shows_a_destination_or_a_code():
    assert "+44" not in repr(Destination("+447700900123", "…23"))
    assert "273645" not in repr(Answer("273645"))
    assert "+44" not in repr(Text("added", ["+447700900123"], "273645"))
    assert "273645" not in repr(Text("added", ["+447700900123"], "273645"))
