"""Rules of the setting beside the API: they lock nobody out of proving themselves."""

from __future__ import annotations

import pytest

from django_mfa.testing import add_phone, totp_code
from tests.sent import SETTINGS, last_sms

SIXTEEN_MINUTES = 16 * 60


@pytest.fixture(autouse=True)
def everything(sends, settings):
    """A rule asks of every address for a fresh proof."""
    rules = {"STEP_UP": {"TRIGGERS": [{"path": "*"}]}}
    settings.DJANGO_MFA = {**settings.DJANGO_MFA, **SETTINGS, **rules}


def test_somebody_signs_in_and_steps_up(program, user, secret, moving):
    assert program.login(user).status_code == 200
    done = program.answer("mfa/verify/", {"code": totp_code(secret)})
    assert done.status_code == 200, done.content
    moving.tick(SIXTEEN_MINUTES)
    done = program.post("mfa/step-up/", {"code": totp_code(secret)})
    assert done.status_code == 200, done.content


def test_somebody_is_sent_a_code_and_steps_up(program, user, moving):
    add_phone(user)
    program.login(user)
    program.answer("mfa/challenge", {"method": "sms"})
    assert program.answer("mfa/verify", {"code": last_sms()}).status_code == 200
    moving.tick(SIXTEEN_MINUTES)
    assert program.post("mfa/sms/send", {}).status_code == 200
    assert program.post("mfa/step-up", {"code": last_sms()}).status_code == 200


def test_who_must_set_up_a_factor_does(program, staff):
    told = program.login(staff).json()
    assert told["code"] == "mfa_enrolment_required"
    shown = program.answer("mfa/totp/setup", {}).json()
    code = totp_code(shown["secret"].replace(" ", ""))
    assert program.answer("mfa/totp/verify", {"code": code}).status_code == 200


def test_everything_else_wants_a_fresh_proof_of_browsers(client, user, secret, moving):
    login = {"username": user.get_username(), "password": "pw"}
    client.post("/api/v1/auth/login", login, content_type="application/json")
    code = {"code": totp_code(secret)}
    client.post("/api/v1/auth/mfa/verify", code, content_type="application/json")
    for place in ("mfa/devices", "mfa/devices/"):
        assert client.get(f"/api/v1/auth/{place}").status_code == 200
    moving.tick(SIXTEEN_MINUTES)
    for place in ("mfa/devices", "mfa/devices/"):
        answer = client.get(f"/api/v1/auth/{place}", headers={"accept": "text/json"})
        assert answer.status_code == 403
        assert answer.json()["code"] == "step_up_required"
