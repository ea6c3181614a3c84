from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission

from django_mfa import clock
from django_mfa.accounts import service as accounts
from django_mfa.accounts.models import MFAAccount
from django_mfa.policy import engine
from django_mfa.policy.engine import Duty, Terms
from django_mfa.policy.rules import Rule
from django_mfa.testing import freeze
from tests.stories import fresh, queries


def is_alice(user) -> bool:
    return user.get_username().startswith("alice")


def answers(value: Any) -> Any:
    """A policy of a site that always says `value`."""
    return lambda user: value


def fails(user) -> bool:
    raise RuntimeError("the directory is down")


@pytest.fixture
def moving():
    with freeze(1_700_000_010) as frozen:
        yield frozen


def policies(settings, *given, **more) -> None:
    settings.DJANGO_MFA = {"POLICIES": given, **more}


def test_by_default_staff_must_have_a_factor_at_once(user, staff):
    assert engine.duty(user) is None
    assert engine.duty(staff) == Duty("staff", 0)


def test_everyone_is_everyone(settings, user, staff):
    policies(settings, {"who": "everyone"})
    assert engine.duty(user) == engine.duty(staff) == Duty("everyone", 7)


def test_superusers_are_superusers(settings, staff, superuser):
    policies(settings, {"who": "superusers"})
    assert engine.duty(staff) is None
    assert engine.duty(superuser)


def test_members_of_a_group_are_those(settings, make_user):
    policies(settings, {"who": "group:tellers"})
    alice, bob = make_user("alice"), make_user("bob")
    alice.groups.add(Group.objects.create(name="tellers"))
    bob.groups.add(Group.objects.create(name="guests"))
    assert engine.duty(alice) == Duty("group:tellers", 7)
    assert engine.duty(bob) is None


def test_holders_of_a_permission_are_those(settings, make_user):
    policies(settings, {"who": "permission:django_mfa.reset_mfa"})
    alice, bob = make_user("alice"), make_user("bob")
    alice.user_permissions.add(Permission.objects.get(codename="reset_mfa"))
    assert engine.duty(fresh(alice))
    assert engine.duty(fresh(bob)) is None


@pytest.mark.parametrize("who", [is_alice, f"{__name__}.is_alice"])
def test_a_site_says_by_code_of_its_own_who(settings, make_user, who):
    policies(settings, {"who": who})
    assert engine.duty(make_user("alice"))
    assert engine.duty(make_user("bob")) is None


@pytest.mark.parametrize(
    "who",
    [
        *(fails, f"{__name__}.fails", "staf", "no_such.module.function", 3),
        *("group:", "group", "permission: ", "django_mfa.conf"),
    ],
)
def test_a_policy_that_cannot_be_asked_demands(settings, user, caplog, who):
    policies(settings, {"who": who})
    with caplog.at_level(logging.ERROR, "django_mfa"):
        assert engine.duty(user)
    assert "it is taken to apply" in caplog.text


def test_the_answer_of_a_site_is_read_as_yes_or_no(user):
    assert engine.applies(answers(""), user) is False
    assert engine.applies(answers(["x"]), user) is True


def test_a_user_model_without_flags_has_neither_staff_nor_superusers():
    class Plain:
        pass

    assert engine.applies("staff", Plain()) is False
    assert engine.applies("superusers", Plain()) is False


def test_the_strictest_policy_counts(settings, staff):
    policies(
        settings,
        {"who": "everyone", "grace_days": 30},
        {"who": "staff", "grace_days": 2, "name": "Staff, soon"},
    )
    assert engine.duty(staff) == Duty("Staff, soon", 2)


def test_the_usual_grace_is_a_setting(settings, user):
    policies(settings, {"who": "everyone"}, GRACE_DAYS=3)
    assert engine.duty(user) == Duty("everyone", 3)


def test_an_administrator_may_demand_a_factor_of_anybody(user):
    MFAAccount.objects.create(user=user, required=True)
    found = engine.duty(fresh(user))
    assert found
    assert found.grace_days == 0


