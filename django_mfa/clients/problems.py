"""What is wrong with the issuers that the site names: for its system checks."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

from django.apps import apps
from django.utils.module_loading import import_string

from django_mfa import conf

from .issuer import OURS, Issuer

if TYPE_CHECKING:
    from collections.abc import Iterator


def problems() -> Iterator[tuple[str, str]]:
    """Return each problem, and how to mend it; nothing of the API is imported."""
    if not conf.get().API.ISSUERS:
        yield "No issuer is named.", "Name `session`, `token`, `jwt` or one of yours."
    for name in conf.get().API.ISSUERS:
        if name == "token" and not apps.is_installed("rest_framework.authtoken"):
            yield (
                "The issuer `token` has no table for its tokens.",
                'Add "rest_framework.authtoken" to INSTALLED_APPS.',
            )
        elif name == "jwt" and find_spec("rest_framework_simplejwt") is None:
            yield (
                "The issuer `jwt` needs djangorestframework-simplejwt.",
                'Run: pip install "django-mfa-suite[jwt]".',
            )
        elif name not in OURS and not _is_issuer(name):
            yield (
                f"{name!r} is no issuer.",
                "Name a subclass of django_mfa.clients.issuer.Issuer.",
            )


def _is_issuer(path: str) -> bool:
    try:
        found = import_string(path)
    except ImportError:
        return False
    return isinstance(found, type) and issubclass(found, Issuer)
