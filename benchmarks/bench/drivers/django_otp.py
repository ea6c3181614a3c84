from __future__ import annotations

from base64 import b32encode
from typing import Any

from django_otp.plugins.otp_static.models import StaticDevice, StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from .base import Driver


class DjangoOTP(Driver):
    """django-otp, with its own view as the second step after Django's."""

    def __init__(self) -> None:
        self.codes: dict[Any, list[str]] = {}

    def is_verified(self, request: Any) -> bool:
        return bool(request.user.is_verified())

    def add_totp(self, user: Any) -> str:
        device = TOTPDevice.objects.create(user=user, name="default")
        return b32encode(device.bin_key).decode()

    def add_codes(self, user: Any) -> list[str]:
        StaticDevice.objects.create(user=user, name="backup")
        self.codes[user.pk] = [StaticToken.random_token() for _ in range(10)]
        self._store_codes(user)
        return self.codes[user.pk]

    def totp_form(self, user: Any, code: str) -> tuple[str, dict[str, str]]:
        return self._form(user.totpdevice_set.get(), code)

    def recovery_form(self, user: Any, code: str) -> tuple[str, dict[str, str]]:
        return self._form(user.staticdevice_set.get(), code)

    def forget(self, user: Any) -> None:
        fresh = {"throttling_failure_count": 0, "throttling_failure_timestamp": None}
        TOTPDevice.objects.filter(user=user).update(**fresh, last_t=-1, drift=0)
        if StaticDevice.objects.filter(user=user).update(**fresh):
            self._store_codes(user)

    def _form(self, device: Any, code: str) -> tuple[str, dict[str, str]]:
        form = {"otp_device": device.persistent_id, "otp_token": code}
        return "/second-step/", form

    def _store_codes(self, user: Any) -> None:
        device = user.staticdevice_set.get()
        there = set(device.token_set.values_list("token", flat=True))
        lost = [code for code in self.codes[user.pk] if code not in there]
        StaticToken.objects.bulk_create(
            StaticToken(device=device, token=code) for code in lost
        )


driver = DjangoOTP()
