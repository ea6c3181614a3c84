"""What is asked of every site."""

from __future__ import annotations

from typing import Any


class Driver:
    """Knows the pages of one site; `bare` stands for sites without a second step."""

    #: Where the password goes, and where the code goes.
    login = "/login/"
    #: Whether there is a second step to measure.
    has_second_step = True

    def is_verified(self, request: Any) -> bool:
        """Whether the user has shown a second factor, as a view would ask."""
        return bool(request.user.is_authenticated)

    def credentials(self, user: Any) -> dict[str, str]:
        """The form of the password step."""
        return {"username": user.get_username(), "password": "pw"}

    def add_totp(self, user: Any) -> str:
        """Enrol an authenticator app; return its secret in base32."""
        raise NotImplementedError

    def add_codes(self, user: Any) -> list[str]:
        """Give ten recovery codes; return them."""
        raise NotImplementedError

    def totp_form(self, user: Any, code: str) -> tuple[str, dict[str, str]]:
        """Where a code of the app goes, and in which form."""
        raise NotImplementedError

    def recovery_form(self, user: Any, code: str) -> tuple[str, dict[str, str]]:
        """Where a recovery code goes, and in which form."""
        return self.totp_form(user, code)

    def forget(self, user: Any) -> None:
        """Undo what the last try left: spent codes, failures, limits."""
