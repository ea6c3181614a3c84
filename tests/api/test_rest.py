"""What is left: trusted browsers, giving up, the password as a proof, faults."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from unittest import mock

import pytest
from django.contrib.auth import get_user_model
from django.db import DatabaseError
from rest_framework import exceptions

from django_mfa.api import problems
from django_mfa.api.parsers import TooLarge
from django_mfa.clients import stores
from django_mfa.clients.models import ClientSession
from django_mfa.errors import ReasonRequired
from django_mfa.flows.administer import unlock
from django_mfa.flows.prune import prune
from django_mfa.session import Context
from django_mfa.testing import totp_code
from django_mfa.trusted_devices.models import TrustedDevice
from tests.programs import Program


def test_a_browser_is_trusted_listed_and_trusted_no_more(
    user, secret, settings, moving
):
    settings.DJANGO_MFA = {**settings.DJANGO_MFA, "TRUSTED_DEVICES": {"ENABLED": True}}
    browser = Program("v1/auth")
    browser.login(user)
    browser.post("mfa/verify", {"code": totp_code(secret), "trust": True})
    (row,) = browser.get("mfa/trusted-devices").json()["trusted_devices"]
    assert row["current"] is True
    path = f"mfa/trusted-devices/{row['id']}"
    assert browser.patch(path, {"name": "Home"}).status_code == 200
    assert TrustedDevice.objects.get().name == "Home"
    again = Program("v1/auth")
    again.client.cookies = browser.client.cookies.copy()
    del again.client.cookies["sessionid"]
    assert again.login(user).json() == {"mfa_required": False}
    assert not again.is_verified
    assert browser.delete(path).status_code == 200
    assert browser.delete("mfa/trusted-devices").status_code == 200
    assert not TrustedDevice.objects.exists()


def test_who_has_time_is_told_until_when(program, user, settings, moving):
    rule = {"who": "everyone", "grace_days": 7}
    settings.DJANGO_MFA = {**settings.DJANGO_MFA, "POLICIES": [rule]}
    program.login(user)
    until = datetime.fromtimestamp(moving.at, UTC) + timedelta(days=7)
    response = program.get("mfa/status")
    assert response.headers["X-MFA-Grace"] == until.isoformat()
    secret = program.post("mfa/totp/setup").json()["secret"].replace(" ", "")
    program.post("mfa/totp/verify", {"code": totp_code(secret)})
    assert "X-MFA-Grace" not in program.get("mfa/status").headers


def test_a_program_is_no_browser_to_be_trusted(cookieless, user, secret, settings):
    settings.DJANGO_MFA = {**settings.DJANGO_MFA, "TRUSTED_DEVICES": {"ENABLED": True}}
    cookieless.login(user)
    cookieless.answer("mfa/verify", {"code": totp_code(secret), "trust": True})
    assert cookieless.is_verified
    assert not TrustedDevice.objects.exists()
    assert cookieless.get("mfa/trusted-devices").json()["trusted_devices"] == []


def test_a_sign_in_is_given_up(program, user, secret):
    program.login(user)
    assert program.answer("login/cancel", {}).status_code == 200
    response = program.answer("mfa/verify", {"code": totp_code(secret)})
    assert response.status_code == 401
    assert program.answer("login/cancel", {}).status_code == 401


def test_who_is_in_gives_nothing_up(program, user, secret):
    program.enter(user, secret)
    assert program.post("login/cancel").status_code == 401
    assert program.is_verified


def test_the_password_is_the_proof_of_those_without_a_factor(program, user, moving):
    program.login(user)
    moving.tick(901)
    assert program.post("mfa/totp/setup").json()["code"] == "step_up_required"
    wrong = program.post("mfa/step-up", {"password": "no"})
    assert (wrong.status_code, wrong.json()["code"]) == (400, "wrong_password")
    assert program.post("mfa/step-up", {"password": "pw"}).status_code == 200
    assert program.post("mfa/totp/setup").status_code == 200


def test_a_challenge_for_a_code_asks_for_it(program, user, secret):
    program.login(user)
    asked = program.answer("mfa/challenge", {"method": "totp"})
    assert asked.json() == {"method": "totp", "detail": "Enter the code."}
    for method in ("passkey", "sms", "nothing"):
        response = program.answer("mfa/challenge", {"method": method})
        assert response.json()["code"] == "factor_not_available"


def test_one_response_is_answered(program, user, secret):
    program.login(user)
    both = {"code": totp_code(secret), "credential": {}}
    for given in ({}, both):
        response = program.answer("mfa/verify", given)
        assert response.json()["code"] == "malformed_code"
    assert not program.is_in


def test_a_passkey_is_set_up_at_its_own_address(program, user):
    program.login(user)
    assert program.post("mfa/passkey/setup").status_code == 404


def test_F02_a_database_that_fails_is_no_500(program, user, secret):
    program.enter(user, secret)
    with mock.patch(
        "django_mfa.api.views.devices.manage.overview", side_effect=DatabaseError
    ):
        response = program.get("mfa/devices")
    assert response.status_code == 503
    assert response.json()["code"] == "temporarily_unavailable"
    assert program.is_verified


def test_what_nobody_foresaw_is_an_error(program, user, secret):
    program.enter(user, secret)
    program.client.raise_request_exception = True
    with (
        mock.patch(
            "django_mfa.api.views.devices.manage.overview",
            side_effect=ZeroDivisionError,
        ),
        pytest.raises(ZeroDivisionError),
    ):
        program.get("mfa/devices")


def test_a_body_without_an_honest_length_is_too_large(program, db):
    response = program.client.post(
        f"/api/{program.mount}/login", "{}", "application/json", CONTENT_LENGTH="x"
    )
    assert response.status_code in (400, 413)
    response = program.send("POST", "login", {"username": "x" * 70_000})
    assert (response.status_code, response.json()["code"]) == (413, "too_large")


def test_the_words_of_the_framework_are_kept():
    found = problems.answer(exceptions.Throttled(wait=7))
    assert (found.status_code, found.headers["Retry-After"]) == (429, "7")
    assert b"throttled" in found.content
    assert problems.answer(TooLarge()).status_code == 413
    assert problems.answer(exceptions.ValidationError(["no"])).status_code == 400
    assert problems.answer(ZeroDivisionError()) is None


def test_the_shell_unlocks_and_says_why(user):
    with pytest.raises(ReasonRequired):
        unlock(Context(), user, " ")
    unlock(Context(), user, "asked by phone")


def test_set_ups_of_signed_tokens_go_when_they_are_over(user, secret, moving):
    program = Program("app").enter(user, secret)
    program.post("mfa/totp/setup")
    assert ClientSession.objects.count() == 1
    assert str(ClientSession.objects.get())
    moving.tick(601)
    assert prune()["clients"] == 1


def test_what_a_token_has_shown_goes_with_its_user(user, secret):
    Program("token").enter(user, secret)
    assert ClientSession.objects.count() == 1
    get_user_model()._default_manager.all().delete()
    assert not ClientSession.objects.exists()


def test_a_store_tells_nothing_of_itself(user):
    store = stores.PendingStore.of("agent")
    assert repr(store) == "<PendingStore>"
    assert not store.exists("anything")
    store.create()
    store.flush()
    assert not dict(store.items())
    memory = stores.ClientStore("key")
    memory.save()
    memory.cycle_key()
    assert memory.load() == {}
    assert memory.client_key == "key"
    assert "key" not in memory.name
