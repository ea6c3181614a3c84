from __future__ import annotations

import pytest

from django_mfa.challenges import service
from django_mfa.challenges.models import Challenge
from django_mfa.testing import freeze
from django_mfa.values import Asking, Purpose

pytestmark = pytest.mark.django_db

ASKED = b"challenge"


def asking(**changes):
    given = {"purpose": Purpose.PASSWORDLESS, "browser": "b", "host": "testserver"}
    return Asking(**{**given, **changes})


def issue(challenge=ASKED, lifetime=300, **changes):
    return service.issue("passkey", asking(**changes), challenge, lifetime=lifetime)


def take(challenge=ASKED, **changes):
    return service.take("passkey", asking(**changes), challenge)


def test_a_challenge_is_taken_once():
    issue()
    assert take() == ""
    assert take() == service.TAKEN


def test_a_challenge_is_kept_as_a_digest():
    row = issue()
    assert row.digest == service.digest(ASKED)
    assert "challenge" not in str(row)
    assert str(row).startswith("passkey passwordless ")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"browser": "other"}, service.OTHER_BROWSER),
        ({"purpose": Purpose.LOGIN}, service.OTHER_PURPOSE),
        ({"user_pk": 7}, service.OTHER_USER),
    ],
)
def test_what_it_was_not_asked_for_it_does_not_serve_and_is_spent(changes, reason):
    issue()
    assert take(**changes) == reason
    assert take() == service.TAKEN


def test_a_challenge_of_another_factor_is_unknown():
    issue()
    assert service.take("sms", asking(), ASKED) == service.UNKNOWN
    assert take() == ""


def test_it_is_over_when_its_time_is():
    with freeze() as clock:
        issue(lifetime=10)
        clock.tick(10)
        assert take() == service.EXPIRED


def test_an_unknown_one_spends_what_the_browser_was_asked():
    issue()
    issue(b"elsewhere", browser="other")
    assert take(b"never asked") == service.UNKNOWN
    assert take() == service.TAKEN
    assert take(b"elsewhere", browser="other") == ""


def test_an_answered_one_spends_no_other():
    issue()
    take()
    issue(b"next")
    assert take() == service.TAKEN
    assert take(b"next") == ""


def test_what_was_noted_is_read_again():
    service.issue("passkey", asking(), ASKED, lifetime=9, state={"a": 1})
    assert service.state_of(ASKED) == {"a": 1}
    assert service.state_of(b"other") == {}


def test_those_that_are_over_go():
    with freeze() as clock:
        issue(b"1", lifetime=10)
        issue(b"2", lifetime=20)
        issue(b"3", browser="other", lifetime=10)
        clock.tick(15)
        issue(b"4")
        assert Challenge.objects.count() == 3
        assert service.prune() == 1
        assert Challenge.objects.count() == 2


def test_of_those_that_are_over_the_oldest_go_first(django_assert_num_queries):
    with freeze() as clock:
        for number in range(4):
            issue(bytes([number]), lifetime=300 + number, browser=str(number))
        clock.tick(302)
        with django_assert_num_queries(2):
            assert service.prune(most=2) == 2
        left = set(Challenge.objects.values_list("digest", flat=True))
        assert left == {service.digest(bytes([number])) for number in (2, 3)}
        assert service.prune(most=2) == 1
        with django_assert_num_queries(1):
            assert service.prune(most=2) == 0


def test_of_two_equal_ones_the_newer_counts():
    issue()
    take()
    issue()
    assert take() == ""
