from __future__ import annotations

import unittest
from collections.abc import Callable
from typing import Any

import pytest
from django.db.models import Q

from django_mfa.factors import registry
from django_mfa.factors.base import Factor
from django_mfa.factors.devices import Charge, MFADevice
from django_mfa.factors.totp.models import TOTPDevice
from django_mfa.testing import FactorContract, add_totp, totp_code
from django_mfa.values import Verdict


def contract(promise: str, *, expires: int | None = 90) -> Any:
    """The case of one promise for our app; not a class that would be collected."""

    class TOTP(FactorContract, unittest.TestCase):
        slug = "totp"
        expires_after = expires

        def enrol(self, user):
            self.secret = add_totp(user)

        def right(self, user):
            return totp_code(self.secret)

        def wrong(self, user):
            return "000000" if totp_code(self.secret) != "000000" else "111111"

    return TOTP(promise)


PROMISES = [name for name in dir(FactorContract) if name.startswith("test_")]


def always(right: bool) -> Callable[..., Verdict]:
    return lambda device, response: Verdict(device, right=right, claim={"step": 10**9})


def never_spent(device: TOTPDevice, claim: Any) -> tuple[Q, dict[str, Any]]:
    return Q(), {}


def without_owner(factor: Factor, user_pk: Any) -> list[MFADevice]:
    return list(factor.model._default_manager.filter(confirmed=True))


def unconfirmed_too(factor: Factor, user_pk: Any) -> list[MFADevice]:
    return list(factor.model._default_manager.filter(user_id=user_pk))


# What somebody might get wrong, and the promise that would be broken by it.
MISTAKES = [
    ("test_a_right_response_signs_in", TOTPDevice, "judge", always(right=False)),
    (
        "test_a_wrong_response_is_refused_and_counted",
        TOTPDevice,
        "judge",
        always(right=True),
    ),
    (
        "test_a_wrong_response_is_refused_and_counted",
        TOTPDevice,
        "charge",
        lambda device: Charge(judged=True),
    ),
    ("test_a_response_is_accepted_once", TOTPDevice, "claim_terms", never_spent),
    ("test_an_expired_response_is_refused", TOTPDevice, "judge", always(right=True)),
    (
        "test_a_response_of_another_person_is_refused",
        TOTPDevice,
        "judge",
        always(right=True),
    ),
    ("test_a_response_of_another_person_is_refused", Factor, "devices", without_owner),
    ("test_an_unconfirmed_device_is_no_device", Factor, "devices", unconfirmed_too),
    (
        "test_a_disabled_device_answers_nothing_and_still_stands_guard",
        registry,
        "enrolled",
        lambda user: [],
    ),
    (
        "test_guesses_are_refused_for_a_while_after_too_many",
        TOTPDevice,
        "charge",
        lambda device: Charge(judged=True),
    ),
    (
        "test_a_device_shows_no_secret_of_itself",
        TOTPDevice,
        "__str__",
        lambda device: totp_code(device.secret),
    ),
]


@pytest.mark.django_db
@pytest.mark.parametrize("promise", PROMISES)
def test_a_good_factor_holds_every_promise(promise):
    getattr(contract(promise), promise)()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("promise", "where", "name", "wrong"), MISTAKES, ids=[each[0] for each in MISTAKES]
)
def test_a_mistake_breaks_its_promise(monkeypatch, promise, where, name, wrong):
    monkeypatch.setattr(where, name, wrong)
    if wrong is never_spent:
        monkeypatch.setattr(where, "judge", always(right=True))
    with pytest.raises(AssertionError):
        getattr(contract(promise), promise)()


def test_no_promise_is_there_without_a_mistake_that_breaks_it():
    assert {each[0] for each in MISTAKES} == set(PROMISES)


@pytest.mark.django_db
def test_responses_that_never_expire_need_not():
    case = contract("test_an_expired_response_is_refused", expires=None)
    with pytest.raises(unittest.SkipTest):
        case.test_an_expired_response_is_refused()


@pytest.mark.django_db
def test_responses_that_cannot_be_guessed_need_no_lock(monkeypatch):
    monkeypatch.setattr(TOTPDevice, "guessable", False)
    case = contract("test_guesses_are_refused_for_a_while_after_too_many")
    with pytest.raises(unittest.SkipTest):
        case.test_guesses_are_refused_for_a_while_after_too_many()


@pytest.mark.django_db
def test_a_factor_that_does_not_guard_the_sign_in_is_found(monkeypatch):
    case = contract("test_a_right_response_signs_in")
    monkeypatch.setattr(case, "enrol", lambda user: None)
    monkeypatch.setattr(case, "right", lambda user: "123456")
    with pytest.raises(AssertionError, match="does not guard the sign-in"):
        case.test_a_right_response_signs_in()


@pytest.mark.parametrize("name", ["enrol", "right", "wrong"])
def test_a_contract_must_say_what_is_its_own(name):
    with pytest.raises(NotImplementedError):
        getattr(FactorContract(), name)(None)
