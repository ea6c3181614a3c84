from __future__ import annotations

import pytest
from asgiref.sync import async_to_sync
from django.core.exceptions import ValidationError
from django.db import connections, transaction

from django_mfa.accounts.models import MFAAccount
from django_mfa.factors import registry
from django_mfa.factors.totp import TOTPFactor
from django_mfa.policy import engine, problems, snapshot
from django_mfa.policy.models import Policy
from django_mfa.policy.requirements import (
    AllowedFactors,
    AnyFactor,
    PhishingResistant,
)
from django_mfa.policy.rules import Rule
from django_mfa.testing import freeze
from tests.stories import fresh, queries

FACTORS = ("totp", "recovery_code")


class Mail(TOTPFactor):
    """A factor whose codes can be read on the way."""

    slug = "email"


on_the_loop = async_to_sync(snapshot.aconcerning_sessions)


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


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("read", [snapshot.concerning_sessions, on_the_loop])
def test_an_edit_that_another_thread_commits_meanwhile_is_seen(monkeypatch, read):
    make(phishing_resistant=True)
    as_rule = Policy.as_rule

    def while_another_commits(self):
        Policy.objects.update(step_up_age=60)
        if read is on_the_loop:
            connections.close_all()  # those of the thread that the loop runs in
        snapshot.forget()
        return as_rule(self)

    with monkeypatch.context() as patched:
        patched.setattr(Policy, "as_rule", while_another_commits)
        patched.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")  # the thread is here
        assert read()[-1].step_up_age is None
    assert read()[-1].step_up_age == 60


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
        {1: 2, "who": "staff"},
        {"who": "group:"},
        {"who": "permission: "},
        {"who": "group"},
        {"who": 5},
        {"who": ["staff"]},
        {"who": "django_mfa.conf"},
        {"who": "staff", "name": 5},
        {"who": "staff", "grace_days": -1},
        {"who": "staff", "grace_days": 10**12},
        {"who": "staff", "reminder_days": 3},
        {"who": "staff", "reminder_days": ["3"]},
        {"who": "staff", "allowed_factors": "totp"},
        {"who": "staff", "allowed_factors": 5},
        {"who": "staff", "step_up_age": "300"},
        {"who": "staff", "step_up_age": 0},
        {"who": "staff", "minimum_strength": 3},
        {"who": "staff", "required": "no"},
        {"who": "staff", "phishing_resistant": 1},
        {"who": "staff", "trust_allowed": "no"},
    ],
    ids=str,
)
def test_a_policy_nobody_can_meet_is_found(settings, policy):
    settings.DJANGO_MFA = {"POLICIES": [policy]}
    assert list(problems.of_settings())


@pytest.mark.parametrize("audience", ["no.such.path", "django_mfa.conf"])
def test_an_audience_that_cannot_be_asked_is_found(settings, audience):
    settings.DJANGO_MFA = {"POLICY_AUDIENCES": {"acme": audience}}
    assert list(problems.of_settings())


@pytest.mark.parametrize(
    "trigger",
    [
        *("admin_action", None, 5, {"pat": "x"}, {"methods": "write"}),
        *({"path": ""}, {"path": 5}, {"view": None}),
        *({"path": "x", "methods": 5}, {"path": "x", "max_age": "5m"}),
        *({"path": "x", "max_age": 0}, {"path": "x", "strength": "aal9"}),
        {"path": "x", "phishing_resistant": "no"},
    ],
    ids=str,
)
def test_a_rule_that_is_none_is_found(settings, trigger):
    settings.DJANGO_MFA = {"STEP_UP": {"TRIGGERS": [trigger]}}
    assert list(problems.of_settings())


def test_what_can_be_met_is_no_problem(settings):
    settings.DJANGO_MFA = {
        "POLICIES": [{"who": "staff", "allowed_factors": ["totp"], "name": "S"}],
        "STEP_UP": {
            "TRIGGERS": [
                "admin_actions",
                {"path": "pay/*", "methods": ["POST"], "max_age": 60},
                {"view": "pay", "strength": "aal2", "phishing_resistant": True},
            ]
        },
        "POLICY_AUDIENCES": {"acme": bool, "path": "django_mfa.conf.get"},
    }
    assert not list(problems.of_settings())


