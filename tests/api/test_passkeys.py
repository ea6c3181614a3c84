from __future__ import annotations

import json

import pytest

from django_mfa import conf
from django_mfa.audit.models import AuditEvent
from django_mfa.challenges.models import Challenge
from django_mfa.factors.passkey.models import Passkey
from django_mfa.testing import FakeAuthenticator, add_passkey, add_totp, totp_code
from tests.programs import Program

RP, ORIGIN = "testserver", "https://testserver"


@pytest.fixture(autouse=True)
def site(settings):
    settings.DJANGO_MFA = {
        **settings.DJANGO_MFA,
        "PASSKEY": {"RP_ID": RP, "ORIGINS": [ORIGIN]},
    }


@pytest.fixture
def key():
    return FakeAuthenticator(RP, ORIGIN)


def created(key, options):
    found = key.create(options)
    return json.loads(found) if isinstance(found, str) else found


def got(key, options):
    found = key.get(options)
    return json.loads(found) if isinstance(found, str) else found


def test_a_passkey_is_registered(program, user, secret, key):
    program.enter(user, secret)
    options = program.post("passkey/register/begin").json()
    response = program.post(
        "passkey/register/complete", {**created(key, options), "name": "Laptop"}
    )
    assert response.status_code == 200, response.content
    assert response.json()["device"]["name"] == "Laptop"
    assert Passkey.objects.get(user=user).confirmed
    listed = program.get("passkey/credentials").json()["devices"]
    assert [each["name"] for each in listed] == ["Laptop"]
    assert program.get("passkey/accepted").json()["rpId"] == RP


def test_a_first_passkey_comes_with_recovery_codes(program, user, key):
    program.login(user)
    options = program.post("passkey/register/begin").json()
    response = program.post("passkey/register/complete", created(key, options))
    assert len(response.json()["backup_codes"]) == 10
    assert program.is_verified


def test_a_passkey_is_a_second_factor(program, user, key):
    add_passkey(user, key)
    told = program.login(user).json()
    assert told["methods"] == ["passkey"]
    options = program.answer("passkey/authenticate/begin", {}).json()
    assert len(options["allowCredentials"]) == 1
    response = program.answer("passkey/authenticate/complete", got(key, options))
    assert response.status_code == 200, response.content
    assert program.is_verified


def test_the_answer_may_stand_under_a_name_of_its_own(program, user, secret, key):
    program.enter(user, secret)
    answer = created(key, program.post("passkey/register/begin").json())
    response = program.post(
        "passkey/register/complete", {"credential": answer, "name": "Laptop"}
    )
    assert response.status_code == 200, response.content
    assert response.json()["device"]["name"] == "Laptop"
    other = Program(program.mount)
    other.login(user)
    options = other.answer("passkey/authenticate/begin", {}).json()
    answer = {"credential": got(key, options)}
    response = other.answer("passkey/authenticate/complete", answer)
    assert response.status_code == 200, response.content


@pytest.mark.parametrize("answer", [None, 7, "x", [], {}])
def test_what_stands_there_and_is_none_spends_the_challenge(
    program, user, secret, key, answer
):
    program.enter(user, secret)
    options = program.post("passkey/register/begin").json()
    wrong = program.post("passkey/register/complete", {"credential": answer})
    assert wrong.status_code == 400, wrong.content
    late = program.post("passkey/register/complete", created(key, options))
    assert late.status_code == 400
    assert not Passkey.objects.exists()


def test_a_passkey_answers_a_challenge_as_a_code_does(program, user, key):
    add_passkey(user, key)
    program.login(user)
    told = program.answer("mfa/challenge", {"method": "passkey"}).json()
    response = program.answer(
        "mfa/verify", {"credential": got(key, told["options"]), "method": "passkey"}
    )
    assert response.status_code == 200, response.content
    assert program.is_verified


def test_a_passkey_alone_signs_in(program, user, key):
    add_passkey(user, key)
    if program.has_session:
        program.get("mfa/status")
    options = program.post("passkey/authenticate/begin").json()
    assert ("mfa_token" in options) is not program.has_session
    response = program.answer("passkey/authenticate/complete", got(key, options))
    assert response.status_code == 200, response.content
    assert program.is_verified


def test_one_more_factor_may_be_wanted_after_it(program, user, key, settings):
    settings.DJANGO_MFA = {
        **settings.DJANGO_MFA,
        "PASSKEY": {"RP_ID": RP, "ORIGINS": [ORIGIN], "SATISFIES_MFA": False},
    }
    add_passkey(user, key)
    secret = add_totp(user)
    if program.has_session:
        program.get("mfa/status")
    options = program.post("passkey/authenticate/begin").json()
    response = program.answer("passkey/authenticate/complete", got(key, options))
    assert response.json()["mfa_required"] is True
    assert not program.is_in
    code = program.answer("mfa/verify", {"code": totp_code(secret)})
    assert code.status_code == 200, code.content
    assert program.is_verified


def test_a_step_up_by_passkey(program, user, secret, key, moving):
    program.enter(user, secret)
    add_passkey(user, key)
    moving.tick(901)
    if program.has_session:
        program.get("mfa/status")
    options = program.post("passkey/authenticate/begin").json()
    response = program.post("passkey/authenticate/complete", got(key, options))
    assert response.status_code == 200, response.content
    assert program.post("mfa/totp/setup").status_code == 200


