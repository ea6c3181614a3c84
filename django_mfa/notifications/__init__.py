"""Mails and texts that tell people what happened; loaded when something did."""

from __future__ import annotations

from django_mfa.extras import later
from django_mfa.signals import EVENTS

from .subjects import SUBJECTS

tell = later("django_mfa.notifications.receivers.tell")
tell_of_failure = later("django_mfa.notifications.receivers.tell_of_failure")
tell_of_pause = later("django_mfa.notifications.alarms.tell_of_pause")
tell_of_refusal = later("django_mfa.notifications.alarms.tell_of_refusal")


def connect() -> None:
    """Listen to the signals that people and administrators are told of."""
    listeners = dict.fromkeys(SUBJECTS, tell) | {
        "challenge_failed": tell_of_failure,
        "sends_paused": tell_of_pause,
        "send_refused": tell_of_refusal,
    }
    for name, listener in listeners.items():
        EVENTS[name].connect(listener, dispatch_uid=f"django_mfa.notifications.{name}")
