from __future__ import annotations

import pytest

from django_mfa.challenges.models import Challenge
from django_mfa.factors.passkey.models import Passkey
from django_mfa.lookups import rows
from django_mfa.testing import FakeAuthenticator, add_passkey
from tests.stories import queries

pytestmark = pytest.mark.django_db
ORIGIN = "https://testserver"


@pytest.fixture
def passkey(user):
    return add_passkey(user, FakeAuthenticator("testserver", ORIGIN))


def test_a_row_is_what_the_orm_would_find(passkey):
    stored = Passkey.objects.get()
    (found,) = rows(Passkey, {"digest": stored.digest, "user_id": stored.user_id})
    for field in Passkey._meta.concrete_fields:
        value = getattr(stored, field.attname)
        assert getattr(found, field.attname) == value, field.attname
        assert type(getattr(found, field.attname)) is type(value), field.attname
    assert not found.get_deferred_fields()


def test_it_is_one_query_and_what_is_missing_is_not_found(passkey, user, make_user):
    stored = Passkey.objects.get()
    other = make_user("bob", "pw")
    with queries() as seen:
        assert rows(Passkey, {"digest": stored.digest}) == [stored]
        assert rows(Passkey, {"digest": "0" * 64}) == []
    assert len(seen) == 2
    assert rows(Passkey, {"digest": stored.digest, "user_id": other.pk}) == []
    assert rows(Challenge, {"digest": "none"}) == []
