from __future__ import annotations

import json

import pytest
from django.contrib.auth import get_user_model

from django_mfa import signals
from django_mfa.factors.totp.models import TOTPDevice
from django_mfa.session import Context
from django_mfa.testing import add_totp


@pytest.fixture
def heard():
    """What a receiver of every signal is told."""
    told: list[dict] = []

    def note(**kwargs):
        told.append(kwargs)

    for event in signals.EVENTS.values():
        event.connect(note, weak=False)
    yield told
    for event in signals.EVENTS.values():
        event.disconnect(note)


def test_events_are_known_by_the_names_they_are_kept_under():
    assert all(name == event.name for name, event in signals.EVENTS.items())
    assert all(getattr(signals, name) is each for name, each in signals.EVENTS.items())


def test_a_signal_says_whom_it_concerns_and_by_which_device(user, heard):
    add_totp(user, name="Phone")
    device = TOTPDevice.objects.get()
    context = Context(actor=user)
    signals.device_renamed.emit(context, user, device=device, reason="r", before="Old")
    assert heard == [
        {
            "signal": signals.device_renamed,
            "sender": get_user_model(),
            "event": "device_renamed",
            "user": user,
            "context": context,
            "factor": "totp",
            "device": str(device.public_id),
            "device_name": "Phone",
            "reason": "r",
            "details": {"before": "Old"},
            "gone": (),
        }
    ]


def test_a_signal_without_device_has_empty_places(user, heard):
    signals.mfa_disabled.emit(Context(), user)
    (told,) = heard
    assert (told["factor"], told["device"], told["device_name"]) == ("", "", "")


def test_a_factor_may_be_named_where_there_is_no_device(db, heard):
    signals.challenge_failed.emit(Context(), None, factor="passkey")
    assert heard[0]["factor"] == "passkey"
    assert heard[0]["user"] is None


def test_details_are_plain_json(user, heard):
    signals.account_locked.emit(Context(), user, until="2026-01-01T00:00:00+00:00")
    assert json.loads(json.dumps(heard[0]["details"])) == heard[0]["details"]


def test_an_error_in_a_receiver_reaches_the_sender(user):
    def refuse(**kwargs):
        raise RuntimeError("no")

    signals.mfa_disabled.connect(refuse)
    try:
        with pytest.raises(RuntimeError, match="no"):
            signals.mfa_disabled.emit(Context(), user)
    finally:
        signals.mfa_disabled.disconnect(refuse)