def test_without_policies_nobody_must(settings, superuser):
    policies(settings)
    assert engine.duty(superuser) is None
    assert engine.deadline(superuser) is None
    assert not engine.must_enrol_now(superuser)


def test_without_grace_the_deadline_is_now_and_nothing_is_stored(staff, moving):
    assert engine.deadline(staff) == clock.now()
    assert engine.must_enrol_now(staff)
    assert not MFAAccount.objects.exists()


def test_the_deadline_is_stored_when_first_asked_and_does_not_move(
    settings, user, moving
):
    policies(settings, {"who": "everyone", "grace_days": 7})
    until = clock.now() + timedelta(days=7)
    assert engine.deadline(user) == until
    moving.tick(timedelta(days=3))
    assert engine.deadline(fresh(user)) == until
    assert MFAAccount.objects.get().grace_deadline == until


def test_grace_ends_at_the_deadline(settings, user, moving):
    policies(settings, {"who": "everyone", "grace_days": 7})
    assert not engine.must_enrol_now(user)
    moving.tick(timedelta(days=7, seconds=-1))
    assert not engine.must_enrol_now(fresh(user))
    moving.tick(1)
    assert engine.must_enrol_now(fresh(user))


def test_a_stricter_policy_shortens_the_grace(settings, user, moving):
    policies(settings, {"who": "everyone", "grace_days": 30})
    engine.deadline(user)
    policies(settings, {"who": "everyone", "grace_days": 1})
    assert engine.deadline(fresh(user)) == clock.now() + timedelta(days=1)
    policies(settings, {"who": "everyone", "grace_days": 0})
    assert engine.must_enrol_now(fresh(user))


def test_the_shorter_grace_of_a_stricter_policy_is_not_renewed_by_visits(
    settings, user, moving
):
    policies(settings, {"who": "everyone", "grace_days": 30})
    engine.deadline(user)
    policies(settings, {"who": "everyone", "grace_days": 2})
    until = engine.deadline(fresh(user))
    for _day in range(2):
        moving.tick(timedelta(days=1))
        assert engine.deadline(fresh(user)) == until
    assert engine.must_enrol_now(fresh(user))
    policies(settings, {"who": "everyone", "grace_days": 30})
    assert engine.must_enrol_now(fresh(user))


def test_a_milder_policy_does_not_lengthen_what_was_said(settings, user, moving):
    policies(settings, {"who": "everyone", "grace_days": 1})
    until = engine.deadline(user)
    policies(settings, {"who": "everyone", "grace_days": 30})
    assert engine.deadline(fresh(user)) == until


def test_who_comes_to_owe_for_another_reason_gets_no_new_grace(settings, user, moving):
    policies(settings, {"who": "everyone", "grace_days": 7})
    engine.deadline(user)
    moving.tick(timedelta(days=8))
    assert engine.must_enrol_now(fresh(user))


def test_a_stored_deadline_is_found_without_a_query(settings, user, moving):
    policies(settings, {"who": "everyone", "grace_days": 7})
    engine.deadline(user)
    found = accounts.find_user(user.pk)
    with queries() as seen:
        engine.deadline(found)
    assert seen == []


def test_a_permission_that_comes_with_superpowers_is_not_one_known_to_be_missing(user):
    who, known = "permission:auth.add_group", {}
    assert not engine.applies(who, user, known)
    user.is_superuser = True
    assert engine.applies(who, user, known)
    user.is_superuser = False
    assert not engine.applies(who, user, {})


@pytest.mark.parametrize(
    ("asks", "trusted"),
    [
        ({}, True),
        ({"step_up_age": 60}, True),
        ({"trust_allowed": False}, False),
        ({"minimum_strength": "aal1"}, False),
        ({"phishing_resistant": True}, False),
        ({"allowed_factors": ("totp",)}, False),
    ],
)
def test_a_browser_is_trusted_where_nothing_of_a_kind_is_asked_for(asks, trusted):
    rule = Rule(who="everyone", **asks)
    found = Terms((Rule(who="everyone"), rule))
    assert found.trust_allowed is trusted
    assert found.demand is None or not found.trust_allowed
    # What trust offends must be looked at in every session.
    assert trusted or rule.concerns_sessions
