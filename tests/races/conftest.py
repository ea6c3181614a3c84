from __future__ import annotations

import pytest

from django_mfa.testing import add_recovery_codes, add_totp, freeze


@pytest.fixture
def clock():
    with freeze(1_800_000_001) as stopped:
        yield stopped


@pytest.fixture
def alice(transactional_db, make_user, clock):
    """A user with an authenticator app (`secret`) and recovery codes (`codes`)."""
    user = make_user("alice")
    user.secret = add_totp(user)
    user.codes = add_recovery_codes(user)
    return user
