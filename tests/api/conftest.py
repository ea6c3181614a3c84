from __future__ import annotations

import pytest

from django_mfa.testing import add_recovery_codes, add_totp, freeze
from tests.programs import Program

NOON = 1_700_000_010


@pytest.fixture(autouse=True)
def moving():
    """The clock stands until a test moves it."""
    with freeze(NOON) as frozen:
        yield frozen


@pytest.fixture
def secret(user):
    """The secret of the app that `user` has."""
    return add_totp(user)


@pytest.fixture
def codes(user, secret):
    """The recovery codes of `user`."""
    return add_recovery_codes(user)


@pytest.fixture(params=["v1/auth", "token", "app"])
def program(request):
    """A client of each kind: of a browser's session, a lasting token, signed tokens."""
    return Program(request.param)


@pytest.fixture(params=["token", "app"])
def cookieless(request):
    """A client of each kind that has no session."""
    return Program(request.param)
