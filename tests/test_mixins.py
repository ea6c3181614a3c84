from __future__ import annotations

import pytest

from django_mfa.mixins import MFARequiredMixin
from django_mfa.policy.requirements import AnyFactor
from django_mfa.testing import freeze, mfa_login

pytestmark = pytest.mark.urls("tests.pages")


def test_a_view_runs_for_who_showed_a_factor(client, user):
    mfa_login(client, user)
    assert client.get("/t/mixed/word/").content == b"in word"


def test_a_view_does_not_run_for_others(client, user):
    assert client.get("/t/mixed/word/").url.startswith("/mfa/login/")
    client.force_login(user)
    assert client.get("/t/mixed/word/").url.startswith("/mfa/setup/")


def test_by_default_any_factor_is_enough():
    assert MFARequiredMixin.mfa_requirement == AnyFactor()


def test_a_view_says_what_it_demands(client, user):
    with freeze(1_700_000_010) as moving:
        mfa_login(client, user)
        moving.tick(901)
        assert client.get("/t/mixed/word/").status_code == 200
        assert client.get("/t/mixed-recent/word/").url.startswith("/mfa/step-up/")


def test_an_async_view_runs_for_who_showed_a_factor_and_for_nobody_else(client, user):
    assert client.get("/t/async-mixed/").url.startswith("/mfa/login/")
    mfa_login(client, user)
    assert client.get("/t/async-mixed/").content == b"in"
