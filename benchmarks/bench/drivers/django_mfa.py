from __future__ import annotations

from typing import Any

from django.core.cache import cache

from django_mfa.models import MFAAccount, RecoveryCode, RecoveryCodeSet, TOTPDevice
from django_mfa.testing import add_recovery_codes, add_totp

from .base import Driver


class DjangoMFA(Driver):
    """This package."""

    login = "/mfa/login/"

    def is_verified(self, request: Any) -> bool:
        return bool(request.mfa.is_verified)

    def add_totp(self, user: Any) -> str:
        return add_totp(user)

    def add_codes(self, user: Any) -> list[str]:
        return add_recovery_codes(user)

    def totp_form(self, user: Any, code: str) -> tuple[str, dict[str, str]]:
        return "/mfa/verify/", {"code": code}

    def recovery_form(self, user: Any, code: str) -> tuple[str, dict[str, str]]:
        return "/mfa/verify/recovery_code/", {"code": code}

    def forget(self, user: Any) -> None:
        cache.clear()
        fresh = {"failures": 0, "locked_until": None}
        MFAAccount.objects.filter(pk=user.pk).update(**fresh, window_start=None)
        fresh["disabled_at"] = None
        TOTPDevice.objects.filter(user=user).update(**fresh, last_step=-1)
        RecoveryCodeSet.objects.filter(user=user).update(**fresh, left=10)
        RecoveryCode.objects.filter(set__user=user).update(used_at=None)


driver = DjangoMFA()
