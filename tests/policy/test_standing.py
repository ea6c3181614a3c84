from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest

from django_mfa.policy import standing
from django_mfa.policy.requirements import AnyFactor, PhishingResistant, Recent
from django_mfa.policy.standing import Standing
from django_mfa.testing import freeze, session_context
from django_mfa.values import Proof
from tests.stories import signed_in


def shown(user, *proofs: Proof) -> Standing:
    session = signed_in(user).require_session()
    for each in proofs:
        session.add_proof(each)
    return Standing(session)


OTP = Proof("totp", "d1", 1000, "aal2", ("otp",))
KEY = Proof("passkey", "d2", 900, "aal3", ("hwk", "user", "otp"), True)


def test_nobody_has_shown_anything(db):
    nobody = Standing(session_context().require_session())
    assert nobody.proofs == ()
    assert not nobody.is_verified
    assert nobody.verified_at is None
    assert nobody.amr == ()
    assert nobody.acr == ""
    assert not nobody.satisfies(AnyFactor())


def test_a_password_is_one_factor(user):
    alice = shown(user)
    assert not alice.is_verified
    assert alice.verified_at is None
    assert alice.amr == ("pwd",)
    assert alice.acr == "aal1"


def test_a_proof_makes_it_two(user):
    alice = shown(user, OTP)
    assert alice.is_verified
    assert alice.proofs == (OTP,)
    assert alice.verified_at == datetime.fromtimestamp(1000, tz=UTC)
    assert alice.amr == ("pwd", "otp", "mfa")
    assert alice.acr == "aal2"


def test_the_strongest_proof_and_the_newest_time_are_said(user):
    alice = shown(user, OTP, KEY)
    assert alice.amr == ("pwd", "otp", "hwk", "user", "mfa")
    assert alice.acr == "aal3"
    assert alice.verified_at == datetime.fromtimestamp(1000, tz=UTC)


def test_without_a_known_sign_in_the_password_is_not_claimed(user):
    session = signed_in(user).require_session()
    session.store.pop("_mfa_password_at")
    assert Standing(session).amr == ()


def test_requirements_are_put_to_the_proofs(user):
    with freeze(1100):
        alice = shown(user, OTP)
        assert alice.satisfies(Recent(100))
        assert not alice.satisfies(Recent(99))
        assert not alice.satisfies(PhishingResistant())


def test_a_proof_shown_meanwhile_is_seen(user):
    session = signed_in(user).require_session()
    alice = Standing(session)
    assert not alice.is_verified
    session.add_proof(OTP)
    assert alice.is_verified


def test_proofs_of_who_is_held_do_not_count(user):
    session = signed_in(user).require_session()
    session.add_proof(OTP)
    session.begin_hold(user, "django_mfa.auth.MFAModelBackend", owed="proof")
    assert not Standing(session).is_verified


def test_proofs_count_for_who_is_seen_to_be_signed_in_only(user):
    session = signed_in(user).require_session()
    session.add_proof(OTP)
    # As the gate leaves it to a request that came to owe something.
    session.request.user = AnonymousUser()
    assert not Standing(session).is_verified


def test_a_standing_says_nothing_of_its_proofs(user):
    assert repr(shown(user, OTP)) == "<Standing>"


def test_the_standing_of_a_request_is_found():
    request = HttpRequest()
    wanted = Standing(session_context().require_session())
    request.mfa = wanted  # type: ignore[attr-defined]  # set by the middleware
    assert standing.of(request) is wanted


@pytest.mark.parametrize("value", [None, True, object()])
def test_without_the_middleware_nobody_has_a_standing(value):
    request = HttpRequest()
    request.mfa = value  # type: ignore[attr-defined]  # somebody else's
    with pytest.raises(TypeError, match="MFAMiddleware"):
        standing.of(request)
    with pytest.raises(TypeError, match="MFAMiddleware"):
        standing.of(HttpRequest())


def test_when_somebody_was_authenticated_is_told_for_tokens(user):
    nobody = Standing(session_context().require_session())
    assert nobody.auth_time is None
    with freeze(1_800_000_000):
        assert shown(user).auth_time == 1_800_000_000
        assert shown(user, KEY, OTP).auth_time == 1000
