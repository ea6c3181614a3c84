from __future__ import annotations

import pytest

from django_mfa.testing import add_recovery_codes, add_totp, freeze

NOON = 1_700_000_010  # in the middle of a step of 30 seconds


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
def written(user):
    """The recovery codes of `user`."""
    return add_recovery_codes(user)
