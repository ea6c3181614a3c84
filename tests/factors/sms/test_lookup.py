from __future__ import annotations

import logging
from threading import Event

import pytest

from django_mfa.errors import DestinationRefused, ProviderUnavailable
from django_mfa.factors.sms import lookup
from django_mfa.factors.sms.numbers import PhoneNumber

NUMBER = PhoneNumber("+4915112345678", "DE", "mobile")
HERE = "tests.factors.sms.test_lookup"


def no_voip(number: PhoneNumber) -> str:
    return "voip" if number.kind == "voip" else ""


def fails(number: PhoneNumber) -> str:
    error = f"no answer about {number.e164}"
    raise ConnectionError(error)


@pytest.fixture
def use(settings):
    def change(hook, **sms):
        settings.DJANGO_MFA = {"SMS": {"LOOKUP": hook, "TIMEOUT": 1, **sms}}

    return change


def test_without_a_hook_every_number_is_good():
    lookup.check(NUMBER)


@pytest.mark.parametrize("hook", [no_voip, f"{HERE}.no_voip"])
def test_a_hook_refuses_by_saying_why(use, hook):
    use(hook)
    lookup.check(NUMBER)
    with pytest.raises(DestinationRefused) as caught:
        lookup.check(PhoneNumber("+4915112345678", "DE", "voip"))
    assert caught.value.details == {"why": "lookup", "lookup": "voip"}


@pytest.mark.parametrize("hook", [fails, f"{HERE}.fails", f"{HERE}.missing", "nowhere"])
def test_a_hook_that_fails_refuses_and_says_that_it_is_us(use, hook, caplog):
    use(hook)
    with (
        caplog.at_level(logging.DEBUG),
        pytest.raises(ProviderUnavailable, match="another way") as caught,
    ):
        lookup.check(NUMBER)
    assert caught.value.details["gateway"] == "lookup"
    assert "look-up of a number failed" in caplog.text
    assert NUMBER.e164 not in caplog.text
    assert caught.value.__context__ is None


def test_a_hook_that_hangs_is_not_waited_for(use):
    over = Event()
    use(lambda number: over.wait(30))
    with pytest.raises(ProviderUnavailable) as caught:
        lookup.check(NUMBER)
    over.set()
    assert caught.value.details["why"] == "TimeoutError"


def test_a_site_may_choose_to_send_all_the_same(use):
    use(fails, LOOKUP_FAILS="allow")
    lookup.check(NUMBER)
