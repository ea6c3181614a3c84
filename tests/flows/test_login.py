from __future__ import annotations

import pytest

from django_mfa.factors.totp import TOTPFactor
from django_mfa.flows import login
from django_mfa.testing import add_recovery_codes, add_totp, session_context
from tests.stories import fresh, held, next_request


def test_who_owes_nothing_is_in(user):
    ctx = session_context()
    assert login.begin(ctx, fresh(user)) is None
    session = ctx.require_session()
    assert session.is_signed_in(user)
    assert session.has_passed_gate()
    assert next_request(ctx).actor == user


def test_who_has_a_factor_owes_a_proof(user, secret):
    ctx = session_context()
    assert login.begin(ctx, fresh(user), "/after/") == "proof"
    hold = ctx.require_session().require_hold()
    assert (hold.owed, hold.factors, hold.next) == ("proof", ("totp",), "/after/")
    assert next_request(ctx).actor is None


def test_who_must_have_a_factor_owes_the_enrolment(staff):
    ctx = session_context()
    assert login.begin(ctx, fresh(staff)) == "enrolment"
    hold = ctx.require_session().require_hold()
    assert (hold.owed, hold.factors) == ("enrolment", ())
    assert next_request(ctx).actor is None


def test_an_unconfirmed_factor_is_none(user):
    TOTPFactor().new_device(user)
    assert login.begin(session_context(), fresh(user)) is None


def test_recovery_codes_alone_stand_guard_too(user, written):
    ctx = session_context()
    assert login.begin(ctx, fresh(user)) == "proof"
    assert ctx.require_session().require_hold().factors == ("recovery_code",)


def test_a_sign_in_that_waits_can_be_given_up(user, secret):
    ctx = held(user)
    login.cancel(ctx)
    assert ctx.require_session().hold() is None
    assert next_request(ctx).actor is None


def test_who_was_signed_in_is_not_any_more_when_another_is_held(make_user):
    alice, bob = make_user("alice"), make_user("bob")
    add_totp(bob)
    add_recovery_codes(bob)
    ctx = session_context()
    login.begin(ctx, fresh(alice))
    assert login.begin(ctx, fresh(bob)) == "proof"
    assert next_request(ctx).actor is None


@pytest.mark.parametrize("next_url", ["//evil", "https://evil.example/"])
def test_nobody_is_sent_to_another_site(user, secret, next_url):
    assert held(user, next_url).require_session().require_hold().next == ""
