from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from django_mfa import conf
from django_mfa.factors.base import Factor
from django_mfa.factors.devices import MFADevice

from .models import HOTPDevice, is_code, pyotp


class HOTPFactor(Factor):
    """Codes from a token that counts."""

    slug = "hotp"
    label = "Security token"
    model = HOTPDevice
    rank = 40  # among the factors of a person the highest is asked for first
    amr = ("otp",)  # RFC 8176

    def new_device(self, user: Any) -> MFADevice:
        """A device with a new secret, stored and not yet confirmed."""
        device = HOTPDevice(user=user, name="Token")
        device.secret = pyotp.random_base32()
        device.save(force_insert=True)
        return device

    def show(self, device: MFADevice, *, host: str) -> Mapping[str, Any]:
        """What the template of the set-up gets as `show`."""
        secret = cast("HOTPDevice", device).secret
        link = pyotp.HOTP(secret).provisioning_uri(
            name=device.user.get_username(),
            issuer_name=conf.get().SITE_NAME or host,
        )
        return {"secret": secret, "uri": link}

    def has_shape(self, response: Any) -> bool:
        """Whether it can be one of this factor's at all."""
        return is_code(response)
