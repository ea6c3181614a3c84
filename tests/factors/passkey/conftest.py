from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from typing import Any

import pytest
from django.urls import reverse

from django_mfa.audit.models import AuditEvent
from django_mfa.factors.passkey import options
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


def last_reason() -> str:
    """Why the last one was refused, for the audit log alone."""
    rows = AuditEvent.objects.filter(event="challenge_failed")
    return rows.order_by("-id").values_list("reason", flat=True)[0]


def decode(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def origins(vector: dict[str, Any]) -> list[str]:
    found = vector["expected_origin"]
    return found if isinstance(found, list) else [found]


@pytest.fixture
def policy(settings, monkeypatch, tmp_path):
    """The policy that a vector names, and its challenge."""

    def apply(vector: dict[str, Any], **more: Any) -> None:
        passkey: dict[str, Any] = {
            "RP_ID": vector["expected_rp_id"],
            "ORIGINS": origins(vector),
            **more,
        }
        if vector.get("cose_alg") == -36:
            passkey["ALGORITHMS"] = [-8, -7, -257, -36]
        if vector.get("require_user_verification"):
            passkey["USER_VERIFICATION"] = "required"
        roots = vector.get("pem_root_certs_by_fmt")
        if roots:
            passkey["ATTESTATION"] = "direct"
            passkey["ATTESTATION_ROOTS"] = stored(roots)
        settings.DJANGO_MFA = {**settings.DJANGO_MFA, "PASSKEY": passkey}
        challenge = decode(vector["expected_challenge"])
        monkeypatch.setattr(options, "new_challenge", lambda: challenge)

    def stored(roots: dict[str, list[str]]) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for format_, certificates in roots.items():
            file = tmp_path / f"{format_}.pem"
            file.write_text("\n".join(certificates))
            found[format_] = [str(file)]
        return found

    return apply


def register(door, credential: Any) -> Any:
    door.begin("setup")
    return door.complete("setup", credential)
