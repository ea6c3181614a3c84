"""Marks on views: what a view demands, and which views demand nothing."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from asgiref.sync import iscoroutinefunction
from django.contrib.auth.views import redirect_to_login

from . import answers, conf
from .errors import EnrolmentRequired, MFAError, MFARequired, StepUpRequired
from .policy import engine, standing
from .policy.requirements import ANY, Requirement
from .session import MFASession
from .session.life import MAX_FORM

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.http import HttpResponseBase

View = TypeVar("View", bound=Callable[..., Any])


def mfa_required(requirement: Any = ANY, *, keep_form: bool | None = None) -> Any:
    """Let a view run only for proofs that meet `requirement`; sync and async views.

    Use it bare (`@mfa_required`), or with a requirement of
    `django_mfa.policy.requirements`: `@mfa_required(Recent(900))`. On a class-based
    view it guards `dispatch`, on a method of one that method alone. `keep_form` is
    `STEP_UP.KEEP_FORM` for this view.
    """
    if not isinstance(requirement, Requirement):
        return _guarded(requirement, ANY, keep_form=keep_form)
    return lambda view: _guarded(view, requirement, keep_form=keep_form)


def mfa_exempt(view: View) -> View:
    """Let a view see a signed-in user who came to owe a set-up in this session."""
    view.mfa_exempt = True  # type: ignore[attr-defined]  # a mark for the middleware
    return view


def mfa_settles(*codes: str) -> Any:
    """Mark a view on which a person gives what they owe: it sees them nevertheless."""

    def mark(view: View) -> View:
        view.mfa_settles = codes  # type: ignore[attr-defined]  # a mark for the middleware
        return view

    return mark


def require_first(view: type, mixin: type, base: type) -> None:
    """Raise `TypeError` where `base` comes before `mixin`, which then guards nothing."""
    order = view.__mro__
    # SECURITY: no class of Django's passes on to what comes after it.
    if base in order[: order.index(mixin)]:
        message = (
            f"{view.__qualname__} is not guarded: name {mixin.__name__} before"
            f" {base.__name__} and what is made of it."
        )
        raise TypeError(message)


def _guarded(view: Any, requirement: Requirement, *, keep_form: bool | None) -> Any:
    _check_is_view(view)
    if isinstance(view, type):
        guarded_class: Any = view
        guarded_class.dispatch = guarded_dispatch(
            guarded_class.dispatch, requirement, keep_form=keep_form
        )
        return view
    if iscoroutinefunction(view):

        @wraps(view)
        async def guarded(*args: Any, **kwargs: Any) -> Any:
            request = _request_of(args)
            await request.auser()  # the gate has its say
            answer = refusal(request, requirement, keep_form=keep_form)
            return answer or answers.kept_private(await view(*args, **kwargs))

    else:

        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            answer = refusal(_request_of(args), requirement, keep_form=keep_form)
            return answer or answers.kept_private(view(*args, **kwargs))

    guarded.mfa_requirement = requirement  # type: ignore[attr-defined]  # for readers
    return guarded


def _check_is_view(view: Any) -> None:
    if not callable(view) or (isinstance(view, type) and not hasattr(view, "dispatch")):
        message = f"{view!r} is no view. Write @mfa_required(Recent(900)), say."
        raise TypeError(message)


def _request_of(args: Sequence[Any]) -> Any:
    """Return the request with which a view is called; after `self`, where that is a method."""
    return args[0] if hasattr(args[0], "META") else args[1]


def guarded_dispatch(
    dispatch: Any, requirement: Requirement, *, keep_form: bool | None = None
) -> Any:
    """Return a view class's `dispatch` that runs only for proofs that meet it."""

    @wraps(dispatch)
    def guarded(self: Any, request: Any, *args: Any, **kwargs: Any) -> Any:
        async def later() -> Any:
            await request.auser()  # the gate has its say
            answer = refusal(request, requirement, keep_form=keep_form)
            return answer or answers.kept_private(
                await dispatch(self, request, *args, **kwargs)
            )

        if getattr(self, "view_is_async", False):
            return later()
        answer = refusal(request, requirement, keep_form=keep_form)
        return answer or answers.kept_private(dispatch(self, request, *args, **kwargs))

    return guarded


def refusal(
    request: Any, requirement: Requirement, *, keep_form: bool | None = None
) -> HttpResponseBase | None:
    """Return the answer to a request that does not meet `requirement`; None if it does."""
    found = standing.of(request)
    if keep_form is not None:
        request.mfa_keeps_form = keep_form  # for approvals that the view asks for
    if not request.user.is_authenticated:
        if answers.wants_json(request):
            return answers.as_json(MFARequired(), status=401)
        return redirect_to_login(way_back(request))
    if found.satisfies(requirement):
        return None
    methods = engine.methods_for(requirement, found.proofs)
    if not (found.is_verified or found.is_trusted_browser):
        return denied(request, EnrolmentRequired(methods=methods))
    level = {"acr_values": requirement.acr} if requirement.acr else {}
    error = StepUpRequired(max_age=requirement.max_age, methods=methods, **level)
    error.narrows = True
    return denied(request, error, keep_form=keep_form)


def denied(
    request: Any, error: MFAError, *, keep_form: bool | None = None
) -> HttpResponseBase:
    """Return an error as an answer: to a program JSON, to a person a page."""
    if answers.wants_json(request):
        return answers.as_json(error)
    if not isinstance(error, MFARequired):
        return answers.error_page(request, error)
    keep = conf.get().STEP_UP.KEEP_FORM if keep_form is None else keep_form
    if keep and request.method == "POST":
        return _with_form_kept(request, error)
    return answers.owed_page(error, next_url=way_back(request))


def _with_form_kept(request: Any, error: MFARequired) -> HttpResponseBase:
    """Keep what was typed; the person comes back to the form, and sends it again."""
    # SECURITY: what is too big to be typed is not even read.
    if not answers.is_too_large(request, MAX_FORM):
        MFASession(request).keep_form(request.path, request.POST)
    return answers.owed_page(error, next_url=request.get_full_path())


def way_back(request: Any) -> str:
    """Return where to go after what is owed is given: never to a repeated POST."""
    # SECURITY: a POST is never repeated for the person; only a GET is gone back to.
    if request.method in ("GET", "HEAD"):
        path: str = request.get_full_path()
        return path
    came_from = urlsplit(request.headers.get("Referer", ""))
    if came_from.netloc != request.get_host():
        return ""
    back = came_from._replace(scheme="", netloc="", fragment="").geturl()
    return MFASession(request).safe_next(back)
