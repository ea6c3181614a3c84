from __future__ import annotations

import pytest
from django.contrib.auth.models import Group
from django.db import OperationalError, connection, transaction

from django_mfa import clock as clocks
from django_mfa.approvals import service
from django_mfa.approvals.drafts import Draft
from django_mfa.approvals.models import Approval
from django_mfa.values import Proof
from tests.races.crowd import all_at_once

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]

THREADS = 10


@pytest.fixture
def draft():
    return Draft.of("pay", None, "Pay 100 to Bob", {"Amount": "100"})


def given(user):
    return Proof("totp", "device", int(clocks.timestamp()), "aal2", ("otp",))


def test_one_of_many_threads_uses_an_approval(alice, draft):
    service.give(service.ask(draft, alice, "")[0], alice, given(alice))
    used = all_at_once([lambda: service.use(draft, alice)] * THREADS)
    assert len([each for each in used if isinstance(each, Approval)]) == 1


def test_one_of_many_threads_gives_an_approval(alice, draft):
    approval = service.ask(draft, alice, "")[0]
    jobs = [lambda: service.give(approval, alice, given(alice))] * THREADS
    assert all_at_once(jobs).count(True) == 1


@pytest.mark.postgres
def test_nobody_changes_the_object_between_the_approval_and_the_commit(alice):
    group = Group.objects.create(name="one")
    draft = Draft.of("pay", group, "Pay 100 to Bob", {"Amount": "100"})
    service.give(service.ask(draft, alice, "")[0], alice, given(alice))

    def change():
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = '50ms'")
            return Group.objects.filter(pk=group.pk).update(name="other")

    with transaction.atomic():
        assert service.use(draft, alice)
        [refused] = all_at_once([change])
        assert isinstance(refused, OperationalError)
    assert all_at_once([change]) == [1]
