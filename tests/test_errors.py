from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.utils import translation

from django_mfa import errors
from django_mfa.errors import MFAError, TooManyAttempts
from django_mfa.testing import freeze


def every(kind: type[MFAError]) -> list[type[MFAError]]:
    below = [each for child in kind.__subclasses__() for each in every(child)]
    return [kind, *below]


# Words that clients know by heart, and what a person is told beside them.
BY_HEART = {
    "AlreadyEnabled": "MFA is already enabled",
    "InvalidCode": "Invalid verification code",
    "NotEnabled": "MFA not enabled",
    "SetupExpired": "Setup session expired",
}


@pytest.mark.parametrize(("name", "words"), BY_HEART.items())
def test_words_that_clients_know_stay_and_the_rest_is_a_hint(name, words):
    error = getattr(errors, name)()
    assert error.message == words
    assert str(error) == f"{words}. {error.hint}"
    assert str(error).endswith(".")


def test_an_error_with_words_of_its_own_has_no_hint_of_another():
    assert errors.InvalidResponse().hint == ""
    assert str(errors.InvalidCode("Not this one.")) == "Not this one."


OURS = [each for each in every(MFAError) if each.__name__ in errors.__all__]

# Promises to clients: to be added to, never to be changed.
CODES = {
    "AppPasswordNotAccepted": ("app_password_not_accepted", 403),
    "AppPasswordNotFound": ("app_password_not_found", 404),
    "AppPasswordRefused": ("invalid_app_password", 401),
    "CannotBeShown": ("cannot_be_shown", 400),
    "DeviceNotFound": ("not_found", 404),
    "EnrolmentRequired": ("mfa_enrolment_required", 403),
    "FactorNotAvailable": ("factor_not_available", 404),
    "FactorRequired": ("factor_required", 409),
    "InvalidCode": ("invalid_code", 400),
    "KeyTrouble": ("key_trouble", 503),
    "LoginExpired": ("login_expired", 401),
    "MFAError": ("mfa_error", 400),
    "MFARequired": ("mfa_required", 403),
    "MalformedCode": ("malformed_code", 400),
    "NotOffered": ("not_offered", 404),
    "NotPermitted": ("not_permitted", 403),
    "ReasonRequired": ("reason_required", 400),
    "ScopeRequired": ("insufficient_scope", 403),
    "SetupExpired": ("setup_expired", 400),
    "StepUpRequired": ("step_up_required", 403),
    "TooManyAppPasswords": ("too_many_app_passwords", 409),
    "TooManyAttempts": ("too_many_attempts", 429),
    "TooManyDevices": ("too_many_devices", 409),
    "UnknownScope": ("unknown_scope", 400),
    "Unavailable": ("temporarily_unavailable", 503),
}


def test_codes_and_statuses_are_what_clients_were_promised():
    found = {each.__name__: (each.code, each.status) for each in OURS}
    assert {name: found[name] for name in CODES} == CODES


def test_no_two_errors_have_the_same_code():
    assert len({each.code for each in OURS}) == len(OURS)


@pytest.mark.parametrize("kind", OURS, ids=lambda kind: kind.__name__)
def test_every_error_says_something_to_a_person(kind):
    text = str(kind())
    assert text.endswith(".")
    assert kind.code not in text


def test_an_error_carries_details_and_may_say_it_in_other_words():
    error = MFAError("No luck.", why="because")
    assert str(error) == "No luck."
    assert error.details == {"why": "because"}
    assert error.args == ("mfa_error",)


def test_a_message_is_translated_when_it_is_read():
    error = MFAError()
    with translation.override(None):
        assert str(error) == "That did not work. Please try again."


def test_the_wait_is_counted_from_now_in_whole_seconds():
    with freeze(1000) as clock:
        error = TooManyAttempts(retry_at=datetime.fromtimestamp(1030.2, tz=UTC))
        assert error.retry_after == 31
        clock.tick(30)
        assert error.retry_after == 1


def test_the_wait_is_never_less_than_a_second():
    with freeze(1000):
        error = TooManyAttempts(retry_at=datetime.fromtimestamp(900, tz=UTC))
        assert error.retry_after == 1


def test_an_unknown_wait_is_a_minute():
    assert TooManyAttempts().retry_after == 60
