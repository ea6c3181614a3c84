from __future__ import annotations

import pytest

from django_mfa import conf
from django_mfa.challenges.models import Challenge
from django_mfa.errors import FactorNotAvailable, InvalidResponse
from django_mfa.flows import challenge, enrol, manage, passwordless
from django_mfa.policy.standing import Standing
from django_mfa.testing import (
    FakeAuthenticator,
    add_passkey,
    add_totp,
    freeze,
    session_context,
    totp_code,
)
from django_mfa.values import Credential
from tests.stories import held, last_told, next_request, signed_in, told

ORIGIN = "https://testserver"
BACKEND = "django_mfa.auth.MFAModelBackend"


def configure(settings, **passkey):
    settings.DJANGO_MFA = {**settings.DJANGO_MFA, "PASSKEY": passkey}


@pytest.fixture
def authenticator():
    return FakeAuthenticator("testserver", ORIGIN)


@pytest.fixture
def passkey(user, authenticator):
    return add_passkey(user, authenticator)


def sign_in(authenticator, ctx=None, next_url=""):
    ctx = ctx or session_context()
    answer = authenticator.get(passwordless.ask(ctx))
    return ctx, passwordless.answer(ctx, Credential(answer), next_url)


def test_a_passkey_alone_signs_its_owner_in(user, passkey, authenticator):
    ctx, arrived = sign_in(authenticator, next_url="/transfer/")
    assert (arrived.is_held, arrived.next_url) == (False, "/transfer/")
    assert arrived.proof.factors == 2
    seen = next_request(ctx)
    assert seen.actor == user
    assert seen.require_session().password_at() is None
    assert told() == ["challenge_passed"]


def test_what_waited_for_another_person_is_forgotten(
    make_user, passkey, user, authenticator
):
    bob = make_user("bob")
    add_totp(bob)
    ctx, _arrived = sign_in(authenticator, held(bob))
    assert ctx.require_session().hold() is None
    assert next_request(ctx).actor == user


def test_where_a_passkey_is_not_enough_another_factor_is_asked_for(
    user, passkey, authenticator, settings
):
    configure(settings, SATISFIES_MFA=False)
    secret = add_totp(user)
    ctx, arrived = sign_in(authenticator)
    assert arrived.is_held
    assert arrived.proof.factors == 1
    assert [kind.slug for kind in challenge.factors_asked(ctx)] == ["totp"]
    challenge.answer(ctx, totp_code(secret))
    assert next_request(ctx).actor == user


def test_what_is_told_of_such_a_sign_in_is_what_was_really_shown(
    user, passkey, authenticator, settings
):
    configure(settings, SATISFIES_MFA=False)
    secret = add_totp(user)
    ctx, _arrived = sign_in(authenticator)
    challenge.answer(ctx, totp_code(secret))
    session = next_request(ctx).require_session()
    assert session.password_at() is None
    assert [proof.factor for proof in session.proofs()] == ["passkey", "totp"]
    assert Standing(session).amr == ("hwk", "user", "pin", "otp", "mfa")


def test_a_password_after_a_passkey_that_was_not_enough_is_told_alone(
    user, passkey, authenticator, settings
):
    configure(settings, SATISFIES_MFA=False)
    secret = add_totp(user)
    ctx, _arrived = sign_in(authenticator)
    ctx.require_session().begin_hold(user, BACKEND, owed="proof", factors=("totp",))
    challenge.answer(ctx, totp_code(secret))
    session = next_request(ctx).require_session()
    assert Standing(session).amr == ("pwd", "otp", "mfa")


def test_where_it_is_not_enough_and_there_is_no_other_nobody_gets_in(
    passkey, authenticator, settings
):
    configure(settings, SATISFIES_MFA=False)
    ctx = session_context()
    with pytest.raises(FactorNotAvailable):
        sign_in(authenticator, ctx)
    assert ctx.require_session().hold() is None
    assert next_request(ctx).actor is None
    assert told() == ["challenge_failed"]


def test_a_site_can_do_without(passkey, settings):
    configure(settings, PASSWORDLESS=False)
    assert not passwordless.is_offered(session_context())
    with pytest.raises(FactorNotAvailable):
        passwordless.ask(session_context())


def test_without_the_factor_it_is_not_offered(settings, db):
    settings.DJANGO_MFA = {"FACTORS": ["totp", "recovery_code"]}
    assert not passwordless.is_offered(session_context())


