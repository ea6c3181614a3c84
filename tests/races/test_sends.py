from __future__ import annotations

import pytest

from django_mfa.errors import SendRefused
from django_mfa.limits import sends
from django_mfa.limits.models import SendCounter, SendRecord
from django_mfa.limits.sends import Sending
from django_mfa.session import Context

from .crowd import all_at_once

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]

MANY = 20
FREE = {
    f"{scope}_{window}": 0
    for scope in ("NUMBER", "USER", "ADDRESS", "PREFIX", "SITE")
    for window in ("HOUR", "DAY", "MONTH")
}


def reserve(user, number):
    sending = Sending(
        "sms", number, user, country="DE", kind="mobile", prefix=number[:-4]
    )
    return sends.reserve(Context(address="192.0.2.1"), sending)


def outcome(results):
    for result in results:
        if isinstance(result, Exception) and not isinstance(result, SendRefused):
            raise result
    return [result for result in results if not isinstance(result, Exception)]


@pytest.mark.parametrize("scope", ["NUMBER", "USER", "ADDRESS", "PREFIX", "SITE"])
def test_M02_of_twenty_sends_at_once_no_more_pass_than_the_budget_holds(
    alice, settings, scope
):
    settings.DJANGO_MFA = {"SENDS": {**FREE, f"{scope}_HOUR": 5}}
    jobs = [lambda: reserve(alice, "+4915112345678")] * MANY
    passed = outcome(all_at_once(jobs))
    assert len(passed) == 5
    assert SendRecord.objects.count() == 5
    assert max(SendCounter.objects.values_list("in_hour", flat=True)) == 5


def test_M02_sends_to_many_numbers_at_once_share_the_budget_of_the_site(
    alice, make_user, settings
):
    settings.DJANGO_MFA = {"SENDS": {**FREE, "SITE_DAY": 7}}
    people = [make_user(f"user{n}") for n in range(MANY)]
    jobs = [
        lambda user=user, n=n: reserve(user, f"+49151{n:02}345678")
        for n, user in enumerate(people)
    ]
    assert len(outcome(all_at_once(jobs))) == 7


def test_what_is_given_back_at_once_is_given_back_once(alice, settings):
    settings.DJANGO_MFA = {"SENDS": {**FREE, "NUMBER_HOUR": 2}}
    name = reserve(alice, "+4915112345678")
    reserve(alice, "+4915112345678")
    jobs = [lambda: sends.give_back(name, why="send_unavailable")] * MANY
    outcome(all_at_once(jobs))
    jobs = [lambda: reserve(alice, "+4915112345678")] * MANY
    assert len(outcome(all_at_once(jobs))) == 1
