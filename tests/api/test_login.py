from __future__ import annotations

import pytest

from django_mfa.testing import totp_code
from tests.browser import wrong_code
from tests.programs import Program


def test_a_password_alone_lets_in_who_owes_nothing(program, user):
    response = program.login(user)
    assert response.status_code == 200
    assert response.json()["mfa_required"] is False
    assert program.is_in
    assert not program.is_verified


def test_who_has_a_factor_is_told_to_show_it(program, user, secret):
    response = program.login(user)
    told = response.json()
    assert response.status_code == 200
    assert told["mfa_required"] is True
    assert told["code"] == "mfa_required"
    assert told["methods"] == ["totp"]
    assert told["expires_in"] == 900
    assert not program.is_in


def test_the_token_goes_by_two_names_and_tells_nothing(program, user, secret):
    told = program.login(user).json()
    assert told["mfa_token"] == told["session_id"]
    assert len(told["mfa_token"]) == 43
    assert user.get_username() not in told["mfa_token"]
    again = Program(program.mount).login(user).json()
    assert again["mfa_token"] != told["mfa_token"]


def test_password_and_code_let_in(program, user, secret):
    program.enter(user, secret)
    assert program.is_in
    assert program.is_verified


@pytest.mark.parametrize("path", ["login/mfa", "mfa/verify", "mfa/verify/"])
def test_verify_has_two_names(program, user, secret, path):
    program.login(user)
    assert program.answer(path, {"code": totp_code(secret)}).status_code == 200
    assert program.is_verified


def test_an_old_token_keeps_nobody_from_a_new_sign_in(cookieless, user, secret):
    old = {"token": "Token " + "0" * 40, "app": "Bearer a.b.c"}[cookieless.mount]
    cookieless.headers = {"Authorization": old}
    assert not cookieless.is_in
    cookieless.enter(user, secret)
    assert cookieless.is_verified


def test_an_old_token_is_no_sign_in_that_waits(cookieless, db):
    cookieless.headers = {"Authorization": "Bearer a.b.c"}
    response = cookieless.post("mfa/verify", {"code": "123456"})
    assert response.status_code == 401
    assert response.json()["code"] == "token_not_valid"
    assert response.headers["WWW-Authenticate"]


def test_a_wrong_code_lets_nobody_in(program, user, secret):
    program.login(user)
    response = program.answer("mfa/verify", {"code": wrong_code(secret)})
    assert response.status_code == 400
    assert response.json()["code"] == "invalid_code"
    assert response.json()["detail"] == "Invalid verification code"
    assert response.json()["hint"].startswith("Check")
    assert not program.is_in
    assert program.answer("mfa/verify", {"code": totp_code(secret)}).status_code == 200


def test_the_token_of_a_browser_opens_nothing_without_its_session(user, secret):
    browser = Program("v1/auth")
    browser.login(user)
    thief = Program("v1/auth")
    thief.get("mfa/status")
    for token in (browser.token, ""):
        thief.token = token
        response = thief.answer("mfa/verify", {"code": totp_code(secret)})
        assert response.status_code == 401
        assert response.json()["code"] == "login_expired"
    assert browser.answer("mfa/verify", {"code": totp_code(secret)}).status_code == 200


def test_a_browser_need_not_send_its_token(user, secret):
    browser = Program("v1/auth")
    browser.login(user)
    assert browser.post("mfa/verify", {"code": totp_code(secret)}).status_code == 200
    assert browser.is_verified


def test_the_token_of_a_browser_does_not_stand_for_its_csrf_token(user, secret):
    browser = Program("v1/auth")
    browser.login(user)
    response = browser.client.post(
        "/api/v1/auth/mfa/verify",
        {"mfa_token": browser.token, "code": totp_code(secret)},
        content_type="application/json",
    )
    assert response.status_code == 403
    assert response.json()["code"] == "csrf_failed"


def test_a_token_is_good_for_one_sign_in(program, user, secret, codes):
    program.enter(user, secret)
    again = Program(program.mount)
    if again.has_session:
        again.get("mfa/status")
    again.token = program.token
    response = again.answer("mfa/verify", {"code": codes[0]})
    assert response.status_code == 401
    assert response.json()["code"] == "login_expired"
    assert not again.is_in


def test_a_token_is_over_after_fifteen_minutes(program, user, secret, moving):
    program.login(user)
    moving.tick(901)
    response = program.answer("mfa/verify", {"code": totp_code(secret)})
    assert response.status_code == 401
    assert response.json()["code"] == "login_expired"


def test_a_token_opens_nothing_for_another_program(cookieless, user, secret):
    cookieless.login(user)
    thief = Program(cookieless.mount, headers={"User-Agent": "thief/1.0"})
    thief.token = cookieless.token
    assert thief.answer("mfa/verify", {"code": totp_code(secret)}).status_code == 401
    response = cookieless.answer("mfa/verify", {"code": totp_code(secret)})
    assert response.status_code == 200


def test_an_unknown_name_reads_like_a_wrong_password(program, user, make_user):
    unknown = make_user("nobody")
    unknown.delete()
    wrong, missing = program.login(user, "nope"), program.login(unknown)
    assert wrong.status_code == missing.status_code == 401
    assert wrong.json() == missing.json()
    assert wrong.json()["code"] == "wrong_credentials"


def test_wrong_passwords_are_limited_by_address(program, user):
    for _try in range(10):
        assert program.login(user, "nope").status_code == 401
    response = program.login(user)
    assert response.status_code == 429
    assert int(response.headers["Retry-After"]) > 0
    other = Program(program.mount, REMOTE_ADDR="192.0.2.77")
    assert other.login(user).status_code == 200


def test_wrong_passwords_do_not_lock_the_factor(program, user, secret):
    for _try in range(10):
        program.login(user, "nope")
    other = Program(program.mount, REMOTE_ADDR="192.0.2.77")
    assert other.enter(user, secret).is_verified


def test_who_must_enrol_does_so_with_the_same_token(program, staff):
    told = program.login(staff).json()
    assert told["mfa_required"] is True
    assert told["code"] == "mfa_enrolment_required"
    assert not program.is_in
    shown = program.answer("mfa/totp/setup", {}).json()
    secret = shown["secret"].replace(" ", "")
    response = program.answer("mfa/totp/verify", {"code": totp_code(secret)})
    assert response.status_code == 200, response.content
    assert len(response.json()["backup_codes"]) == 10
    assert program.is_verified


def test_who_owes_a_proof_sets_up_nothing(program, user, secret):
    program.login(user)
    response = program.answer("mfa/totp/setup", {})
    assert response.status_code == 403
    assert response.json()["code"] == "mfa_required"
