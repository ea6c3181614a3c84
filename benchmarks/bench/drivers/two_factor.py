from __future__ import annotations

from typing import Any

from .django_otp import DjangoOTP


class TwoFactor(DjangoOTP):
    """django-two-factor-auth: both steps are steps of one wizard."""

    login = "/account/login/"

    def credentials(self, user: Any) -> dict[str, str]:
        given = super().credentials(user)
        return self._step("auth", **given)

    def totp_form(self, user: Any, code: str) -> tuple[str, dict[str, str]]:
        return self.login, self._step("token", otp_token=code)

    def recovery_form(self, user: Any, code: str) -> tuple[str, dict[str, str]]:
        return self.login, self._step("backup", otp_token=code)

    def _step(self, step: str, **fields: str) -> dict[str, str]:
        named = {f"{step}-{name}": value for name, value in fields.items()}
        return {"login_view-current_step": step, **named}


driver = TwoFactor()
