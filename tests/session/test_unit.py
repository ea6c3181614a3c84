from __future__ import annotations

import pytest
from django.contrib.sessions.backends.base import UpdateError
from django.db import DatabaseError

from django_mfa.accounts import service as accounts
from django_mfa.accounts.models import MFAAccount
from django_mfa.errors import InvalidCode, Unavailable
from tests.stories import queries, signed_in


@pytest.fixture
def session(user):
    return signed_in(user).require_session()


def test_what_was_done_is_stored_with_the_session(user, session):
    with session.all_or_nothing():
        accounts.begin_change(user)
        session.store["basket"] = [1]
    stored = type(session.store)(session.store.session_key)
    assert stored["basket"] == [1]
    assert MFAAccount.objects.get(pk=user.pk).epoch == 1


def test_a_session_that_did_not_change_is_not_written(user, session):
    session.store.modified = False
    with queries() as seen, session.all_or_nothing():
        pass
    assert seen == []


def fail(session, user, error):
    with session.all_or_nothing():
        accounts.begin_change(user)
        session.store["basket"] = [1]
        session.store.cycle_key()
        session.request.user = None
        raise error


@pytest.mark.parametrize("error", [InvalidCode(), KeyboardInterrupt(), ValueError()])
def test_an_error_undoes_everything(user, session, error):
    key, data = session.store.session_key, dict(session.store.items())
    with pytest.raises(type(error)):
        fail(session, user, error)
    assert not MFAAccount.objects.filter(pk=user.pk, epoch=1).exists()
    assert session.store.session_key == key
    assert dict(session.store.items()) == data
    assert session.store.exists(key)
    assert session.request.user == user


@pytest.mark.parametrize("error", [DatabaseError("no"), UpdateError("gone")])
def test_a_failing_database_is_said_to_be_unavailable(user, session, error):
    key = session.store.session_key
    with pytest.raises(Unavailable) as caught:
        fail(session, user, error)
    assert caught.value.__cause__ is error
    assert session.store.session_key == key
    assert session.request.user == user
    assert not MFAAccount.objects.filter(pk=user.pk, epoch=1).exists()


@pytest.mark.parametrize("modified", [True, False])
def test_after_an_error_the_session_is_written_as_it_would_have_been(
    user, session, modified
):
    session.store.modified = modified
    with pytest.raises(InvalidCode):
        fail(session, user, InvalidCode())
    assert session.store.modified is modified
    assert session.store.accessed


def test_a_session_that_cannot_be_saved_undoes_everything(user, session, monkeypatch):
    def refuse(**kwargs):
        raise DatabaseError("disk full")

    def work():
        with session.all_or_nothing():
            accounts.begin_change(user)
            session.store["basket"] = [1]
            monkeypatch.setattr(session.store, "save", refuse)

    with pytest.raises(Unavailable):
        work()
    assert "basket" not in session.store
    assert not MFAAccount.objects.filter(pk=user.pk, epoch=1).exists()


def test_a_request_without_user_can_be_rewound(user, session):
    del session.request.user
    with pytest.raises(InvalidCode):
        refuse_without_touching_the_user(session)
    assert not hasattr(session.request, "user")


def refuse_without_touching_the_user(session):
    with session.all_or_nothing():
        raise InvalidCode


def test_django_saves_nothing_twice(session):
    with session.all_or_nothing():
        session.store["basket"] = [1]
    with queries() as seen:
        session.store.save()
    assert seen == []


def test_what_the_view_changes_afterwards_is_saved_by_django(session):
    with session.all_or_nothing():
        session.store["basket"] = [1]
    session.store["basket"] = [1, 2]
    session.store.save()
    assert type(session.store)(session.store.session_key)["basket"] == [1, 2]


def test_a_new_key_after_the_answer_is_created(session):
    with session.all_or_nothing():
        session.store["basket"] = [1]
    session.store.cycle_key()
    assert type(session.store)(session.store.session_key)["basket"] == [1]
