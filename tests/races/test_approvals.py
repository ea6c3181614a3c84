from __future__ import annotations

import pytest

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
    service.give(service.ask(draft, alice, ""), alice, given(alice))
    used = all_at_once([lambda: service.use(draft, alice)] * THREADS)
    assert len([each for each in used if isinstance(each, Approval)]) == 1


def test_one_of_many_threads_gives_an_approval(alice, draft):
    approval = service.ask(draft, alice, "")
    jobs = [lambda: service.give(approval, alice, given(alice))] * THREADS
    assert all_at_once(jobs).count(True) == 1
