from __future__ import annotations

from operator import and_, or_

import pytest

from django_mfa import clock
from django_mfa.policy.requirements import (
    AllOf,
    AllowedFactors,
    AnyFactor,
    Not,
    OneOf,
    PhishingResistant,
    Recent,
    Requirement,
    Strength,
)
from django_mfa.testing import freeze
from django_mfa.values import Proof

NOW = 1_000_000
NONE: tuple[Proof, ...] = ()


@pytest.fixture(autouse=True)
def _now():
    with freeze(NOW):
        yield


def proof(*, age: float = 0, acr: str = "aal2", strong: bool = False) -> Proof:
    return Proof("totp", "d", int(NOW - age), acr, ("otp",), strong)


def test_any_factor_is_met_by_any_proof_however_old():
    assert AnyFactor().is_met_by([proof(age=10**6)])
    assert not AnyFactor().is_met_by(NONE)


@pytest.mark.parametrize(
    ("age", "met"),
    [
        (0, True),
        (900, True),
        (901, False),
        (-clock.SLACK, True),
        (-clock.SLACK - 1, False),
    ],
)
def test_recent_is_met_by_a_fresh_proof(age, met):
    assert Recent(900).is_met_by([proof(age=age)]) is met


def test_one_fresh_proof_among_old_ones_is_enough():
    assert Recent(900).is_met_by([proof(age=5000), proof(age=5)])
    assert not Recent(900).is_met_by(NONE)


def test_phishing_resistance_is_met_by_one_such_proof():
    assert PhishingResistant().is_met_by([proof(), proof(strong=True)])
    assert not PhishingResistant().is_met_by([proof()])
    assert not PhishingResistant().is_met_by(NONE)


@pytest.mark.parametrize(
    ("level", "met"), [("aal1", True), ("aal2", True), ("aal3", False)]
)
def test_a_strength_is_met_by_a_proof_as_strong(level, met):
    assert Strength(level).is_met_by([proof(acr="aal1"), proof()]) is met
    assert not Strength(level).is_met_by(NONE)


def test_a_strength_that_is_none_is_refused_when_it_is_written():
    with pytest.raises(ValueError, match="'aal9' is not one of aal1, aal2, aal3"):
        Strength("aal9")


def test_both_must_be_met_each_perhaps_by_another_proof():
    both = AllowedFactors(("totp",)) & PhishingResistant()
    key = proof(strong=True)._replace(factor="passkey")
    assert both.is_met_by([proof(), key])
    assert not both.is_met_by([proof()])
    assert not both.is_met_by([key])


@pytest.mark.parametrize(
    "both",
    [
        Recent(900) & PhishingResistant(),
        PhishingResistant() & Recent(900),
        Recent(900) & Strength("aal1") & PhishingResistant(),
        PhishingResistant() & (Strength("aal1") & Recent(900)),
        PhishingResistant() & (Recent(900) | Recent(60)),
        (Recent(900) | Strength("aal3")) & PhishingResistant(),
        (Recent(900) & PhishingResistant()) | (Recent(60) & Strength("aal3")),
    ],
)
def test_a_fresh_weak_proof_does_not_make_an_old_strong_one_fresh(both):
    assert not both.is_met_by([proof(), proof(age=5000, strong=True)])
    assert not both.is_met_by([proof()])
    assert both.is_met_by([proof(age=5000), proof(strong=True)])


def test_a_proof_counts_for_the_alternative_that_it_is_fresh_enough_for():
    either = PhishingResistant() & (Recent(900) | AnyFactor())
    assert either.is_met_by([proof(age=5000, strong=True)])
    assert not either.is_met_by([proof()])


@pytest.mark.parametrize("seconds", ["900", None, [900]])
def test_an_age_that_is_no_number_is_refused_when_it_is_written(seconds):
    with pytest.raises(TypeError, match="is no number of seconds"):
        Recent(seconds)


@pytest.mark.parametrize("other", [900, "AnyFactor", AnyFactor, None])
def test_what_is_no_requirement_composes_with_none(other):
    for compose in (and_, or_):
        with pytest.raises(TypeError, match="unsupported operand"):
            compose(AnyFactor(), other)


def test_one_of_two_is_enough():
    either = Recent(900) | PhishingResistant()
    assert either.is_met_by([proof()])
    assert either.is_met_by([proof(age=5000, strong=True)])
    assert not either.is_met_by([proof(age=5000)])


def test_what_must_not_be_met_must_not():
    assert (~AnyFactor()).is_met_by(NONE)
    assert not (~AnyFactor()).is_met_by([proof()])


def test_requirements_compose():
    either = Strength("aal3") | ~AnyFactor()
    assert either.is_met_by(NONE)
    assert not either.is_met_by([proof()])
    assert either.is_met_by([proof(acr="aal3")])


@pytest.mark.parametrize(
    ("requirement", "age"),
    [
        (AnyFactor(), None),
        (PhishingResistant(), None),
        (Strength("aal2"), None),
        (Recent(60), 60),
        (Recent(60) & Recent(30), 30),
        (Recent(60) | Recent(30), 60),
        (Recent(60) & AnyFactor(), 60),
        (AnyFactor() | Recent(60), 60),
        (AnyFactor() & PhishingResistant(), None),
        (AnyFactor() | PhishingResistant(), None),
        (~Recent(60), None),
    ],
)
def test_a_requirement_says_how_fresh_a_proof_must_be(requirement, age):
    assert requirement.max_age == age


def test_requirements_of_the_same_words_are_the_same():
    assert Recent(60) & AnyFactor() == AllOf((Recent(60), AnyFactor()))
    assert Recent(60) | AnyFactor() == OneOf((Recent(60), AnyFactor()))
    assert ~AnyFactor() == Not(AnyFactor())
    assert hash(Strength("aal2")) == hash(Strength("aal2"))


def test_a_requirement_of_ones_own_must_say_when_it_is_met():
    with pytest.raises(NotImplementedError):
        Requirement().is_met_by(NONE)


def test_several_name_the_highest_level_and_the_shortest_age_of_all():
    both = Strength("aal2") & Strength("aal3") & Recent(60)
    assert (both.acr, both.max_age) == ("aal3", 60)
    assert (Recent(60) & PhishingResistant()).acr is None


def test_a_requirement_says_what_it_asks():
    assert repr(Recent(60)) == "Recent(60)"
    assert (
        repr(AnyFactor() & Strength("aal2")) == "AllOf((AnyFactor(), Strength('aal2')))"
    )
