from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError
from django.db import transaction

from django_mfa.policy import engine, problems, snapshot
from django_mfa.policy.models import Policy
from django_mfa.testing import freeze
from tests.stories import fresh, queries


def make(**more):
    return Policy.objects.create(**{"name": "All", "who": "everyone", **more})


@pytest.mark.django_db(transaction=True)
def test_rows_are_read_once_in_ten_seconds():
    make()
    with freeze() as moving:
        snapshot.rules()
        with queries() as seen:
            snapshot.rules()
            moving.tick(9)
            snapshot.rules()
        assert seen == []
        moving.tick(2)
        with queries() as seen:
            snapshot.rules()
        assert len(seen) == 1


@pytest.mark.django_db(transaction=True)
def test_an_edit_elsewhere_is_seen_after_ten_seconds():
    with freeze() as moving:
        before = len(snapshot.rules())
        Policy.objects.bulk_create([Policy(name="All", who="everyone")])
        assert len(snapshot.rules()) == before
        moving.tick(11)
        assert len(snapshot.rules()) == before + 1


@pytest.mark.django_db(transaction=True)
def test_an_edit_here_is_seen_at_once_and_not_kept_if_it_is_undone():
    before = len(snapshot.rules())
    with transaction.atomic():
        make()
        assert len(snapshot.rules()) == before + 1
        transaction.set_rollback(True)
    assert len(snapshot.rules()) == before
    make()
    assert len(snapshot.rules()) == before + 1
    Policy.objects.get().delete()
    assert len(snapshot.rules()) == before


def test_the_strictest_of_each_wins(user):
    make(grace_days=5, step_up_age=600, trust_allowed=False)
    make(name="B", grace_days=2, step_up_age=700, allowed_factors=["totp"])
    make(name="C", required=False, minimum_strength="aal2")
    terms = engine.terms(fresh(user))
    assert terms.strictest
    assert terms.strictest.name == "B"
    assert terms.step_up_age == 600
    assert not terms.trust_allowed
    assert engine.methods_for(terms.demand) == ["totp"]


def test_it_is_said_which_policy_asks_for_what(user):
    make(name="Staff", phishing_resistant=True)
    make(name="Apps", allowed_factors=["totp"])
    assert engine.explain(fresh(user)) == [
        "You need a passkey because of policy Staff.",
        "You need one of these because of policy Apps: Authenticator app.",
    ]


@pytest.mark.parametrize(
    "wrong",
    [
        {"who": "group"},
        {"who": "permission"},
        {"who": "audience", "audience": "nobody"},
        {"allowed_factors": ["pigeon"]},
        {"allowed_factors": "totp"},
        {"reminder_days": ["3"]},
    ],
)
def test_a_policy_that_says_nothing_is_refused(wrong, db):
    with pytest.raises(ValidationError):
        Policy(**{"name": "All", "who": "everyone", **wrong}).full_clean()


def test_an_audience_is_asked_by_its_name(settings, user, staff):
    settings.DJANGO_MFA = {
        "POLICY_AUDIENCES": {"acme": lambda user: user.is_staff},
        "POLICIES": [],
    }
    make(who="audience", audience="acme", grace_days=0)
    assert engine.must_enrol_now(fresh(staff))
    assert not engine.must_enrol_now(fresh(user))


@pytest.mark.parametrize(
    "policy",
    [
        {"who": "everyone", "allowed_factors": ["pigeon"]},
        {"who": "everyone", "allowed_factors": ["recovery_code"]},
        {"who": "everyone", "minimum_strength": "aal9"},
        {"who": "nowhere.to.be.found"},
        {"who": "audience:nobody"},
        {"who": "staff", "streng": "aal2"},
    ],
)
def test_a_policy_nobody_can_meet_is_found(settings, policy):
    settings.DJANGO_MFA = {"POLICIES": [policy]}
    assert list(problems.of_settings())


@pytest.mark.parametrize(
    "trigger", ["admin_action", {"pat": "x"}, {"methods": "write"}]
)
def test_a_rule_that_is_none_is_found(settings, trigger):
    settings.DJANGO_MFA = {"STEP_UP": {"TRIGGERS": [trigger]}}
    assert list(problems.of_settings())


def test_what_can_be_met_is_no_problem(settings):
    settings.DJANGO_MFA = {
        "POLICIES": [{"who": "staff", "allowed_factors": ["totp"], "name": "S"}],
        "STEP_UP": {"TRIGGERS": ["admin_actions", {"path": "pay/*"}]},
    }
    assert not list(problems.of_settings())
