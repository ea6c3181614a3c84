from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

import pytest
from asgiref.sync import async_to_sync

from django_mfa.accounts import joined
from django_mfa.accounts import service as accounts
from django_mfa.accounts.models import MFAAccount
from django_mfa.errors import LoginExpired
from tests.stories import fresh, queries

DEADLINE = datetime(2030, 1, 1, tzinfo=UTC)


def test_nobody_has_an_account_before_one_is_needed(user):
    account = accounts.of(user)
    assert account._state.adding
    assert account.user == user
    assert account.epoch == 0
    assert not MFAAccount.objects.exists()


def test_an_account_is_looked_for_once(user):
    accounts.of(user)
    with queries() as seen:
        accounts.of(user)
    assert seen == []


def test_an_account_that_is_there_is_found(user):
    MFAAccount.objects.create(user=user, epoch=3)
    assert accounts.of(fresh(user)).epoch == 3


def test_an_account_is_found_on_the_event_loop(user):
    MFAAccount.objects.create(user=user, epoch=3)
    assert async_to_sync(accounts.aof)(fresh(user)).epoch == 3


def test_nobody_has_an_account_on_the_event_loop_before_one_is_needed(user):
    account = async_to_sync(accounts.aof)(fresh(user))
    assert account._state.adding
    assert account.user == user


def test_an_account_that_came_along_needs_no_query_on_the_event_loop(user):
    MFAAccount.objects.create(user=user)
    found = accounts.find_user(user.pk)
    with queries() as seen:
        assert not async_to_sync(accounts.aof)(found)._state.adding
    assert seen == []


def test_a_user_read_for_a_request_carries_what_is_asked_of_the_account(user):
    device = uuid.uuid4()
    MFAAccount.objects.create(
        user=user,
        epoch=3,
        required=True,
        grace_deadline=DEADLINE,
        default_device=device,
    )
    with queries() as seen:
        found = joined.user(user.pk)
        assert accounts.epoch_of(found) == 3
        account = accounts.of(found)
        assert (account.pk, account.epoch, account.required) == (user.pk, 3, True)
        assert account.grace_deadline == DEADLINE
        assert account.default_device == device
    assert len(seen) == 1


def test_the_rest_of_the_account_is_read_when_it_is_asked_for(user):
    MFAAccount.objects.create(user=user, failures=2)
    found = joined.user(user.pk)
    assert accounts.of(found).failures == 2


def test_a_user_read_for_a_request_may_have_no_account(user):
    with queries() as seen:
        found = joined.user(user.pk)
        assert accounts.epoch_of(found) == 0
        assert accounts.of(found)._state.adding
    assert len(seen) == 1


def test_what_is_carried_gives_way_to_a_change(user):
    MFAAccount.objects.create(user=user, epoch=3)
    found = joined.user(user.pk)
    accounts.begin_change(found)
    assert accounts.epoch_of(found) == accounts.of(found).epoch == 4


def test_a_manager_that_may_answer_differently_is_asked_each_time(user, monkeypatch):
    manager = type(user)._default_manager
    answers = [manager.all(), manager.none()]
    monkeypatch.setattr(type(manager), "get_queryset", lambda _: answers.pop(0))
    assert joined.user(user.pk) == user
    assert joined.user(user.pk) is None


def test_a_key_that_nobody_can_have_is_nobodys(user):
    assert joined.user(type(user)._meta.pk.to_python(0)) is None


def test_an_account_is_made_once(user):
    assert accounts.ensure(user).pk == user.pk
    assert accounts.ensure(user).pk == user.pk
    assert MFAAccount.objects.count() == 1


def test_a_change_raises_the_epoch_of_its_user_alone(make_user):
    alice, bob = make_user("alice"), make_user("bob")
    accounts.ensure(bob)
    assert accounts.begin_change(alice) == 1
    assert accounts.begin_change(alice) == 2
    assert accounts.of(alice).epoch == 2
    assert accounts.of(fresh(bob)).epoch == 0


def test_a_change_begins_with_its_write(user):
    accounts.ensure(user)
    with queries() as seen:
        accounts.begin_change(user)
    assert seen[0].startswith("UPDATE")


def test_a_deadline_is_stored_once(user):
    later = DEADLINE + timedelta(days=9)
    assert accounts.set_deadline_once(user, DEADLINE) == DEADLINE
    assert accounts.set_deadline_once(user, later) == DEADLINE
    assert accounts.of(user).grace_deadline == DEADLINE
    assert accounts.of(fresh(user)).grace_deadline == DEADLINE


def test_a_deadline_is_stored_for_its_user_alone(make_user):
    alice, bob = make_user("alice"), make_user("bob")
    accounts.ensure(bob)
    accounts.set_deadline_once(alice, DEADLINE)
    assert accounts.of(fresh(bob)).grace_deadline is None


def test_a_user_is_found_with_the_account_in_one_query(user):
    accounts.ensure(user)
    with queries() as seen:
        found = accounts.find_user(user.pk)
        assert found == user
        assert not accounts.of(found)._state.adding
    assert len(seen) == 1


def test_a_user_who_is_gone_is_a_sign_in_that_is_over(user):
    gone = uuid.uuid4() if isinstance(user.pk, uuid.UUID) else user.pk + 1
    with pytest.raises(LoginExpired):
        accounts.find_user(gone)


def test_changes_queue_on_an_account_and_leave_it_as_it_is(user):
    accounts.queue(user)
    account = MFAAccount.objects.get()
    assert account.epoch == 0
    MFAAccount.objects.update(epoch=7)
    accounts.queue(user)
    assert MFAAccount.objects.get().epoch == 7
