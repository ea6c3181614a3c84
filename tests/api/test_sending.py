from __future__ import annotations

import re

import pytest

from django_mfa.testing import add_phone, sms_outbox
from tests.programs import Program

NUMBER = "+447700900123"


@pytest.fixture(autouse=True)
def texts(settings):
    """Codes go by text message into a list."""
    settings.DJANGO_MFA = {
        **settings.DJANGO_MFA,
        "FACTORS": ["totp", "sms", "recovery_code"],
        "SMS": {"GATEWAYS": ["locmem"]},
    }
    sms_outbox.clear()
    yield sms_outbox
    sms_outbox.clear()


def code_in(message):
    return re.search(r"\b\d{6}\b", message.text)[0]


def test_a_code_is_sent_and_answered(program, user, texts):
    add_phone(user, NUMBER)
    assert program.login(user).json()["methods"] == ["sms"]
    response = program.answer("mfa/challenge", {"method": "sms"})
    assert response.status_code == 200, response.content
    assert response.json()["detail"] == "Verification code sent via SMS"
    assert NUMBER not in str(response.json())
    done = program.answer("mfa/verify", {"code": code_in(texts[-1]), "method": "sms"})
    assert done.status_code == 200, done.content
    assert program.is_verified


def test_without_a_method_it_is_the_first_that_was_offered(program, user, texts):
    add_phone(user, NUMBER)
    program.login(user)
    told = program.answer("mfa/challenge", {}).json()
    assert told["method"] == "sms"
    done = program.answer("mfa/verify", {"code": code_in(texts[-1])})
    assert done.status_code == 200, done.content


def test_who_has_none_is_asked_for_none(program, user):
    program.login(user)
    response = program.post("mfa/challenge")
    assert response.status_code == 404
    assert response.json()["code"] == "factor_not_available"


def test_another_one_has_to_wait(program, user, texts, moving):
    add_phone(user, NUMBER)
    program.login(user)
    assert program.answer("mfa/sms/send", {}).status_code == 200
    soon = program.answer("mfa/sms/send", {})
    assert soon.status_code == 429
    assert int(soon.headers["Retry-After"]) > 0
    moving.tick(61)
    assert program.answer("mfa/sms/send", {}).status_code == 200
    assert len(texts) == 2


def test_a_phone_is_set_up(program, user, texts, settings):
    program.login(user)
    response = program.post("mfa/sms/setup", {"to": "+44 20 7946 0958"})
    if response.status_code == 400:  # the number is checked as everywhere else
        response = program.post("mfa/sms/setup", {"to": "+44 7400 123456"})
    assert response.status_code == 200, response.content
    done = program.post("mfa/sms/verify", {"code": code_in(texts[-1])})
    assert done.status_code == 200, done.content
    assert program.is_verified


def test_a_set_up_asked_for_twice_is_still_one(program, user, texts, moving):
    program.login(user)
    given = {"to": "+44 7400 123456"}
    assert program.post("mfa/sms/setup", given).status_code == 200
    assert program.post("mfa/sms/setup", given).status_code == 429
    done = program.post("mfa/sms/verify", {"code": code_in(texts[-1])})
    assert done.status_code == 200, done.content


def test_a_number_is_wanted(program, user):
    program.login(user)
    for given in ({}, {"to": ""}, {"to": "nothing"}, {"to": "+447400123456\n"}):
        assert program.post("mfa/sms/setup", given).status_code == 400


def test_without_a_word_it_is_ones_own_address(program, user, settings, mailoutbox):
    settings.DJANGO_MFA = {**settings.DJANGO_MFA, "FACTORS": ["email", "recovery_code"]}
    program.login(user)
    response = program.post("mfa/email/setup")
    assert response.status_code == 200, response.content
    assert mailoutbox[-1].to == [user.email]
    code = re.search(r"\b\d{6}\b", mailoutbox[-1].body)[0]
    assert program.post("mfa/email/verify", {"code": code}).status_code == 200


def test_only_what_is_sent_is_sent(program, user, secret):
    program.login(user)
    for method in ("totp", "recovery_code", "nothing"):
        assert program.answer(f"mfa/{method}/send", {}).status_code in (403, 404)


def test_a_code_serves_the_client_that_asked(cookieless, user, texts):
    add_phone(user, NUMBER)
    cookieless.login(user)
    cookieless.answer("mfa/sms/send", {})
    other = Program(cookieless.mount)
    other.login(user)
    wrong = other.answer("mfa/verify", {"code": code_in(texts[-1])})
    assert wrong.status_code == 400
    assert not other.is_in
