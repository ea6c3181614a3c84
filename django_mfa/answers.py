"""An `MFAError` as an HTTP answer: what all doors say in the same words."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
    JsonResponse,
)
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import patch_cache_control

from . import conf
from .errors import (
    ApprovalRequired,
    EnrolmentRequired,
    KeyTrouble,
    MFAError,
    MFARequired,
    StepUpRequired,
    TooManyAttempts,
)
from .factors import registry

MAX_DIGITS = 20


def wants_json(request: HttpRequest) -> bool:
    """Whether a program asks: it names JSON and not HTML, or says so itself."""
    if request.headers.get("X-Requested-With") == "XMLHttpRequest":
        return True
    accept = request.headers.get("Accept", "")
    return "json" in accept and "text/html" not in accept


def is_too_large(request: HttpRequest, most: int) -> bool:
    """Whether a request says that its body has more than `most` bytes, or what is no number."""
    said = str(request.META.get("CONTENT_LENGTH") or "0")
    # SECURITY: counted before it is read: `int` raises above 4300 digits.
    if not (said.isascii() and said.isdigit()) or len(said) > MAX_DIGITS:
        return True
    return int(said) > most


def is_json(response: HttpResponseBase) -> bool:
    """Whether the answer is JSON."""
    return "json" in response.headers.get("Content-Type", "")


def as_json(error: MFAError, status: int | None = None) -> HttpResponse:
    """Return the error as `{"code", "detail", ...}`, with the headers that go with it.

    `hint` says what to do now, where `detail` is a message that clients know by heart.
    """
    # Which key is missing is for the log, not for whoever asks.
    details = {} if isinstance(error, KeyTrouble) else error.details
    body = {"code": error.code, "detail": str(error.message), **details}
    if error.hint:
        body["hint"] = str(error.hint)
    if isinstance(error, MFARequired):
        body["mfa_required"] = True
    response = JsonResponse(body, status=status or error.status)
    response.headers["Cache-Control"] = "no-store"
    return with_headers(error, response)


def with_headers(error: MFAError, response: HttpResponse) -> HttpResponse:
    """Return the answer with Retry-After, or with a challenge in the manner of RFC 9470."""
    if isinstance(error, TooManyAttempts):
        response.headers["Retry-After"] = str(error.retry_after)
    if isinstance(error, MFARequired):
        parts = ['Bearer error="insufficient_user_authentication"']
        if error.details.get("max_age") is not None:
            parts.append(f"max_age={error.details['max_age']}")
        if error.details.get("acr_values"):
            parts.append(f'acr_values="{error.details["acr_values"]}"')
        response.headers["WWW-Authenticate"] = ", ".join(parts)
    return response


def kept_private(response: Any) -> Any:
    """Return what a guarded view answered, marked as this person's alone."""
    # SECURITY: a cache before the guard would give it out when the proof is too old.
    if isinstance(response, HttpResponseBase):
        patch_cache_control(response, private=True)
    return response


def owed_page(error: MFAError, next_url: str = "") -> HttpResponseRedirect:
    """Return a redirect to the page on which the person can give what `error` asks for."""
    if isinstance(error, ApprovalRequired):
        place = reverse("django_mfa:approve", args=[error.details["approval"]])
    elif isinstance(error, StepUpRequired):
        place = reverse("django_mfa:step_up")
    elif isinstance(error, EnrolmentRequired):
        place = reverse("django_mfa:setup")
    else:
        place = reverse("django_mfa:verify")
    query = {"next": next_url} if next_url else {}
    if isinstance(error, StepUpRequired) and error.narrows:
        methods = error.details["methods"]
        if set(methods) < set(registry.factors()):
            # Where nothing will do the page says so, and asks for nothing in vain.
            query["factors"] = ",".join(methods) or "none"
    return HttpResponseRedirect(f"{place}?{urlencode(query)}" if query else place)


def page_context(request: HttpRequest) -> dict[str, Any]:
    """Return what every page of the package needs to be shown."""
    # The base is always named: Django logs what a template looks for in vain, with
    # the error that is being told and all that the page shows.
    site_name = conf.get().SITE_NAME or request.get_host()
    return {"mfa_base": "django_mfa/base.html", "site_name": site_name}


def error_page(request: HttpRequest, error: MFAError) -> HttpResponse:
    """Return an error that a view let through as a page that says what to do."""
    shown = {**page_context(request), "error": error}
    page = render(request, "django_mfa/error.html", shown, status=error.status)
    page.headers["Cache-Control"] = "no-store"
    return with_headers(error, page)
