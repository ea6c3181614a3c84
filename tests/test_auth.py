from __future__ import annotations

import uuid

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth import authenticate

from django_mfa.accounts import service as accounts
from django_mfa.app_passwords.models import AppPassword
from django_mfa.auth import AppPasswordBackend, MFAModelBackend
from django_mfa.testing import add_app_password
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


# App passwords

APP = "django_mfa.auth.AppPasswordBackend"


@pytest.fixture
def by_app_password(settings):
    """A site whose other servers take app passwords."""
    settings.AUTHENTICATION_BACKENDS = [*settings.AUTHENTICATION_BACKENDS, APP]


def try_app_password(user, secret, **changes):
    given = {"username": user.get_username(), "app_password": secret, "scope": "read"}
    return authenticate(None, **{**given, **changes})


@pytest.mark.usefixtures("by_app_password")
def test_another_server_authenticates_by_an_app_password(user, rf):
    secret = add_app_password(user)
    found = try_app_password(user, secret)
    assert (found, found.backend) == (user, APP)
    request = rf.get("/", REMOTE_ADDR="203.0.113.9")
    given = {"username": user.get_username(), "app_password": secret, "scope": "read"}
    assert authenticate(request, **given) == user
    assert AppPassword.objects.get().last_address == "203.0.113.9"


@pytest.mark.usefixtures("by_app_password")
def test_the_wrong_name_secret_or_scope_is_nobody(user):
    secret = add_app_password(user)
    assert try_app_password(user, secret[:-1]) is None
    assert try_app_password(user, secret, username="mallory") is None
    assert try_app_password(user, secret, scope="write") is None
    assert try_app_password(user, "pw") is None


@pytest.mark.usefixtures("by_app_password")
def test_what_a_client_left_out_is_nobody(user):
    assert try_app_password(user, None) is None
    assert try_app_password(user, add_app_password(user), username=None) is None


@pytest.mark.usefixtures("by_app_password")
def test_what_calls_it_a_password_gets_nobody(user):
    secret = add_app_password(user)
    assert authenticate(None, username=user.get_username(), password=secret) is None
    # Nor is it asked for less than a scope.
    given = {"username": user.get_username(), "app_password": secret}
    assert authenticate(None, **given) is None


@pytest.mark.usefixtures("by_app_password")
def test_it_knows_nobody_of_a_session(user):
    backend = AppPasswordBackend()
    assert backend.get_user(user.pk) is None
    assert not backend.user_can_authenticate(user)
    assert not backend.has_perm(user, "any.thing")
