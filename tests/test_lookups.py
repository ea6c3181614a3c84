from __future__ import annotations

import pytest
from asgiref.sync import async_to_sync
from django.apps import apps
from django.contrib.auth import get_user_model

from django_mfa.accounts import joined
from django_mfa.accounts import service as accounts
from django_mfa.accounts.models import MFAAccount
from django_mfa.audit.models import AuditEvent
from django_mfa.challenges.models import Challenge
from django_mfa.errors import InvalidCode, TooManyAttempts
from django_mfa.factors.passkey.models import AuthenticatorModel as Models
from django_mfa.factors.passkey.models import Passkey
from django_mfa.flows import challenge, enrol, manage
from django_mfa.lookups import rows
from django_mfa.testing import FakeAuthenticator, add_passkey, freeze, totp_code
from tests.stories import held, next_request, queries, signed_in, told

pytestmark = pytest.mark.django_db
ORIGIN = "https://testserver"
NOON = 1_700_000_010


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


# Behind routers


class Lagging:
    """A router of a site with a replica, which has none of these rows yet."""

    def __init__(self, *models):
        self.models = models

    def db_for_read(self, model, **hints):
        assert model not in self.models, model
        return "default"


OURS = [
    each
    for each in apps.get_models()
    if each.__module__.startswith("django_mfa.") and each not in (AuditEvent, Models)
]


def test_what_is_judged_is_read_where_it_is_written(user, settings):
    settings.DATABASE_ROUTERS = [Lagging(*OURS)]
    with freeze(NOON) as clock:
        ctx = next_request(signed_in(user))
        secret = enrol.begin(ctx, "totp").device.secret
        done = enrol.confirm(ctx, "totp", totp_code(secret))
        assert len(done.recovery_codes) == 10
        clock.tick(60)
        ctx = next_request(signed_in(user, secret))
        assert len(manage.regenerate_codes(ctx)) == 10
        waiting = held(user)
        for _ in range(5):
            with pytest.raises((InvalidCode, TooManyAttempts)):
                challenge.answer(waiting, "000000")
        assert accounts.find_user(user.pk).mfa_account.locked_until
        manage.remove(ctx, done.device.public_id)
        assert next_request(ctx).actor == user
    assert told().count("account_locked") == 1


def test_the_account_that_comes_with_the_user_is_read_there_too(user, settings):
    settings.DATABASE_ROUTERS = [Lagging(*OURS, get_user_model())]
    epoch = accounts.begin_change(user)
    for found in (joined.user(user.pk), async_to_sync(joined.auser)(user.pk)):
        assert accounts.epoch_of(found) == epoch
    plain = accounts.find_user(user.pk)
    del plain._state.fields_cache["mfa_account"]
    assert accounts.of(plain).epoch == epoch


def test_whoever_names_a_database_gets_that_one():
    assert MFAAccount.objects.using("other").db == "other"
    assert MFAAccount.objects.db_manager("other").all().db == "other"
