"""Where the site has put the middleware and the pages."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error
from django.core.exceptions import ImproperlyConfigured
from django.urls import NoReverseMatch, reverse

MIDDLEWARE = "django_mfa.middleware.MFAMiddleware"
BEFORE = (
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
)


def check_middleware(**kwargs: Any) -> list[CheckMessage]:
    """E003: the middleware is missing; E004: the middleware comes too early."""
    order = list(settings.MIDDLEWARE)
    if MIDDLEWARE not in order:
        hint = f"Add {MIDDLEWARE!r} to MIDDLEWARE, after AuthenticationMiddleware."
        message = "MFAMiddleware is not in MIDDLEWARE: sessions are not guarded."
        return [Error(message, hint, id="django_mfa.E003")]
    late = [name for name in BEFORE if name not in order[: order.index(MIDDLEWARE)]]
    return [
        Error(
            f"MFAMiddleware comes before {name}, or that is missing.",
            f"Put {name!r} above {MIDDLEWARE!r} in MIDDLEWARE.",
            id="django_mfa.E004",
        )
        for name in late
    ]


def check_urls(**kwargs: Any) -> list[CheckMessage]:
    """E005: the pages are not in the URLconf."""
    try:
        reverse("django_mfa:verify")
    except NoReverseMatch:
        hint = 'Add path("mfa/", include("django_mfa.urls")) to your URLconf.'
        return [
            Error(
                "The pages of django_mfa are not mounted.", hint, id="django_mfa.E005"
            )
        ]
    except ImproperlyConfigured:
        return []
    return []
