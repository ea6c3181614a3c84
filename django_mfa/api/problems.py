"""Everything that can go wrong as an answer: `{"code", "detail", ...}`."""

from __future__ import annotations

import logging
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import Error as DatabaseError
from django.http import Http404, HttpResponse, JsonResponse
from rest_framework import exceptions

from django_mfa import answers
from django_mfa.errors import MFAError, Unavailable

log = logging.getLogger("django_mfa")


class CSRFFailed(exceptions.PermissionDenied):
    """A browser with a session did not show its CSRF token."""

    default_detail = "Send the CSRF token in the header X-CSRFToken."
    default_code = "csrf_failed"


def answer(error: Exception) -> HttpResponse | None:
    """Return the answer to `error`; None for one that nobody foresaw."""
    if isinstance(error, MFAError):
        return answers.as_json(error)
    if isinstance(error, DatabaseError):
        log.exception("The database failed; a request was not answered.")
        return answers.as_json(Unavailable())
    if isinstance(error, exceptions.APIException):
        return _of_framework(error)
    if isinstance(error, Http404):
        return _json(404, "not_found", "There is nothing here.")
    if isinstance(error, PermissionDenied):
        return _json(403, "not_permitted", str(error) or "You may not do this.")
    return None


def _of_framework(error: exceptions.APIException) -> HttpResponse:
    if isinstance(error, exceptions.ValidationError):
        return _invalid(error)
    detail: Any = error.detail
    code = getattr(detail, "code", "") or error.default_code
    if isinstance(detail, dict):  # simplejwt tells more than that
        code = str(detail.get("code", code))
        detail = detail.get("detail", "")
    response = _json(error.status_code, code, str(detail))
    wait = getattr(error, "wait", None)
    if wait:
        response.headers["Retry-After"] = str(int(wait))
    return response


def _invalid(error: exceptions.ValidationError) -> HttpResponse:
    """Return which fields are wrong, and the code of the first problem that has one."""
    found: Any = error.detail
    fields = found if isinstance(found, dict) else {"non_field_errors": found}
    told = {str(name): _texts(problems) for name, problems in fields.items()}
    first = next((text for texts in told.values() for text in texts), "")
    codes = {
        getattr(problem, "code", "")
        for problems in fields.values()
        if isinstance(problems, list)
        for problem in problems
    }
    code = "malformed_code" if "malformed_code" in codes else "invalid_input"
    return _json(400, code, first, errors=told)


def _texts(problems: Any) -> list[str]:
    if isinstance(problems, dict):
        return [text for each in problems.values() for text in _texts(each)]
    if isinstance(problems, list):
        return [text for each in problems for text in _texts(each)]
    return [str(problems)]


def _json(status: int, code: str, detail: str, **more: Any) -> HttpResponse:
    response = JsonResponse({"code": code, "detail": detail, **more}, status=status)
    response.headers["Cache-Control"] = "no-store"
    return response
