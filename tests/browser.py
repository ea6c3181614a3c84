"""A person at a browser: what they type, and how far it got them."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.test import Client
from django.urls import reverse

from django_mfa.testing import totp_code

NEVER = ("000000", "000001", "000002", "000003")


def wrong_code(secret: str) -> str:
    """A code that is not right, neither now nor in the next few minutes."""
    steps = range(-120, 121, 30)
    right = {totp_code(secret, _now() + step) for step in steps}
    return next(f"{number:06}" for number in range(999) if f"{number:06}" not in right)


def _now() -> float:
    from django_mfa import clock

    return clock.timestamp()


class Browser(Client):
    """Django's test client with the few things that people do here."""

    def page(self, name: str, /, *args: Any, **data: Any) -> Any:
        """Look at a page of the package."""
        return self.get(reverse(f"django_mfa:{name}", args=args), data)

    def send(self, name: str, /, *args: Any, **data: Any) -> Any:
        """Send a form to a page of the package."""
        return self.post(reverse(f"django_mfa:{name}", args=args), data)

    def password(self, user: Any, password: str = "pw", **data: Any) -> Any:
        """Type name and password."""
        data |= {"username": user.get_username(), "password": password}
        return self.send("login", **data)

    def code(self, code: str, **data: Any) -> Any:
        """Type a code of any kind where a sign-in waits for one."""
        return self.send("verify", code=code, **data)

    def begin(self, user: Any, password: str = "pw") -> Browser:
        """Get as far as a password leads."""
        response = self.password(user, password)
        assert response.status_code == 302, response
        return self

    def enter(self, user: Any, secret: str) -> Browser:
        """Sign in with password and code."""
        self.begin(user).code(totp_code(secret))
        assert self.is_in
        return self

    @property
    def is_in(self) -> bool:
        """Whether a page for signed-in people is shown."""
        return self.get(reverse("profile")).status_code == 200

    @property
    def is_waiting(self) -> bool:
        """Whether the verify page asks for something."""
        return self.page("verify").status_code == 200

    @property
    def key(self) -> str:
        """The session key that the browser holds; empty without one."""
        cookie = self.cookies.get(settings.SESSION_COOKIE_NAME)
        return cookie.value if cookie else ""

    def with_key(self, key: str) -> Browser:
        """Another browser into which somebody put this session key."""
        other = type(self)()
        other.cookies[settings.SESSION_COOKIE_NAME] = key
        return other
