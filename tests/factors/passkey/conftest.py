from __future__ import annotations

import json
from typing import Any

import pytest
from django.urls import reverse

from django_mfa.factors.passkey.models import Passkey
from django_mfa.testing import FakeAuthenticator, add_passkey, add_totp, mfa_login
from tests.stories import told

ORIGIN = "https://testserver"


class Door:
    """The web door, spoken to in JSON by one browser."""

    def __init__(self, client: Any) -> None:
        self.client = client

    def post(self, name: str, data: Any = None, **url: Any) -> Any:
        body = data if isinstance(data, str | bytes) else json.dumps(data or {})
        return self.client.post(
            reverse(f"django_mfa:{name}", kwargs=url),
            data=body,
            content_type="application/json",
        )

    def password(self, user: Any) -> None:
        answer = self.client.post(
            reverse("django_mfa:login"),
            {"username": user.get_username(), "password": "pw"},
        )
        assert answer.status_code == 302

    def begin(self, purpose: str, data: Any = None) -> Any:
        """Ask; return the options."""
        answer = self.ask(purpose, data)
        assert answer.status_code == 200, answer.content
        return answer.json()

    def ask(self, purpose: str, data: Any = None) -> Any:
        if purpose == "login":
            return self.post("passkey_login_begin", data)
        return self.post(f"{purpose}_begin", data, factor="passkey")

    def complete(self, purpose: str, credential: Any) -> Any:
        data = (
            credential
            if isinstance(credential, str | bytes)
            else {"credential": credential}
        )
        if purpose == "login":
            return self.post("passkey_login", data)
        return self.post(purpose, data, factor="passkey")


@pytest.fixture
def door(client) -> Door:
    return Door(client)


@pytest.fixture
def other_door(client) -> Door:
    return Door(type(client)())


@pytest.fixture
def authenticator() -> FakeAuthenticator:
    return FakeAuthenticator("testserver", ORIGIN)


@pytest.fixture
def passkey(user, authenticator) -> Passkey:
    """The passkey of alice, kept by `authenticator`."""
    return add_passkey(user, authenticator)


@pytest.fixture
def waiting(door, user, passkey) -> Door:
    """A browser in which the password of alice was right."""
    door.password(user)
    return door


@pytest.fixture
def enrolling(door, user) -> Door:
    """A browser in which alice has just shown another factor."""
    add_totp(user)
    mfa_login(door.client, user)
    return door


def refused(answer: Any, code: str = "invalid_response") -> None:
    """The one refusal: 4xx with a stable code."""
    assert 400 <= answer.status_code < 500, answer.content
    assert answer.json()["code"] == code


def failures() -> int:
    """How many refusals the audit log tells of."""
    return told().count("challenge_failed")
