from __future__ import annotations

import uuid

import pytest
from asgiref.sync import async_to_sync

from django_mfa.accounts import service as accounts
from django_mfa.auth import MFAModelBackend
from tests.stories import queries

BACKEND = MFAModelBackend()


@pytest.fixture(params=["sync", "async"])
def get_user(request):
    """Both ways to read the user of a session."""
    ways = {"sync": BACKEND.get_user, "async": async_to_sync(BACKEND.aget_user)}
    return ways[request.param]


def test_user_and_account_come_in_one_query(get_user, user):
    accounts.ensure(user)
    with queries() as seen:
        found = get_user(user.pk)
        assert found == user
        assert accounts.of(found).pk == user.pk
        assert not accounts.of(found)._state.adding
    assert len(seen) == 1


def test_who_has_no_account_costs_no_second_query(get_user, user):
    with queries() as seen:
        found = get_user(user.pk)
        assert accounts.of(found)._state.adding
    assert len(seen) == 1


def test_nobody_is_nobody(get_user, user):
    gone = uuid.uuid4() if isinstance(user.pk, uuid.UUID) else user.pk + 1
    assert get_user(gone) is None


def test_who_was_switched_off_is_nobody(get_user, user):
    user.is_active = False
    user.save()
    assert get_user(user.pk) is None


def test_passwords_are_checked_as_by_django(user):
    name = {user.USERNAME_FIELD: user.get_username()}
    assert BACKEND.authenticate(None, password="pw", **name) == user
    assert BACKEND.authenticate(None, password="wrong", **name) is None
