from __future__ import annotations

import base64
from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from rest_framework.authtoken.models import Token
from rest_framework_simplejwt.tokens import AccessToken, RefreshToken

from django_mfa import clock
from django_mfa.accounts import service as accounts
from django_mfa.clients import issuer as issuers
from django_mfa.clients.models import ClientSession
from django_mfa.integrations.simplejwt import JWTIssuer
from django_mfa.policy.models import Exemption
from django_mfa.testing import FakeAuthenticator, add_passkey, add_totp, totp_code
from tests.stories import queries

pytestmark = pytest.mark.urls("tests.api_site")


def look(program, path):
    return program.client.get(f"/s/{path}", headers=program.headers)


def test_a_verified_client_is_let_in(program, user, secret):
    program.enter(user, secret)
    for path in ("plain", "verified", "recent", "recent-default", "strong", "either"):
        assert look(program, path).status_code == 200, path


def test_a_client_with_the_password_alone_is_told_to_enrol(program, user):
    program.login(user)
    assert look(program, "plain").status_code == 200
    response = look(program, "verified")
    assert response.status_code == 403
    assert response.json()["code"] == "mfa_enrolment_required"
    assert response.json()["mfa_required"] is True


@pytest.mark.parametrize("path", ["verified", "recent", "strong", "both"])
def test_nobody_is_let_in_unknown(program, db, path):
    response = look(program, path)
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"]


def test_nobody_may_be_none(program, db, settings):
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "UNAUTHENTICATED_USER": None}
    assert look(program, "verified").status_code == 401
    program.get("mfa/status")
    response = program.post("passkey/authenticate/begin")
    assert response.status_code in (200, 404)  # 404: passkeys are not offered here


def test_a_token_made_by_a_password_shows_nothing(user, secret, program):
    add_totp(user)
    token, _made = Token.objects.get_or_create(user=user)
    program.headers = {"Authorization": f"Token {token.key}"}
    assert look(program, "plain").status_code == 200
    response = look(program, "verified")
    assert response.status_code == 403
    assert response.json() == {
        "code": "mfa_required",
        "detail": response.json()["detail"],
        "mfa_required": True,
        "methods": ["totp"],
    }
    assert "insufficient_user_authentication" in response.headers["WWW-Authenticate"]


def test_a_pair_made_by_a_password_shows_nothing(user, secret, program):
    pair = program.client.post(
        "/s/obtain",
        {"username": user.get_username(), "password": "pw"}
        if user.USERNAME_FIELD == "username"
        else {user.USERNAME_FIELD: user.get_username(), "password": "pw"},
        content_type="application/json",
    ).json()
    program.headers = {"Authorization": f"Bearer {pair['access']}"}
    assert look(program, "plain").status_code == 200
    assert look(program, "verified").json()["code"] == "mfa_required"


@pytest.mark.parametrize("kind", [str, str.encode])
def test_each_pair_made_elsewhere_has_a_name_of_its_own(user, kind):
    def name_of(token):
        del token.payload["jti"]  # a site may have it under another name, or not at all
        read = AccessToken(kind(str(token)), verify=False)
        return JWTIssuer().store_of(user, read, whole=False).name

    first, second = AccessToken.for_user(user), AccessToken.for_user(user)
    second["site"] = "another"
    assert name_of(first) != name_of(second)


def test_basic_credentials_show_nothing(user, secret, program):
    given = base64.b64encode(f"{user.get_username()}:pw".encode()).decode()
    program.headers = {"Authorization": f"Basic {given}"}
    assert look(program, "plain").status_code == 200
    assert look(program, "verified").status_code == 403


def test_basic_credentials_do_not_borrow_the_session_beside_them(
    make_user, user, secret
):
    from tests.programs import Program

    browser = Program("v1/auth").enter(user, secret)
    bob = make_user("bob")
    given = base64.b64encode(f"{bob.get_username()}:pw".encode()).decode()
    browser.headers = {"Authorization": f"Basic {given}"}
    assert look(browser, "plain").json()["user"] == bob.get_username()
    assert look(browser, "verified").status_code == 403


def test_a_proof_grows_old(program, user, secret, moving):
    program.enter(user, secret)
    moving.tick(301)
    response = look(program, "recent")
    assert response.status_code == 403
    assert response.json()["code"] == "step_up_required"
    assert response.json()["max_age"] == 300
    assert response.headers["WWW-Authenticate"] == (
        'Bearer error="insufficient_user_authentication", max_age=300'
    )
    assert look(program, "verified").status_code == 200
    step = program.post("mfa/step-up", {"code": totp_code(secret)})
    assert step.status_code == 200, step.content
    assert look(program, "recent").status_code == 200


def test_fresh_is_what_the_policies_say(program, user, secret, moving, settings):
    strict = {"who": "everyone", "grace_days": 0, "step_up_age": 60}
    settings.DJANGO_MFA = {**settings.DJANGO_MFA, "POLICIES": [strict]}
    program.enter(user, secret)
    assert look(program, "recent-default").status_code == 200
    moving.tick(61)
    response = look(program, "recent-default")
    assert response.status_code == 403
    assert response.json()["max_age"] == 60
    assert look(program, "recent").status_code == 200  # it names an age of its own


def test_a_level_that_was_not_reached_is_named(program, user, secret):
    program.enter(user, secret)
    response = look(program, "stronger")
    assert response.status_code == 403
    assert response.json()["acr_values"] == "aal3"
    assert 'acr_values="aal3"' in response.headers["WWW-Authenticate"]


