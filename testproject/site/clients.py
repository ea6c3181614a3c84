"""Pages that speak to the API: a front end of one page, and the API's own description."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_safe

#: Files of this site and nothing inline; `data:` is for the QR code.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
    " connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def sealed(request: HttpRequest, template: str) -> HttpResponse:
    """Return a page that loads nothing but files of this site."""
    response = render(request, template, {"has_docs": settings.HAS_API_DOCS})
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["Referrer-Policy"] = "same-origin"
    return response


@require_safe
@ensure_csrf_cookie
def app(request: HttpRequest) -> HttpResponse:
    """The front end; all that it knows it asks of the API."""
    return sealed(request, "site/app.html")


@require_safe
@ensure_csrf_cookie
def api_docs(request: HttpRequest) -> HttpResponse:
    """Every operation of the API, to read and to try (Swagger UI)."""
    return sealed(request, "site/api_docs.html")


def first_mount(endpoints: list[Any]) -> list[Any]:
    """Keep what the API page describes: the mount for browsers."""
    return [each for each in endpoints if each[0].startswith("/api/v1/")]
