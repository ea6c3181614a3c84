"""A program that talks to the API, with a session or with tokens."""

from __future__ import annotations

import json
from typing import Any

from django.conf import settings
from django.test import Client

from django_mfa.testing import totp_code

NEEDED = {"v1/auth": "session", "token": "token", "app": "jwt"}


class Program:
    """Sends JSON, keeps what it is given, and shows it again."""

    def __init__(self, mount: str, **extra: Any) -> None:
        self.mount = mount
        self.client = Client(enforce_csrf_checks=True, **extra)
        self.headers: dict[str, str] = {}
        self.token = ""
        self.refresh = ""

    @property
    def has_session(self) -> bool:
        return self.mount == "v1/auth"

    def send(self, method: str, path: str, data: Any = None, **extra: Any) -> Any:
        """Send a request; keep the tokens of the answer."""
        headers = {**self.headers, **self._csrf(), **extra.pop("headers", {})}
        body = {} if data is None else {"data": json.dumps(data)}
        response = self.client.generic(
            method,
            f"/api/{self.mount}/{path}",
            content_type="application/json",
            headers=headers,
            **body,
            **extra,
        )
        if response.status_code < 300 and response.content:
            self._keep(response.json())
        return response

    def get(self, path: str, **extra: Any) -> Any:
        return self.send("GET", path, **extra)

    def post(self, path: str, data: Any = None, **extra: Any) -> Any:
        return self.send("POST", path, {} if data is None else data, **extra)

    def patch(self, path: str, data: Any = None, **extra: Any) -> Any:
        return self.send("PATCH", path, data, **extra)

    def delete(self, path: str, data: Any = None, **extra: Any) -> Any:
        return self.send("DELETE", path, data, **extra)

    def login(self, user: Any, password: str = "pw") -> Any:
        """Send name and password."""
        if self.has_session:
            self.get("mfa/status")  # for the CSRF cookie
        name = user.get_username()
        return self.post("login", {"username": name, "password": password})

    def enter(self, user: Any, secret: str) -> Program:
        """Sign in with password and code."""
        assert self.login(user).json()["mfa_required"]
        response = self.answer("mfa/verify", {"code": totp_code(secret)})
        assert response.status_code == 200, response.content
        return self

    def answer(self, path: str, data: Any, **extra: Any) -> Any:
        """Send a response to the sign-in that waits."""
        token = {"mfa_token": self.token} if self.token else {}
        return self.post(path, {**token, **data}, **extra)

    @property
    def is_in(self) -> bool:
        return self.get("mfa/devices").status_code == 200

    @property
    def is_verified(self) -> bool:
        response = self.get("mfa/status")
        return response.status_code == 200 and response.json()["verified"]

    def _csrf(self) -> dict[str, str]:
        cookie = self.client.cookies.get(settings.CSRF_COOKIE_NAME)
        return {"X-CSRFToken": cookie.value} if cookie else {}

    def _keep(self, told: Any) -> None:
        if "mfa_token" in told:
            self.token = told["mfa_token"]
        if "access" in told:
            self.headers["Authorization"] = f"Bearer {told['access']}"
            self.refresh = told["refresh"]
        if told.get("token"):
            self.headers["Authorization"] = f"Token {told['token']}"