def test_a_strong_level_and_any_factor_are_said_as_well(user):
    make(name="Vault", minimum_strength="aal3")
    make(name="All")
    make(name="Quiet", required=False)
    assert engine.explain(fresh(user)) == [
        "You need a stronger second step because of policy Vault.",
        "You need a second step because of policy All.",
    ]


def test_what_an_administrator_asks_is_said_to_be_theirs(user):
    make(name="Keys", phishing_resistant=True)
    MFAAccount.objects.create(user=user, required=True)
    assert engine.explain(fresh(user)) == [
        "You need a passkey because of policy Keys.",
        "An administrator asks you to have a second step.",
    ]


def test_policies_for_everyone_that_exclude_each_other_are_found(settings):
    def rules(*limits):
        given = [{"who": "everyone", "allowed_factors": each} for each in limits]
        return [snapshot.rule_of(each) for each in given]

    [(text, _hint)] = problems.of_rules(rules(["totp"], ["passkey"]))
    assert text == "Nobody can meet all policies for everyone."
    assert not list(problems.of_rules(rules(["totp"], ["passkey", "totp"])))
    staff = {"who": "staff", "name": "Keys", "allowed_factors": ["passkey"]}
    both = [*rules(["totp"]), snapshot.rule_of(staff)]
    [(text, _hint)] = problems.of_rules(both)
    assert text == "Nobody can meet policy 'Keys' and those for everyone."
    settings.DJANGO_MFA = {"FACTORS": ["totp", "recovery_code"]}
    alone = [snapshot.rule_of({"who": "everyone", "phishing_resistant": True})]
    assert "Nobody can meet" in next(problems.of_rules(alone))[0]


def test_what_an_identity_provider_may_have_seen_meets_a_policy(settings):
    strong = snapshot.rule_of({"who": "staff", "minimum_strength": "aal3"})
    assert list(problems.of_rules([strong]))
    for level, met in (("aal2", False), ("aal3", True)):
        settings.DJANGO_MFA = {"SSO": {"AMR_MAP": {"hwk": {"acr": level}}}}
        assert (not list(problems.of_rules([strong]))) is met


def test_what_codes_on_the_way_alone_can_meet_is_found(settings):
    settings.DJANGO_MFA = {"FACTORS": [*FACTORS, "tests.policy.test_snapshot.Mail"]}
    by_mail = snapshot.rule_of({"who": "staff", "allowed_factors": ["email"]})
    assert "Only email can meet" in next(problems.of_known([by_mail]))[0]
    open_to_all = snapshot.rule_of({"who": "staff", "allowed_factors": ["totp"]})
    assert not list(problems.of_known([open_to_all]))


def test_two_proofs_may_be_wanted_and_are_asked_for_one_by_one(settings):
    wanted = AllowedFactors(("totp",)) & PhishingResistant()
    totp, passkey = (registry.get(slug) for slug in ("totp", "passkey"))
    assert engine.methods_for(wanted) == ["totp"]
    assert engine.methods_for(wanted, [engine.shown_now(totp)]) == ["passkey"]
    assert engine.methods_for(wanted, [engine.shown_now(passkey)]) == ["totp"]
    settings.DJANGO_MFA = {"FACTORS": ["totp", "recovery_code"]}
    assert engine.methods_for(wanted) == []
    shown = [engine.shown_now(totp)]
    assert engine.methods_for(AnyFactor() & ~AnyFactor(), shown) == []


def test_a_rule_says_how_people_are_told_of_it():
    assert Rule(who="staff").title == "staff"
    assert Rule(who=bool).title == "policy"
    assert Rule(who="staff", name="Staff").title == "Staff"


def test_a_policy_is_called_by_its_name(db):
    Policy(name="All", who="everyone", allowed_factors=["totp"]).full_clean()
    policy = make(who="permission", permission="auth.add_user")
    assert str(policy) == "All"
    assert policy.as_rule().who == "permission:auth.add_user"


def test_a_policy_that_names_nobody_is_another_check_s_matter(settings):
    settings.DJANGO_MFA = {"POLICIES": [{"grace_days": 1}]}
    assert not list(problems.of_settings())
