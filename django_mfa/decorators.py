"""Marks on views: what a view demands, and which views demand nothing."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar

from asgiref.sync import iscoroutinefunction
from django.contrib.auth.views import redirect_to_login

from . import answers
from .errors import EnrolmentRequired, MFARequired, StepUpRequired
from .policy import standing
from .policy.requirements import AnyFactor, Requirement

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponseBase

View = TypeVar("View", bound=Callable[..., Any])

ANY = AnyFactor()


def mfa_required(requirement: Any = ANY) -> Any:
    """Let a view run only for proofs that meet `requirement`; sync and async views.

    Use it bare (`@mfa_required`), or with a requirement of
    `django_mfa.policy.requirements`: `@mfa_required(Recent(900))`.
    """
    if not isinstance(requirement, Requirement):
        return _guarded(requirement, ANY)
    return lambda view: _guarded(view, requirement)


def mfa_exempt(view: View) -> View:
    """Let a view see a signed-in user who came to owe a set-up in this session."""
    view.mfa_exempt = True  # type: ignore[attr-defined]  # a mark for the middleware
    return view


def _guarded(view: View, requirement: Requirement) -> Any:
    if iscoroutinefunction(view):

        @wraps(view)
        async def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            await request.auser()  # the gate has its say
            denied = refusal(request, requirement)
            return denied or await view(request, *args, **kwargs)

    else:

        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            return refusal(request, requirement) or view(request, *args, **kwargs)

    guarded.mfa_requirement = requirement  # type: ignore[attr-defined]  # for readers
    return guarded


def refusal(request: HttpRequest, requirement: Requirement) -> HttpResponseBase | None:
    """Return the answer to a request that does not meet `requirement`; None if it does."""
    found = standing.of(request)
    json = answers.wants_json(request)
    if not request.user.is_authenticated:
        if json:
            return answers.as_json(MFARequired(), status=401)
        return redirect_to_login(_way_back(request))
    if found.satisfies(requirement):
        return None
    if found.is_verified:
        error: MFARequired = StepUpRequired(max_age=requirement.max_age)
    else:
        error = EnrolmentRequired()
    if json:
        return answers.as_json(error)
    return answers.owed_page(error, next_url=_way_back(request))


def _way_back(request: HttpRequest) -> str:
    # SECURITY: a POST is never repeated for the person; only a GET is gone back to.
    return request.get_full_path() if request.method in ("GET", "HEAD") else ""
