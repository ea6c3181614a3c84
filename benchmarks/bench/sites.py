"""The sites that are compared: what each has in its settings. Plain data."""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MODEL_BACKEND = "django.contrib.auth.backends.ModelBackend"


@dataclass(frozen=True)
class Site:
    """A package as a site would install it; `bench.drivers.NAME` knows its pages."""

    name: str
    distribution: str
    needs: Sequence[str] = ()
    #: Path and what is there: a view class, or patterns to include.
    pages: Sequence[tuple[str, str]] = ()
    apps: Sequence[str] = ()
    middleware: Sequence[str] = ()
    backends: Sequence[str] = (MODEL_BACKEND,)
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def missing(self) -> list[str]:
        """The modules without which it cannot be measured here."""
        return [name for name in self.needs if find_spec(name) is None]


OTP_APPS = (
    "django_otp",
    "django_otp.plugins.otp_static",
    "django_otp.plugins.otp_totp",
)

LOGIN = ("login/", "django.contrib.auth.views.LoginView")
BARE = Site("bare", "Django", pages=[LOGIN])

SITES = {
    site.name: site
    for site in (
        BARE,
        Site(
            "django_mfa",
            "django-mfa-suite",
            needs=["django_mfa"],
            pages=[("mfa/", "django_mfa.urls")],
            apps=["django_mfa"],
            middleware=["django_mfa.middleware.MFAMiddleware"],
            backends=["django_mfa.auth.MFAModelBackend"],
        ),
        Site(
            "django_otp",
            "django-otp",
            needs=["django_otp"],
            pages=[LOGIN, ("second-step/", "django_otp.views.LoginView")],
            apps=OTP_APPS,
            middleware=["django_otp.middleware.OTPMiddleware"],
        ),
        Site(
            "two_factor",
            "django-two-factor-auth",
            needs=["two_factor", "phonenumbers"],
            pages=[("", "two_factor.urls.urlpatterns")],
            apps=[*OTP_APPS, "two_factor"],
            middleware=["django_otp.middleware.OTPMiddleware"],
            settings={"LOGIN_URL": "two_factor:login"},
        ),
        Site(
            "allauth",
            "django-allauth",
            needs=["allauth", "fido2"],
            pages=[("accounts/", "allauth.urls")],
            apps=["allauth", "allauth.account", "allauth.mfa"],
            middleware=["allauth.account.middleware.AccountMiddleware"],
            backends=[
                MODEL_BACKEND,
                "allauth.account.auth_backends.AuthenticationBackend",
            ],
            settings={"ACCOUNT_EMAIL_VERIFICATION": "none"},
        ),
    )
}
