"""Other packages that ask for a second factor, or bear our name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.core import checks

from django_mfa.extras import lazy

if TYPE_CHECKING:
    from importlib import metadata

    from django.core.checks import CheckMessage
else:
    # Heavy, and for `check` alone.
    metadata = lazy("importlib.metadata")

#: Other packages that ask for a second factor; two of them ask twice.
OTHERS = (
    "allauth.mfa",
    "deux",
    "django_otp_webauthn",
    "kagi",
    "mfa",
    "multifactor",
    "trench",
    "two_factor",
)


def check_others(**kwargs: Any) -> list[CheckMessage]:
    """W001: another project's module of the same name; W002: another MFA app."""
    found: list[CheckMessage] = [
        checks.Warning(
            f"{name} asks for a second factor as well.",
            "Remove it from INSTALLED_APPS once its devices are taken over.",
            id="django_mfa.W002",
        )
        for name in OTHERS
        if apps.is_installed(name)
    ]
    try:
        metadata.distribution("django-mfa")
    except metadata.PackageNotFoundError:
        return found
    hint = "pip uninstall django-mfa; pip install --force-reinstall django-mfa-suite"
    message = "The distribution django-mfa installs a module django_mfa of its own."
    return [*found, checks.Warning(message, hint, id="django_mfa.W001")]
