from __future__ import annotations

import pytest
from django.core.management import call_command

from django_mfa.audit import changes
from django_mfa.audit.models import AuditEvent

AGENT = "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"
EVENTS = ("device_confirmed", "factors_reset")


def note(user, event="device_confirmed", actor=None):
    seen = {"address": "192.0.2.7", "user_agent": AGENT}
    return AuditEvent.objects.create(
        event=event, user=user, actor=actor, device_name="Phone", **seen
    )


def test_changes_of_ones_own_are_told_the_newest_first(user, make_user):
    note(user)
    note(user, "factors_reset")
    note(user, "challenge_passed")
    note(make_user("bob"))
    found = changes.recent(user, EVENTS)
    assert [each.event for each in found] == ["factors_reset", "device_confirmed"]
    assert found[0].device_name == "Phone"


def test_no_more_than_the_latest_are_told(user):
    for _each in range(changes.SHOWN + 1):
        note(user)
    assert len(changes.recent(user, EVENTS)) == changes.SHOWN


@pytest.mark.parametrize("by", ["nobody", "self"])
def test_what_a_person_did_is_told_with_its_place(user, by):
    note(user, actor=user if by == "self" else None)
    (found,) = changes.recent(user, EVENTS)
    assert (found.address, found.browser) == ("192.0.2.7", "Firefox on Linux")


def test_where_somebody_else_sits_is_not_told(user, make_user):
    row = note(user, "factors_reset", actor=make_user("admin"))
    (found,) = changes.recent(user, EVENTS)
    assert (found.address, found.browser) == ("", "")
    assert (row.seen_address, row.seen_agent) == (None, "")


def test_as_whom_somebody_works_in_a_shell_is_not_told(user):
    call_command("mfa_unlock", user.get_username(), reason="Asked for it")
    row = AuditEvent.objects.get(event="account_unlocked")
    assert row.user_agent.startswith("shell: ")
    assert (row.seen_address, row.seen_agent) == (None, "")


def test_a_browser_that_calls_itself_a_shell_hides_no_address(user):
    row = note(user)
    row.user_agent = "shell: nothing"
    assert (row.seen_address, row.seen_agent) == ("192.0.2.7", "shell: nothing")
