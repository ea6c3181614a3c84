"""Programs with tokens: what opens without a proof, and what is counted."""

from __future__ import annotations

import pytest

pytest.importorskip("rest_framework_simplejwt")

from rest_framework.authtoken.models import Token
from rest_framework_simplejwt.tokens import RefreshToken

from django_mfa import clock
from django_mfa.accounts import service as accounts
from django_mfa.api.views import login
from django_mfa.challenges.models import Challenge
from django_mfa.policy.models import Policy
from django_mfa.testing import add_passkey, add_phone, totp_code
from tests.browser import Browser
from tests.programs import Program
from tests.sent import last_sms

pytestmark = pytest.mark.usefixtures("clock")

SHOWN = (
    "mfa/devices",
    "mfa/events",
    "mfa/trusted-devices",
    "mfa/app-passwords",
    "mfa/backup-codes",
    "mfa/approvals",
    "mfa/status",
    "mfa/admin/users/1/status",
    "passkey/accepted",
    "passkey/credentials",
)
DONE = (
    ("DELETE", "mfa/trusted-devices"),
    ("POST", "mfa/sign-out-others"),
    ("POST", "mfa/backup-codes/saved"),
    ("POST", "mfa/totp/setup"),
)


def of_password_alone(mount, user):
    """A program whose token some other view gave out for the password alone."""
    program = Program(mount)
    if mount == "token":
        given = f"Token {Token.objects.create(user=user).key}"
    else:
        given = f"Bearer {RefreshToken.for_user(user).access_token}"
    program.headers["Authorization"] = given
    return program


@pytest.fixture(params=["token", "app"])
def mount(request):
    return request.param


# U06


def test_U06_a_token_of_the_password_alone_opens_nothing_of_ours(mount, alice):
    program = of_password_alone(mount, alice.user)
    epoch = accounts.epoch_of(alice.user)
    for method, path in (*(("GET", each) for each in SHOWN), *DONE):
        response = program.send(method, path, None if method == "GET" else {})
        assert response.status_code == 403, path
        assert response.json()["code"] == "mfa_required", path
        assert response.json()["methods"] == ["totp", "recovery_code"], path
    alice.user.refresh_from_db()
    assert accounts.epoch_of(type(alice.user).objects.get(pk=alice.user.pk)) == epoch


def test_U06_a_factor_raises_a_token_of_the_password_alone(mount, alice):
    program = of_password_alone(mount, alice.user)
    response = program.post("mfa/verify", {"code": totp_code(alice.secret)})
    assert response.status_code == 200
    assert program.is_verified


@pytest.mark.usefixtures("sends")
def test_U06_a_code_is_sent_to_raise_a_token_of_the_password_alone(mount, carol):
    add_phone(carol)
    program = of_password_alone(mount, carol)
    assert program.get("mfa/devices").status_code == 403
    assert program.post("mfa/challenge", {"method": "sms"}).status_code == 200
    response = program.post("mfa/verify", {"code": last_sms(), "method": "sms"})
    assert response.status_code == 200
    assert program.is_verified


def test_U06_a_token_with_too_weak_a_proof_opens_nothing_of_ours(mount, alice):
    program = Program(mount).enter(alice.user, alice.secret)
    assert program.is_in
    Policy.objects.create(name="S", who="everyone", allowed_factors=["recovery_code"])
    response = program.get("mfa/devices")
    assert response.status_code == 403
    assert response.json()["code"] == "step_up_required"
    assert program.post("mfa/verify", {"code": str(alice.codes[0])}).status_code == 200
    assert program.is_in


@pytest.mark.parametrize("kind", ["v1/auth", "token", "app"])
def test_a_password_cannot_be_guessed_at_the_step_up(kind, carol):
    program = Program(kind)
    program.login(carol)
    given = [program.post("mfa/step-up", {"password": "no"}) for _ in range(11)]
    assert [each.status_code for each in given] == [*[400] * 10, 429]
    assert program.post("mfa/step-up", {"password": "pw"}).status_code == 429


def test_U06_who_needs_no_factor_is_let_in_by_the_password(mount, carol):
    assert of_password_alone(mount, carol).get("mfa/devices").status_code == 200


def test_U06_who_owes_a_factor_sets_one_up_first(mount, staff):
    program = of_password_alone(mount, staff)
    response = program.get("mfa/devices")
    assert response.status_code == 403
    assert response.json()["code"] == "mfa_enrolment_required"


def test_U08_a_token_by_a_trusted_browser_is_asked_when_trust_ends(alice, settings):
    settings.DJANGO_MFA = {**settings.DJANGO_MFA, "TRUSTED_DEVICES": {"ENABLED": True}}
    browser = Browser()
    browser.password(alice.user)
    browser.code(alice.code, trust="1")
    program = Program("token")
    program.client.cookies = browser.cookies
    del browser.cookies["sessionid"]
    assert program.login(alice.user).json()["mfa_required"] is False
    assert program.get("mfa/devices").status_code == 200
    assert not program.is_verified
    Policy.objects.create(
        name="No trust", who="everyone", required=False, trust_allowed=False
    )
    assert program.get("mfa/devices").json()["code"] == "mfa_required"


# R03


def test_R03_a_sign_in_that_ends_meanwhile_is_over(mount, alice, monkeypatch):
    add_passkey(alice.user)
    program = Program(mount)
    program.login(alice.user)

    ask = login.asked

    def while_another_ends_it(client, slug):
        Challenge.objects.filter(factor="").update(taken=clock.now())
        return ask(client, slug)

    monkeypatch.setattr(login, "asked", while_another_ends_it)
    response = program.answer("mfa/challenge", {"method": "passkey"})
    assert response.status_code == 401
    assert response.json()["code"] == "login_expired"


# I01


def test_I01_a_length_of_many_digits_is_a_refusal(mount, carol):
    program = Program(mount)
    response = program.send("POST", "login", {}, CONTENT_LENGTH="9" * 5000)
    assert response.status_code == 413
