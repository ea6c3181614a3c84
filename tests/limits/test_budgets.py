from __future__ import annotations

import pytest
from django.db import OperationalError, connection

from django_mfa.limits import budgets
from django_mfa.limits.budgets import Subject
from django_mfa.limits.models import SendCounter

pytestmark = pytest.mark.django_db

SUBJECT = Subject("number", "d" * 64)


def fail(times):
    """The database gives up that many inserts, as MariaDB does in a deadlock."""
    left = [times]

    def wrap(execute, sql, *args):
        if left[0] and sql.startswith("INSERT"):
            left[0] -= 1
            raise OperationalError(1213, "Deadlock found")
        return execute(sql, *args)

    return connection.execute_wrapper(wrap)


def test_a_counter_is_made_once():
    for _ in range(2):
        budgets.prepare([SUBJECT])
    assert SendCounter.objects.count() == 1


def test_a_counter_that_another_send_has_just_made_is_taken():
    def wrap(execute, sql, *args):
        if sql.startswith("INSERT"):
            execute(sql, *args)
        return execute(sql, *args)

    with connection.execute_wrapper(wrap):
        budgets.prepare([SUBJECT])
    assert SendCounter.objects.count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("times", [1, budgets.TRIES - 1])
def test_an_insert_that_was_given_up_is_tried_again(times):
    with fail(times):
        budgets.prepare([SUBJECT])
    assert SendCounter.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_it_is_not_tried_for_ever():
    with fail(budgets.TRIES), pytest.raises(OperationalError):
        budgets.prepare([SUBJECT])


@pytest.mark.django_db(transaction=True)
def test_what_another_one_made_meanwhile_is_not_tried_again():
    SendCounter.objects.create(digest=SUBJECT.digest)
    with fail(budgets.TRIES):
        budgets._create(SUBJECT.digest)
    assert SendCounter.objects.count() == 1
