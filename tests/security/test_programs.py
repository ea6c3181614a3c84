"""Programs with tokens: what opens without a proof, and what is counted."""

from __future__ import annotations

import pytest

pytest.importorskip("rest_framework_simplejwt")

from rest_framework.authtoken.models import Token
from rest_framework_simplejwt.tokens import RefreshToken

from django_mfa.accounts import service as accounts
from django_mfa.policy.models import Policy
from django_mfa.testing import totp_code
from tests.programs import Program

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
