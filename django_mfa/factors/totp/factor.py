from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from django.utils.functional import lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables

from django_mfa import conf
from django_mfa.factors.base import Factor

from . import codes
from .models import TOTPDevice
from .qr import png, svg

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.contrib.auth.base_user import AbstractBaseUser

    from django_mfa.factors.devices import MFADevice

PORT = re.compile(r":[0-9]*$")


class TOTPFactor(Factor):
    """Codes from an authenticator app."""

    slug = "totp"
    label = _("Authenticator app")
    model = TOTPDevice
    rank = 50
    amr = ("otp",)

    @sensitive_variables()
    def new_device(self, user: AbstractBaseUser) -> MFADevice:
        """Return a device with a new secret, in the shape the settings say."""
        totp = conf.get().TOTP
        device = TOTPDevice(
            user=user,
            name=gettext("Authenticator app"),
            digits=totp.DIGITS,
            period=totp.PERIOD,
            algorithm=totp.ALGORITHM,
        )
        device.secret = codes.new_secret()
        device.save(force_insert=True)
        return device

    @sensitive_variables()
    def show(self, device: MFADevice, *, host: str) -> Mapping[str, Any]:
        """Return the secret (`secret`), as QR code (`qr` SVG, `qr_code` PNG), as link (`uri`) and for typing (`secret_in_groups`)."""
        assert isinstance(device, TOTPDevice)  # noqa: S101  # tells the type only
        secret = device.secret
        uri = codes.provisioning_uri(
            secret,
            account=device.user.get_username(),
            issuer=issuer(host),
            digits=device.digits,
            period=device.period,
            algorithm=device.algorithm,
        )
        return {
            "uri": uri,
            "qr": svg(uri),
            # Drawn where it is looked at: the page has the other one.
            "qr_code": lazy(png, str)(uri),
            "secret": secret,
            "secret_in_groups": codes.grouped(secret),
        }

    @sensitive_variables()
    def has_shape(self, response: Any) -> bool:
        """Whether it is a text of 6 or 8 digits."""
        text = isinstance(response, str)
        return text and any(codes.normalized(response, n) for n in (6, 8))


def issuer(host: str) -> str:
    """Return what the app calls this site."""
    settings = conf.get()
    named = conf.resolve(settings.TOTP.ISSUER, host)
    return str(named or settings.SITE_NAME or PORT.sub("", host) or "Django")