def test_W03_a_challenge_is_answered_once(program, user, key):
    add_passkey(user, key)
    program.login(user)
    options = program.answer("passkey/authenticate/begin", {}).json()
    answer = got(key, options)
    wrong = {**answer, "response": {**answer["response"], "signature": "AAAA"}}
    first = program.answer("passkey/authenticate/complete", wrong)
    assert first.status_code == 400
    assert first.json()["code"] == "invalid_response"
    assert program.answer("passkey/authenticate/complete", answer).status_code == 400
    assert not program.is_in


@pytest.mark.parametrize(
    "credential",
    [
        {},
        {"id": 1},
        {"id": [], "response": None},
        {"response": []},
        {"response": {"clientDataJSON": 7}},
        {"id": "AAAA", "rawId": "AAAA", "type": "public-key", "response": {}},
        {"id": {"a": {"b": []}}, "response": "x" * 40_000},
        {"clientExtensionResults": 1e400 if False else "no"},
    ],
)
def test_I01_a_credential_of_any_shape_is_refused(program, user, key, credential):
    add_passkey(user, key)
    program.login(user)
    options = program.answer("passkey/authenticate/begin", {}).json()
    response = program.answer("passkey/authenticate/complete", credential)
    assert response.status_code == 400, response.content
    again = program.answer("passkey/authenticate/complete", got(key, options))
    assert again.status_code == 400, "its challenge was not spent"
    assert not program.is_in


UNREAD = {
    "no JSON": "{",
    "a list": "[]",
    "null": "null",
    "deep": '{"a":' * 5_000 + "1" + "}" * 5_000,
    "a name twice": '{"id": 1, "id": 2}',
    "a megabyte": '{"id": "' + "A" * 1_000_000 + '"}',
}


def unread(program, path, body):
    """Send what is no JSON object of ours; return the answer."""
    return program.client.generic(
        "POST",
        f"/api/{program.mount}/{path}",
        data=body,
        content_type="application/json",
        headers={**program.headers, **program._csrf()},
    )


def is_spent_and_told(response, person):
    assert response.json()["code"] in ("malformed_request", "too_large")
    assert not Challenge.objects.filter(factor="passkey", taken=None).exists()
    (row,) = AuditEvent.objects.filter(event="challenge_failed")
    assert (row.user_id, row.reason) == (person and person.pk, "malformed")


@pytest.mark.parametrize("body", UNREAD.values(), ids=UNREAD)
@pytest.mark.parametrize("path", ["register", "authenticate"])
def test_what_cannot_be_read_spends_the_challenge(
    program, user, secret, key, path, body
):
    program.enter(user, secret)
    add_passkey(user, FakeAuthenticator(RP, ORIGIN))
    assert program.post(f"passkey/{path}/begin").status_code == 200
    is_spent_and_told(unread(program, f"passkey/{path}/complete", body), user)


@pytest.mark.parametrize("body", UNREAD.values(), ids=UNREAD)
@pytest.mark.parametrize("knows", [True, False])
def test_what_cannot_be_read_spends_the_challenge_of_a_sign_in(user, key, knows, body):
    program = Program("v1/auth")
    add_passkey(user, key)
    if knows:
        program.login(user)
    else:
        program.get("mfa/status")
    assert program.post("passkey/authenticate/begin").status_code == 200
    response = unread(program, "passkey/authenticate/complete", body)
    is_spent_and_told(response, user if knows else None)


def test_what_cannot_be_read_without_the_token_of_the_page_changes_nothing(
    user, secret, key
):
    program = Program("v1/auth")
    program.enter(user, secret)
    program.post("passkey/register/begin")
    program.client.cookies.pop("csrftoken")
    assert unread(program, "passkey/register/complete", "{").status_code == 403
    assert Challenge.objects.filter(taken=None).exists()


def test_the_passkey_of_another_person_answers_nothing(program, user, make_user, key):
    bob = make_user("bob")
    add_passkey(bob, key)
    add_passkey(user, FakeAuthenticator(RP, ORIGIN))
    program.login(user)
    options = program.answer("passkey/authenticate/begin", {}).json()
    options["allowCredentials"] = []
    response = program.answer("passkey/authenticate/complete", got(key, options))
    assert response.status_code == 400
    assert not program.is_in


def test_a_challenge_serves_the_client_that_asked(cookieless, user, secret, key):
    add_passkey(user, key)
    cookieless.login(user)
    options = cookieless.answer("passkey/authenticate/begin", {}).json()
    other = Program(cookieless.mount)
    other.login(user)
    response = other.answer("passkey/authenticate/complete", got(key, options))
    assert response.status_code == 400
    assert not other.is_in


def test_questions_of_strangers_do_not_pile_up(user, key, moving):
    add_passkey(user, key)
    for mount in ("v1/auth", "token", "app") * 5:
        program = Program(mount)
        if program.has_session:
            program.get("mfa/status")
        asked = program.post("passkey/authenticate/begin")
        assert asked.status_code == 200, asked.content
    # A program without a cookie has a sign-in that waits, beside its question.
    assert Challenge.objects.count() == 5 + 2 * 10
    moving.tick(conf.get().PENDING_LOGIN_TTL)
    for _ in range(2):
        assert Program("app").post("passkey/authenticate/begin").status_code == 200
    assert Challenge.objects.count() == 4
