from __future__ import annotations

import pytest

from django_mfa import clock, conf
from django_mfa.accounts.models import MFAAccount
from django_mfa.errors import (
    FactorNotAvailable,
    InvalidCode,
    LoginExpired,
    MalformedCode,
    StepUpRequired,
    TooManyAttempts,
    WrongPassword,
)
from django_mfa.factors.totp.models import TOTPDevice
from django_mfa.flows import step_up
from django_mfa.testing import add_recovery_codes, add_totp, session_context, totp_code
from tests.stories import last_told, next_request, signed_in, told

FRESH = 900


def test_what_can_be_shown_is_what_the_user_has(user, secret, written):
    ctx = signed_in(user, secret)
    assert [kind.slug for kind in step_up.factors_asked(ctx)] == [
        "totp",
        "recovery_code",
    ]


def test_who_has_nothing_can_show_nothing(user):
    assert step_up.factors_asked(signed_in(user)) == []


@pytest.mark.parametrize(
    "ask",
    [
        step_up.factors_asked,
        step_up.is_fresh,
        step_up.require_fresh,
        lambda ctx: step_up.answer(ctx, "123456"),
        lambda ctx: step_up.check_password(ctx, "pw"),
    ],
)
def test_nobody_steps_up_who_is_not_signed_in(db, ask):
    with pytest.raises(LoginExpired):
        ask(session_context())


def test_a_right_code_renews_the_session(user, secret, moving):
    ctx = signed_in(user, secret)
    moving.tick(60)
    session = ctx.require_session()
    before = session.store.session_key
    proof = step_up.answer(ctx, totp_code(secret))
    assert proof.at == int(clock.timestamp())
    assert session.proofs() == [proof]
    assert session.store.session_key != before
    assert (last_told().event, last_told().details) == (
        "challenge_passed",
        {"purpose": "step_up"},
    )
    again = next_request(ctx)
    assert again.actor == user
    assert again.actor.otp_device == TOTPDevice.objects.get()


def test_the_device_that_was_shown_is_the_one_django_otp_is_told(user, secret, written):
    ctx = signed_in(user, secret)
    step_up.answer(ctx, written[0])
    assert next_request(ctx).actor.otp_device.factor == "recovery_code"
    assert [proof.factor for proof in ctx.require_session().proofs()] == [
        "totp",
        "recovery_code",
    ]


def test_a_wrong_code_is_refused_and_told_and_the_user_stays(user, secret, moving):
    ctx = signed_in(user, secret)
    proofs = ctx.require_session().proofs()
    with pytest.raises(InvalidCode):
        step_up.answer(ctx, totp_code(secret, clock.timestamp() + 600))
    assert ctx.require_session().proofs() == proofs
    assert last_told().details == {"purpose": "step_up"}
    assert next_request(ctx).actor == user


def test_the_code_of_the_sign_in_does_not_serve_again(user, secret):
    ctx = signed_in(user, secret)
    with pytest.raises(InvalidCode):
        step_up.answer(ctx, totp_code(secret))
    assert last_told().reason == "replay"


def test_a_code_of_another_person_is_wrong(make_user, user, secret, moving):
    ctx = signed_in(user, secret)
    eves = add_totp(make_user("eve"))
    with pytest.raises(InvalidCode):
        step_up.answer(ctx, totp_code(eves))
    assert TOTPDevice.objects.get(user=user).failures == 1


def test_guesses_at_the_step_up_count_with_those_at_the_sign_in(user, secret, moving):
    ctx = signed_in(user, secret)
    MFAAccount.objects.update(failures=4, window_start=clock.now())
    ctx = next_request(ctx)
    with pytest.raises(TooManyAttempts):
        step_up.answer(ctx, totp_code(secret, clock.timestamp() + 600))
    assert told()[-1] == "account_locked"


@pytest.mark.parametrize("response", ["", None, "12", 123456])
def test_what_is_no_code_is_malformed(user, secret, response):
    with pytest.raises(MalformedCode):
        step_up.answer(signed_in(user, secret), response)


def test_a_factor_that_one_does_not_have_is_not_available(user, secret):
    ctx = signed_in(user, secret)
    with pytest.raises(FactorNotAvailable):
        step_up.answer(ctx, "ABCD-EFGH", factor="recovery_code")


