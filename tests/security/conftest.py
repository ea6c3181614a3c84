from __future__ import annotations

import pytest

from django_mfa.factors.totp.models import TOTPDevice
from django_mfa.testing import add_recovery_codes, add_totp, freeze, totp_code
from tests.browser import Browser


class Person:
    """A user, and what they know and hold."""

    def __init__(self, user):
        self.user = user
        self.secret = add_totp(user)
        self.codes = add_recovery_codes(user)

    @property
    def totp(self):
        return TOTPDevice.objects.filter(user=self.user).order_by("pk")[0]

    @property
    def code(self):
        return totp_code(self.secret)

    def enter(self, browser=None):
        return (browser or Browser()).enter(self.user, self.secret)

    def begin(self, browser=None):
        return (browser or Browser()).begin(self.user)


@pytest.fixture
def clock():
    """A clock that stands still, shortly after a step began."""
    with freeze(1_800_000_001) as stopped:
        yield stopped


@pytest.fixture
def visitor(db):
    """A browser in which nobody has done anything."""
    return Browser()


@pytest.fixture
def alice(make_user):
    """Has an authenticator app and recovery codes."""
    return Person(make_user("alice"))


@pytest.fixture
def bob(make_user):
    """Has an authenticator app and recovery codes of his own."""
    return Person(make_user("bob"))


@pytest.fixture
def carol(make_user):
    """Has a password, nothing else, and need not have more."""
    return make_user("carol")
