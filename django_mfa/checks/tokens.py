"""What makes tokens by the password alone, beside an API that asks for more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.checks import CheckMessage, Warning  # noqa: A004  # its name in Django
from django.core.exceptions import ImproperlyConfigured
from django.urls import URLResolver, get_resolver

if TYPE_CHECKING:
    from collections.abc import Iterator

API = "django_mfa.api.base.Door"
BY_PASSWORD = frozenset(
    {
        "rest_framework.authtoken.views.ObtainAuthToken",
        "rest_framework_simplejwt.views.TokenObtainPairView",
        "rest_framework_simplejwt.views.TokenObtainSlidingView",
    }
)
HINT = (
    "Take it out of the URLconf. Programs sign in at `login` and `mfa/verify` of the"
    ' API, which make the same tokens: name the issuer "token" or "jwt" in'
    ' DJANGO_MFA["API"]["ISSUERS"].'
)


def check_tokens(**kwargs: Any) -> list[CheckMessage]:
    """W111: a view makes tokens by the password alone, beside the API."""
    try:
        views = list(_views(get_resolver()))
    except ImproperlyConfigured:
        return []  # no URLconf, which Django says itself
    if not any(API in _lineage(view) for _route, view in views):
        return []
    return [
        Warning(
            f"{route!r} ({view.__name__}) makes tokens by the password alone.",
            HINT,
            id="django_mfa.W111",
        )
        for route, view in views
        if BY_PASSWORD & _lineage(view)
    ]


def _views(resolver: URLResolver, before: str = "") -> Iterator[tuple[str, type]]:
    """Return every view that is a class, and where it is mounted."""
    for each in resolver.url_patterns:
        route = f"{before}{each.pattern}"
        if isinstance(each, URLResolver):
            yield from _views(each, route)
        elif view := _class_of(each.callback):
            yield route, view


def _class_of(callback: Any) -> type | None:
    """Return the class behind a view: REST framework calls it `cls`, Django `view_class`."""
    found = getattr(callback, "cls", None) or getattr(callback, "view_class", None)
    return found if isinstance(found, type) else None


def _lineage(view: type) -> set[str]:
    """Return the dotted paths of a class and its parents: so nothing is imported for it."""
    return {f"{each.__module__}.{each.__qualname__}" for each in view.__mro__}
