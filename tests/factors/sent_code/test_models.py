from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import transaction

from django_mfa import clock
from django_mfa.accounts.models import MFAAccount
from django_mfa.challenges.models import Challenge
from django_mfa.errors import KeyTrouble, SendTooSoon
from django_mfa.factors.email.factor import EmailFactor
from django_mfa.factors.email.models import EmailDevice
from django_mfa.factors.sent_code.factor import SentCodeFactor
from django_mfa.testing import add_email, freeze

ADDRESS = "somebody@example.com"


@pytest.fixture
def device(user):
    return add_email(user, ADDRESS)


def test_a_destination_is_sealed_and_found_by_its_digest(device):
    stored = repr(list(EmailDevice.objects.values()))
    assert ADDRESS not in stored
    assert EmailDevice.objects.get(EmailDevice.at(ADDRESS)).destination == ADDRESS
    assert not EmailDevice.objects.filter(EmailDevice.at("x@example.com")).exists()


def test_a_destination_copied_to_another_row_does_not_open(device, make_user):
    other = add_email(make_user("bob"), "bob@example.com")
    EmailDevice.objects.filter(pk=other.pk).update(
        sealed_destination=device.sealed_destination
    )
    other.refresh_from_db()
    with pytest.raises(KeyTrouble):
        _ = other.destination


def test_a_wait_begins_once_and_can_be_given_back(device):
    with freeze(1_800_000_001) as stopped:
        device.begin_wait()
        with pytest.raises(SendTooSoon) as caught:
            EmailDevice.objects.get().begin_wait()
        assert caught.value.retry_after == 60
        device.end_wait(clock.now() - timedelta(seconds=1))
        with pytest.raises(SendTooSoon):
            EmailDevice.objects.get().begin_wait()
        device.end_wait(clock.now())
        device.begin_wait()
        stopped.tick(60)
        assert device.next_send is None
        device.begin_wait()


def test_a_guess_that_came_after_the_lock_uses_no_try(device):
    device.asked = Challenge.objects.create(
        digest="d", factor="email", purpose="login", binding="b", expires=clock.now()
    )
    _ = device.user.mfa_account
    MFAAccount.objects.update(locked_until=clock.now() + timedelta(hours=1))
    with transaction.atomic():
        assert not device.charge().judged
    assert Challenge.objects.get().tries == 0


def test_what_a_factor_that_sends_codes_must_say_is_asked_for():
    bare = SentCodeFactor()
    for ask in (
        lambda: bare.lifetime,
        lambda: bare.read("x"),
        bare.new_name,
        bare.registered_already,
        lambda: bare.sending(None, "login"),
        lambda: bare.transmit(None, Challenge(), None),
        lambda: bare.tell("x"),
    ):
        with pytest.raises(NotImplementedError):
            ask()
    assert bare.suggestion(None) == ""
    assert bare.judged_elsewhere(Challenge(), "1") is None
    assert EmailFactor().registered_already()
