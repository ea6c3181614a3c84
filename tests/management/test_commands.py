from __future__ import annotations

from io import StringIO

import pytest
from django.core import mail
from django.core.management import CommandError, call_command

from django_mfa import clock
from django_mfa.accounts.models import MFAAccount
from django_mfa.audit.models import AuditEvent
from django_mfa.factors.totp.models import TOTPDevice
from django_mfa.testing import add_recovery_codes, add_totp


def run(*words, **options):
    out = StringIO()
    call_command(*words, stdout=out, **options)
    return out.getvalue()


def test_a_reset_by_the_shell_is_logged_as_such_and_mailed(
    user, django_capture_on_commit_callbacks
):
    add_totp(user)
    name = user.get_username()
    with django_capture_on_commit_callbacks(execute=True):
        out = run("mfa_reset", name, "--reason", "Lost the phone")
    assert out == f"The second factors of {name} were removed.\n"
    assert not TOTPDevice.objects.exists()
    event = AuditEvent.objects.get(event="factors_reset")
    assert (event.user_id, event.actor_id) == (user.pk, None)
    assert event.reason == "Lost the phone"
    assert event.user_agent.startswith("shell: mfa_reset, as ")
    assert [message.to for message in mail.outbox] == [["alice@example.com"]]


def test_a_reset_wants_a_reason(user):
    add_totp(user)
    for words in (["--reason", " "], []):
        with pytest.raises(CommandError):
            run("mfa_reset", user.get_username(), *words)
    assert TOTPDevice.objects.exists()


@pytest.mark.parametrize(
    "words", [["mfa_reset", "nobody", "--reason", "x"], ["mfa_status", "nobody"]]
)
def test_nobody_is_said_by_name(db, words):
    with pytest.raises(CommandError, match="There is no user 'nobody'"):
        run(*words)


def test_the_shell_works_where_the_system_account_has_no_name(user, monkeypatch):
    def nameless():
        raise KeyError("uid")

    monkeypatch.setattr("getpass.getuser", nameless)
    run("mfa_reset", user.get_username(), "--reason", "x")
    assert AuditEvent.objects.get(event="factors_reset").user_agent.endswith("as ?")


def test_the_status_of_a_user_tells_devices_and_locks_and_no_secret(staff):
    secret, codes = add_totp(staff, "Work phone"), add_recovery_codes(staff)
    until = clock.now().replace(year=2199)
    MFAAccount.objects.filter(user=staff).update(locked_until=until)
    out = run("mfa_status", staff.get_username())
    assert "must have a second factor: yes (staff)" in out
    assert "codes refused until: 2199-" in out
    assert "totp: 'Work phone', last used -" in out
    assert not [each for each in [secret, *codes] if each in out]


def test_the_status_of_a_user_without_a_factor_is_short(user):
    out = run("mfa_status", user.get_username())
    assert "must have a second factor: no\n" in out
    assert "totp" not in out


def test_the_status_of_the_site_counts(user, staff):
    for person in (user, staff):
        add_totp(person)
    add_totp(user, "Old phone", disabled_at=clock.now())
    out = run("mfa_status")
    assert "users: 2\n" in out
    assert "totp: 2 users, 1 disabled\n" in out
    assert "recovery_code: 0 users, 0 disabled\n" in out


def test_a_factor_is_demanded_by_the_shell_and_no_more(
    user, django_capture_on_commit_callbacks
):
    name = user.get_username()
    with django_capture_on_commit_callbacks(execute=True):
        out = run("mfa_require", name, "--reason", "Bank audit")
    assert out == f"{name} must have a second factor.\n"
    assert MFAAccount.objects.get(pk=user.pk).required
    out = run("mfa_require", name, "--reason", "Over", "--lift")
    assert out == f"{name} need not have a second factor.\n"
    assert not MFAAccount.objects.get(pk=user.pk).required
    assert AuditEvent.objects.filter(event="requirement_set").count() == 2
    assert "asks you to keep a second step" in mail.outbox[0].body


def test_a_user_is_signed_out_everywhere_by_the_shell(client, user):
    client.force_login(user)
    assert client.get("/profile/").status_code == 200
    name = user.get_username()
    out = run("mfa_sign_out", name, "--reason", "Stolen laptop")
    assert out == f"{name} is signed out everywhere.\n"
    assert client.get("/profile/").status_code == 302
    assert AuditEvent.objects.get(event="sessions_ended").reason == "Stolen laptop"


def test_a_lock_is_ended_by_the_shell(user):
    until = clock.now().replace(year=2199)
    MFAAccount.objects.create(user=user, locked_until=until)
    name = user.get_username()
    out = run("mfa_unlock", name, "--reason", "Showed a passport")
    assert out == f"The codes of {name} are judged again.\n"
    assert MFAAccount.objects.get(pk=user.pk).locked_until is None