def test_U09_a_code_is_no_protection_from_phishing(program, user, secret):
    program.enter(user, secret)
    response = look(program, "phishing")
    assert response.status_code == 403
    assert response.json()["code"] == "step_up_required"
    # Nothing of theirs will do: here is what would.
    assert response.json()["methods"] == ["passkey"]
    key = FakeAuthenticator("testserver", "https://testserver")
    add_passkey(user, key)
    assert look(program, "phishing").json()["methods"] == ["passkey"]


@pytest.mark.parametrize("spared", ["by grace", "by exemption", "not at all"])
def test_who_has_time_or_is_exempt_is_let_in_as_by_the_pages(
    program, user, secret, settings, spared
):
    program.enter(user, secret)
    keys = {"who": "everyone", "phishing_resistant": True, "grace_days": 0}
    if spared == "by grace":
        keys["grace_days"] = 7
    settings.DJANGO_MFA = {**settings.DJANGO_MFA, "POLICIES": [keys]}
    if spared == "by exemption":
        until = clock.now() + timedelta(days=1)
        Exemption.objects.create(user=user, reason="New phone", expires=until)
    expected = 403 if spared == "not at all" else 200
    assert program.get("mfa/devices").status_code == expected
    for path in ("verified", "recent"):
        assert look(program, path).status_code == expected, path


def test_permissions_compose(program, user, secret, make_user):
    program.enter(user, secret)
    assert look(program, "both").status_code == 403
    get_user_model()._default_manager.filter(pk=user.pk).update(is_staff=True)
    assert look(program, "both").status_code == 200


def test_what_another_permission_allows_is_not_refused(program, user):
    program.login(user)
    get_user_model()._default_manager.filter(pk=user.pk).update(is_staff=True)
    if not program.has_session:  # the session of staff without a factor is held
        assert look(program, "either").status_code == 200


def test_what_a_view_refuses_by_itself_is_its_own_to_say(program, user):
    program.login(user)
    response = look(program, "poor")
    assert response.status_code == 403
    assert response.json() == {"code": "poor", "detail": "Not enough money."}


def test_a_change_of_factors_ends_the_proofs_of_every_other_client(
    program, user, secret
):
    program.enter(user, secret)
    accounts.begin_change(user)
    assert look(program, "verified").status_code in (401, 403)


def test_a_change_of_the_password_ends_them_too(program, user, secret):
    program.enter(user, secret)
    user.set_password("new")
    user.save()
    assert look(program, "verified").status_code in (401, 403)


def test_a_client_that_lost_its_proofs_shows_a_factor_again(cookieless, user, secret):
    cookieless.enter(user, secret)
    accounts.begin_change(user)
    assert not cookieless.is_verified
    from django_mfa import clock

    clock.set_frozen(clock.timestamp() + 60)
    response = cookieless.post("mfa/step-up", {"code": totp_code(secret)})
    assert response.status_code == 200, response.content
    assert cookieless.is_verified
    assert look(cookieless, "verified").status_code == 200


def test_a_user_made_of_claims_alone_is_refused(user, secret):
    from tests.programs import Program

    program = Program("app").enter(user, secret)
    assert look(program, "stateless").status_code == 403


def test_a_new_sign_in_ends_the_token_before(user, secret, codes):
    from tests.programs import Program

    first = Program("token")
    token = Token.objects.create(user=user)
    first.headers = {"Authorization": f"Token {token.key}"}
    Program("token").enter(user, secret)
    assert look(first, "plain").status_code == 401


def test_what_was_shown_for_a_token_goes_with_it(user, secret, moving):
    from tests.programs import Program

    for _sign_in in range(3):
        moving.tick(60)
        Program("token").enter(user, secret)
    assert ClientSession.objects.count() == 1
    issuers.end_all(user)
    assert not ClientSession.objects.exists()


def test_claims_say_what_was_shown(user, secret, moving):
    from tests.programs import Program

    program = Program("app").enter(user, secret)
    claims = AccessToken(program.headers["Authorization"].split()[1], verify=False)
    assert claims["amr"] == ["pwd", "otp", "mfa"]
    assert claims["acr"] == "aal2"
    assert claims["auth_time"] == int(moving.at)
    text = str(claims.payload)
    assert secret not in text


def test_a_refreshed_pair_keeps_its_claims(user, secret):
    from tests.programs import Program

    program = Program("app").enter(user, secret)
    pair = program.client.post(
        "/api/app/refresh",
        {"refresh": program.refresh},
        content_type="application/json",
    ).json()
    old = RefreshToken(program.refresh)
    new = AccessToken(pair["access"])
    for claim in ("amr", "acr", "auth_time", "mfa", "mfa_state", "sid"):
        assert new[claim] == old[claim]
    program.headers = {"Authorization": f"Bearer {pair['access']}"}
    assert look(program, "verified").status_code == 200


def test_a_pair_that_came_to_its_end_is_not_refreshed(user, secret):
    from tests.programs import Program

    program = Program("app").enter(user, secret)
    accounts.begin_change(user)
    response = program.client.post(
        "/api/app/refresh",
        {"refresh": program.refresh},
        content_type="application/json",
    )
    assert response.status_code == 401


@pytest.mark.parametrize(("mount", "most"), [("v1/auth", 3), ("token", 3), ("app", 2)])
def test_a_look_at_the_proofs_is_cheap(user, secret, mount, most):
    from tests.programs import Program

    program = Program(mount).enter(user, secret)
    look(program, "verified")
    with queries() as asked:
        assert look(program, "verified").status_code == 200
    assert len(asked) <= most, asked
