from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from django_mfa import clock
from django_mfa.challenges.models import Challenge
from django_mfa.factors.passkey.models import Passkey
from django_mfa.testing import add_passkey
from django_mfa.updates import compare_and_set

pytestmark = pytest.mark.django_db


@pytest.fixture
def challenge(user):
    return Challenge.objects.create(
        digest="d", user=user, factor="f", purpose="p", expires=clock.now()
    )


def held(challenge, **where):
    now = clock.now()
    done = compare_and_set(Challenge, {"digest": "d", **where}, {"taken": now})
    challenge.refresh_from_db()
    assert challenge.taken == (now if done else None)
    return done


def test_what_holds_is_set_in_one_query(challenge):
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert compare_and_set(Challenge, {"digest": "d"}, {"state": {"a": 1}}) == 1
    assert len(queries) == 1
    challenge.refresh_from_db()
    assert challenge.state == {"a": 1}


@pytest.mark.parametrize("name", ["factor", "purpose", "binding"])
def test_what_differs_in_one_column_is_left_alone(challenge, name):
    assert held(challenge, **{name: "other"}) == 0


def test_none_is_null_and_nothing_else(challenge, user):
    assert held(challenge, user_id=None) == 0
    assert held(challenge, device=None, user_id=user.pk) == 1
    assert compare_and_set(Challenge, {"taken": None}, {"factor": "g"}) == 0


def test_none_is_set_as_null(challenge):
    assert held(challenge) == 1
    assert compare_and_set(Challenge, {"digest": "d"}, {"taken": None}) == 1
    challenge.refresh_from_db()
    assert challenge.taken is None


def test_less_and_more_leave_out_what_is_equal(challenge):
    second = timedelta(seconds=1)
    at = challenge.expires
    assert held(challenge, expires__gt=at) == held(challenge, expires__lt=at) == 0
    assert held(challenge, expires__gt=at - second, expires__lt=at + second) == 1


def test_a_column_grows_by_one_in_the_rows_that_fit(user, make_user):
    first, second = add_passkey(user), add_passkey(make_user("bob"))
    assert compare_and_set(Passkey, {"id": first.pk}, {}, add_one=("uses",)) == 1
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.uses, second.uses) == (1, 0)


def test_a_sign_that_is_not_known_is_an_error():
    with pytest.raises(KeyError):
        compare_and_set(Passkey, {"id__in": [1]}, {"failures": 0})
