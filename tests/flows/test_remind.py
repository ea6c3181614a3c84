from __future__ import annotations

from datetime import timedelta

import pytest
from django.core import mail
from django.core.management import call_command

from django_mfa import clock as clocks
from django_mfa.accounts.models import MFAAccount
from django_mfa.flows import remind
from django_mfa.policy import engine
from django_mfa.policy.models import Exemption, Policy
from django_mfa.session import Context
from django_mfa.testing import FakeAuthenticator, add_passkey, add_totp, freeze
from tests.browser import Browser
from tests.stories import fresh

DAY = 86400


@pytest.fixture
def moving(settings):
    settings.DJANGO_MFA = {
        **settings.DJANGO_MFA,
        "POLICIES": [{"who": "everyone", "grace_days": 7}],
    }
    with freeze(1_800_000_001) as clock:
        yield clock


def run(capsys, *args):
    call_command("mfa_send_reminders", *args)
    return capsys.readouterr().out


def test_people_are_reminded_three_days_before_and_one(
    user, moving, capsys, django_capture_on_commit_callbacks
):
    engine.deadline(fresh(user))
    sent = []
    for _day in range(8):
        with django_capture_on_commit_callbacks(execute=True):
            run(capsys)
            run(capsys)
        sent.append(len(mail.outbox))
        moving.tick(DAY)
    assert sent == [0, 0, 0, 0, 1, 1, 2, 2]
    assert mail.outbox[0].to == [user.email]


def test_who_has_a_factor_that_is_too_weak_is_reminded_too(
    user, moving, settings, capsys, django_capture_on_commit_callbacks
):
    secret = add_totp(user)
    Policy.objects.create(
        name="Keys", who="everyone", grace_days=7, phishing_resistant=True
    )
    browser = Browser().enter(user, secret)
    moving.tick(3 * DAY)
    assert "0 people" in run(capsys)
    moving.tick(DAY)
    with django_capture_on_commit_callbacks(execute=True):
        assert "1 person reminded" in run(capsys)
    (sent,) = mail.outbox
    assert "You need a passkey because of policy Keys." in sent.body
    assert "You need a passkey because of policy Keys." in sent.alternatives[0][0]
    moving.tick(2 * DAY)
    add_passkey(user, FakeAuthenticator("testserver", "https://testserver"))
    assert "0 people" in run(capsys)
    assert browser


def test_who_may_not_sign_in_any_more_is_left_alone(user, moving, capsys):
    engine.deadline(fresh(user))
    type(user)._default_manager.filter(pk=user.pk).update(is_active=False)
    moving.tick(5 * DAY)
    assert "0 people" in run(capsys)


def test_a_dry_run_sends_nothing(user, moving, capsys):
    engine.deadline(fresh(user))
    moving.tick(5 * DAY)
    assert "1 person would be reminded" in run(capsys, "--dry-run")
    assert "1 person reminded" in run(capsys)
    assert "0 people" in run(capsys)


def test_who_has_a_factor_or_an_exemption_is_left_alone(make_user, moving, capsys):
    alice, bob = make_user("alice"), make_user("bob")
    for each in (alice, bob):
        engine.deadline(fresh(each))
    add_totp(alice)
    until = clocks.now() + timedelta(days=30)
    Exemption.objects.create(user=bob, reason="on leave", expires=until)
    moving.tick(5 * DAY)
    assert "0 people" in run(capsys)


def test_the_deadline_is_said_by_banner_and_header(client, user, moving):
    client.force_login(user)
    page = client.get("/profile/")
    assert b"second step" in page.content
    page = client.get("/mfa/step-up/", headers={"accept": "application/json"})
    assert page.status_code == 200


def test_of_two_runs_at_once_one_reminds(
    user, moving, django_capture_on_commit_callbacks
):
    engine.deadline(fresh(user))
    moving.tick(5 * DAY)
    found = list(remind.due(clocks.now()))
    with django_capture_on_commit_callbacks(execute=True):
        told = [remind.remind(Context(), person, until) for person, until in found * 2]
    assert told == [True, False]
    assert len(mail.outbox) == 1


def test_who_was_reminded_by_another_process_meanwhile_is_not_counted(
    user, moving, capsys, monkeypatch
):
    engine.deadline(fresh(user))
    moving.tick(5 * DAY)
    found = list(remind.due(clocks.now()))
    monkeypatch.setattr(remind, "due", lambda now: found * 2)
    assert "1 person reminded" in run(capsys)


def test_a_policy_may_remind_on_days_of_its_own(user, settings, moving, capsys):
    settings.DJANGO_MFA = {
        **settings.DJANGO_MFA,
        "POLICIES": [{"who": "everyone", "grace_days": 7, "reminder_days": [6]}],
    }
    engine.deadline(fresh(user))
    assert "0 people" in run(capsys)
    moving.tick(DAY)
    assert "1 person reminded" in run(capsys)
    moving.tick(5 * DAY)
    assert "0 people" in run(capsys)


def test_who_is_not_bound_any_more_is_left_alone(user, settings, moving, capsys):
    engine.deadline(fresh(user))
    settings.DJANGO_MFA = {**settings.DJANGO_MFA, "POLICIES": []}
    moving.tick(5 * DAY)
    assert "0 people" in run(capsys)


def test_whom_an_administrator_wants_to_have_one_now_is_promised_no_later_day(
    user, moving, capsys
):
    engine.deadline(fresh(user))
    moving.tick(4 * DAY)
    MFAAccount.objects.filter(user=user).update(required=True)
    assert "0 people" in run(capsys)
