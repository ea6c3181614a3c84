"""Who may not ask is told so, whatever they sent; who may, what is wrong with it."""

from __future__ import annotations

import pytest

from django_mfa.testing import totp_code

WRONG = (
    ("POST", "mfa/totp/verify"),
    ("POST", "mfa/confirm"),
    ("POST", "mfa/enable"),
    ("POST", "mfa/app-passwords"),
    ("DELETE", "mfa/device"),
    ("POST", "mfa/approvals"),
    ("POST", "mfa/backup-codes/regenerate"),
    ("POST", "mfa/step-up"),
    ("POST", "passkey/register/begin"),
    ("POST", "passkey/register/complete"),
    ("POST", "mfa/admin/users/1/reset"),
)
BODY = {"phone": 7, "name": ["x"], "conditional": "x", "reason": {}}


@pytest.mark.parametrize(("method", "path"), WRONG)
def test_nobody_learns_nothing_of_the_fields(program, db, method, path):
    if program.has_session:
        program.get("mfa/status")
    response = program.send(method, path, BODY)
    assert response.status_code == 401, response.content
    assert response.json()["code"] == "login_expired"


@pytest.mark.parametrize(("method", "path"), WRONG[:-1])
def test_E01_who_owes_a_proof_is_told_that_first(program, user, secret, method, path):
    program.login(user)
    token = {"mfa_token": program.token}
    response = program.send(method, path, {**BODY, **token})
    assert response.status_code in (401, 403), response.content
    assert "errors" not in response.json()
    assert program.answer("mfa/verify", {"code": totp_code(secret)}).status_code == 200


def test_D01_who_may_not_act_upon_others_is_told_that_first(program, user, secret):
    program.enter(user, secret)
    response = program.post(f"mfa/admin/users/{user.pk}/reset", BODY)
    assert response.status_code == 403
    assert response.json()["code"] == "not_permitted"


@pytest.mark.parametrize(("method", "path"), WRONG[:5] + WRONG[-2:-1])
def test_who_may_ask_is_told_what_is_wrong(program, user, secret, method, path):
    program.enter(user, secret)
    response = program.send(method, path, BODY)
    assert response.status_code == 400
    assert response.json()["errors"]
