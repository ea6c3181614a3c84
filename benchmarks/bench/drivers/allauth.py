from __future__ import annotations

from typing import Any

from allauth.account.authentication import get_authentication_records
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.core.cache import cache

from .base import Driver


class Allauth(Driver):
    """django-allauth with its MFA app."""

    login = "/accounts/login/"

    def is_verified(self, request: Any) -> bool:
        records = get_authentication_records(request, request.user)
        return any(record["method"] == "mfa" for record in records)

    def credentials(self, user: Any) -> dict[str, str]:
        return {"login": user.get_username(), "password": "pw"}

    def add_totp(self, user: Any) -> str:
        secret: str = generate_totp_secret()
        TOTP.activate(user, secret)
        return secret

    def add_codes(self, user: Any) -> list[str]:
        return list(RecoveryCodes.activate(user).generate_codes())

    def totp_form(self, user: Any, code: str) -> tuple[str, dict[str, str]]:
        return "/accounts/2fa/authenticate/", {"code": code}

    def forget(self, user: Any) -> None:
        cache.clear()
        codes = Authenticator.Type.RECOVERY_CODES
        for row in Authenticator.objects.filter(user=user, type=codes):
            row.data["used_mask"] = 0
            row.save()


driver = Allauth()
