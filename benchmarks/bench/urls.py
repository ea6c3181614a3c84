from __future__ import annotations

from functools import cache
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import include, path
from django.utils.module_loading import import_string


@cache
def driver() -> Any:
    """What knows the site; it imports what no site would import at its start."""
    return import_string(f"bench.drivers.{settings.SITE.name}.driver")


def plain(request: HttpRequest) -> HttpResponse:
    """A view that does not look at the user."""
    return HttpResponse("ok")


def who(request: HttpRequest) -> HttpResponse:
    """A view that asks who is there."""
    return HttpResponse("yes" if request.user.is_authenticated else "no")


def verified(request: HttpRequest) -> HttpResponse:
    """A view that asks whether a second factor was shown."""
    return HttpResponse("yes" if driver().is_verified(request) else "no")


def page(route: str, name: str) -> Any:
    """A page of the site, or all that it includes."""
    if name.endswith(".urls"):
        return path(route, include(name))
    found = import_string(name)
    return path(route, found.as_view() if hasattr(found, "as_view") else include(found))


urlpatterns = [
    path("plain/", plain),
    path("who/", who),
    path("verified/", verified),
    path("admin/", admin.site.urls),
    *(page(*each) for each in settings.SITE.pages),
]