def test_a_device_that_went_meanwhile_is_not_available(user, secret, monkeypatch):
    ctx = signed_in(user, secret)
    asked = step_up.factors_asked(ctx)
    monkeypatch.setattr(step_up, "factors_asked", lambda ctx: asked)
    TOTPDevice.objects.all().delete()
    with pytest.raises(FactorNotAvailable):
        step_up.answer(ctx, totp_code(secret))


# Fresh enough


def test_a_proof_is_fresh_for_a_quarter_of_an_hour(user, secret, moving):
    ctx = signed_in(user, secret)
    assert step_up.is_fresh(ctx)
    moving.tick(FRESH)
    assert step_up.is_fresh(ctx)
    moving.tick(1)
    assert not step_up.is_fresh(ctx)


def test_how_long_is_a_setting(user, secret, moving, settings):
    settings.DJANGO_MFA = {"STEP_UP": {"MAX_AGE": 60}}
    ctx = signed_in(user, secret)
    moving.tick(61)
    assert not step_up.is_fresh(ctx)


def test_the_password_is_fresh_enough_for_who_has_no_factor(user, moving):
    ctx = signed_in(user)
    moving.tick(FRESH)
    assert step_up.is_fresh(ctx)
    moving.tick(1)
    assert not step_up.is_fresh(ctx)


def test_a_password_from_the_future_is_not_fresh(user, moving):
    ctx = signed_in(user)
    moving.tick(-clock.SLACK)
    assert step_up.is_fresh(ctx)
    moving.tick(-1)
    assert not step_up.is_fresh(ctx)


def test_the_password_is_not_enough_for_who_has_a_factor(user):
    ctx = signed_in(user)
    add_totp(user)
    assert not step_up.is_fresh(ctx)


def test_a_disabled_factor_is_a_factor(user):
    ctx = signed_in(user)
    add_totp(user, disabled_at=clock.now())
    assert not step_up.is_fresh(ctx)


def test_recovery_codes_are_a_factor(user):
    ctx = signed_in(user)
    add_recovery_codes(user)
    assert not step_up.is_fresh(ctx)


def test_a_session_without_a_known_sign_in_is_not_fresh(user):
    ctx = signed_in(user)
    del ctx.require_session().store["_mfa_password_at"]
    assert not step_up.is_fresh(ctx)


def test_who_is_fresh_may_go_on(user, secret):
    step_up.require_fresh(signed_in(user, secret))


def test_who_is_not_fresh_is_told_what_to_show(user, secret, written, moving):
    ctx = signed_in(user, secret)
    moving.tick(FRESH + 1)
    with pytest.raises(StepUpRequired) as caught:
        step_up.require_fresh(ctx)
    assert caught.value.details == {
        "max_age": conf.get().STEP_UP.MAX_AGE,
        "methods": ["totp", "recovery_code"],
    }


def test_a_session_that_predates_the_package_is_not_fresh(user):
    ctx = signed_in(user)
    store = ctx.require_session().store
    for name in [name for name in dict(store.items()) if "_mfa_" in name]:
        del store[name]
    again = next_request(ctx)
    assert again.actor == user
    assert not step_up.is_fresh(again)


# The password again


def test_the_right_password_renews_the_session(user, moving):
    ctx = signed_in(user)
    moving.tick(FRESH + 1)
    before = ctx.require_session().store.session_key
    step_up.check_password(ctx, "pw")
    assert step_up.is_fresh(ctx)
    assert ctx.require_session().store.session_key != before
    assert next_request(ctx).actor == user


@pytest.mark.parametrize("password", ["", "wrong", "pw ", "x" * 5000])
def test_a_wrong_password_renews_nothing(user, moving, password):
    ctx = signed_in(user)
    moving.tick(FRESH + 1)
    with pytest.raises(WrongPassword):
        step_up.check_password(ctx, password)
    assert not step_up.is_fresh(ctx)


def test_a_backend_that_finds_somebody_else_renews_nothing(
    make_user, user, moving, monkeypatch
):
    ctx, bob = signed_in(user), make_user("bob")
    moving.tick(FRESH + 1)
    monkeypatch.setattr(step_up, "authenticate", lambda request, **given: bob)
    with pytest.raises(WrongPassword):
        step_up.check_password(ctx, "pw")
    assert not step_up.is_fresh(ctx)


def test_who_has_a_factor_cannot_use_the_password_instead(user, secret, moving):
    ctx = signed_in(user, secret)
    moving.tick(FRESH + 1)
    with pytest.raises(FactorNotAvailable):
        step_up.check_password(ctx, "pw")
    assert not step_up.is_fresh(ctx)