def test_a_backend_that_refuses_the_user_is_passed_over(
    user, passkey, authenticator, settings
):
    user.is_active = False
    user.save()
    with pytest.raises(InvalidResponse):
        sign_in(authenticator)
    assert last_told().reason == "user_not_allowed"
    settings.AUTHENTICATION_BACKENDS = [
        "django_mfa.auth.MFAModelBackend",
        "django.contrib.auth.backends.AllowAllUsersModelBackend",
    ]
    ctx, _arrived = sign_in(authenticator)
    backend = ctx.require_session().store["_auth_user_backend"]
    assert backend.endswith("AllowAllUsersModelBackend")


def test_a_typed_name_is_answered_with_passkeys_whoever_it_is(user, passkey, settings):
    asked = [
        passwordless.ask(session_context(), name)
        for name in (user.get_username(), "nobody")
    ]
    (real,), (made_up,) = (each["allowCredentials"] for each in asked)
    assert real["id"] == passkey.credential_id
    assert set(real) == set(made_up)
    again = passwordless.ask(session_context(), "nobody")["allowCredentials"]
    assert again == [made_up]
    configure(settings, DECOYS=False)
    assert passwordless.ask(session_context(), "nobody")["allowCredentials"] == []


def test_only_factors_that_ask_are_asked(user, passkey):
    add_totp(user)
    ctx = held(user)
    for slug in ("totp", "no_such"):
        with pytest.raises(FactorNotAvailable):
            challenge.ask(ctx, slug)


def test_only_factors_that_ask_are_enrolled_by_asking(user):
    ctx = signed_in(user)
    with pytest.raises(FactorNotAvailable):
        enrol.ask(ctx, "totp")


def test_a_browser_adds_a_passkey_by_itself_for_who_has_a_factor(
    user, authenticator, settings
):
    assert not enrol.may_add_silently(session_context())
    configure(settings, CONDITIONAL_CREATE=True)
    ctx = signed_in(user)
    assert not enrol.may_add_silently(ctx)
    with pytest.raises(FactorNotAvailable):
        enrol.ask(ctx, "passkey", conditional=True)
    ctx = signed_in(user, add_totp(user))
    assert enrol.may_add_silently(ctx)
    authenticator.user_present = False
    asked = enrol.ask(ctx, "passkey", conditional=True)
    shown = ctx.require_session().proofs()
    done = enrol.confirm(ctx, "passkey", Credential(authenticator.create(asked)))
    assert done.recovery_codes == ()
    assert ctx.require_session().proofs() == shown, "nobody touched it"
    asked = enrol.ask(next_request(ctx), "passkey")
    with pytest.raises(InvalidResponse):
        enrol.confirm(
            ctx,
            "passkey",
            Credential(authenticator.create({**asked, "excludeCredentials": []})),
        )


def test_what_the_browser_should_know_is_there_for_passkeys_alone(user, passkey):
    ctx = signed_in_by_passkey = session_context(user=user)
    known = manage.accepted(signed_in_by_passkey, "passkey")
    assert known["allAcceptedCredentialIds"] == [passkey.credential_id]
    assert known["rpId"] == "testserver"
    with pytest.raises(FactorNotAvailable):
        manage.accepted(ctx, "totp")


def test_who_may_not_sign_in_is_refused_with_a_right_passkey(
    user, passkey, authenticator
):
    user.is_active = False
    user.save()
    with pytest.raises(InvalidResponse):
        sign_in(authenticator)
    assert last_told().reason == "user_not_allowed"


def test_a_backend_that_says_nothing_of_users_lets_in_who_is_active(user, settings):
    path = "django.contrib.auth.backends.BaseBackend"
    settings.AUTHENTICATION_BACKENDS = [path]
    assert passwordless._backend_for(user) == path
    user.is_active = False
    assert passwordless._backend_for(user) is None


def test_questions_of_strangers_do_not_pile_up(user, passkey, authenticator):
    with freeze() as clock:
        for _ in range(50):
            passwordless.ask(session_context())
        clock.tick(conf.get().PASSKEY.TIMEOUT - 1)
        open_still = session_context()
        options = passwordless.ask(open_still)
        assert Challenge.objects.count() == 51
        clock.tick(1)
        for _ in range(3):
            passwordless.ask(session_context())
        assert Challenge.objects.count() == 4
        # What is open stays, however many ask, and none of them is refused.
        passwordless.answer(open_still, Credential(authenticator.get(options)))
        assert next_request(open_still).actor == user
