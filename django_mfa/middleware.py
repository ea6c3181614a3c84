"""What holds during a session: who came to owe something is anonymous until it is shown."""

from __future__ import annotations

from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.shortcuts import resolve_url
from django.utils.functional import SimpleLazyObject

from . import answers
from .errors import EnrolmentRequired, MFARequired
from .flows import gate
from .policy.standing import Standing
from .session import Hold, MFASession

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from django.http import HttpRequest, HttpResponseBase


REDIRECTS = (HTTPStatus.FOUND, HTTPStatus.SEE_OTHER)
REFUSED = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)


class MFAMiddleware:
    """Gives `request.mfa` and guards `request.user`; after AuthenticationMiddleware.

    Adds no query of its own: the user is looked at when a view looks at it.
    """

    sync_capable = True
    async_capable = True

    def __init__(
        self,
        get_response: Callable[[HttpRequest], Any],  # a response, or a promise of one
    ) -> None:
        self.get_response = get_response
        self.is_async = iscoroutinefunction(get_response)
        if self.is_async:
            markcoroutinefunction(self)

    def __call__(
        self, request: HttpRequest
    ) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        """Guard the request; a denial in a held session says what is owed."""
        if self.is_async:
            return self._acall(request)
        _guard(request)
        response: HttpResponseBase = self.get_response(request)
        return _explained(request, response)

    async def _acall(self, request: HttpRequest) -> HttpResponseBase:
        _guard(request)
        response: HttpResponseBase = await self.get_response(request)
        return _explained(request, response)

    def process_view(
        self, request: HttpRequest, view: Any, args: Any, kwargs: Any
    ) -> None:
        """Note whether the view that was found is exempt from what is owed."""
        # Decided on the view that was found, never on the text of the path.
        request.mfa_exempt = getattr(view, "mfa_exempt", False)  # type: ignore[attr-defined]  # ours


def _guard(request: Any) -> None:
    if not hasattr(request, "session") or not hasattr(request, "user"):
        message = (
            "MFAMiddleware must come after SessionMiddleware and"
            " AuthenticationMiddleware in MIDDLEWARE."
        )
        raise ImproperlyConfigured(message)
    session = MFASession(request)
    request.mfa = Standing(session)
    request.mfa_exempt = request.mfa_held_now = False
    user, auser = request.user, request.auser
    request.user = SimpleLazyObject(partial(_seen, session, user))
    request.auser = partial(_aseen, session, auser)


def _seen(session: MFASession, user: Any) -> Any:
    signed_in = user.is_authenticated
    # Django's own is lazy, and so is ours: what is read of it goes through one.
    user = getattr(user, "_wrapped", user)
    if not signed_in:
        session.attach(user)
        return user
    return gate.review(session, user, exempt=session.request.mfa_exempt)


async def _aseen(session: MFASession, auser: Callable[[], Awaitable[Any]]) -> Any:
    user = await auser()
    if not user.is_authenticated:
        session.attach(user)
        return user
    seen = await gate.areview(session, user, exempt=session.request.mfa_exempt)
    session.request.user = seen
    return seen


def _explained(request: Any, response: HttpResponseBase) -> HttpResponseBase:
    """Return the answer itself, or what is owed where a held session was turned away."""
    hold = _hold_behind(request, response)
    if hold is None:
        return response
    error = MFARequired() if hold.owed == "proof" else EnrolmentRequired()
    error.details["methods"] = list(hold.factors)
    if answers.wants_json(request) or answers.is_json(response):
        return answers.as_json(error)
    if _is_redirect(response):
        return _led_on(request, response, error)
    return response


def _hold_behind(request: Any, response: HttpResponseBase) -> Hold | None:
    """Return the sign-in that waits, where the answer turned it away or let it in."""
    if not request.session.accessed or request.mfa_exempt:
        return None
    led_in = request.mfa_held_now and _is_redirect(response)
    return MFASession(request).hold() if led_in or _is_denial(response) else None


def _led_on(
    request: Any, response: HttpResponseBase, error: MFARequired
) -> HttpResponseBase:
    """Lead to the page of what is owed, and from there to where the person goes."""
    owed = answers.owed_page(error)
    if _path_of(response) == _path_of(owed):
        return response
    session = MFASession(request)
    if request.mfa_held_now:
        # Another package's login page believes that the person is in.
        session.remember_next(response.headers["Location"])
    elif request.method == "GET":
        session.remember_next(request.get_full_path())
    return owed


def _is_redirect(response: HttpResponseBase) -> bool:
    return response.status_code in REDIRECTS


def _is_denial(response: HttpResponseBase) -> bool:
    """Whether it is a 401, a 403, or a redirect to the site's login page."""
    if response.status_code in REFUSED:
        return True
    if not _is_redirect(response):
        return False
    return _path_of(response) == urlsplit(resolve_url(settings.LOGIN_URL)).path


def _path_of(redirect: HttpResponseBase) -> str:
    return urlsplit(redirect.headers.get("Location", "")).path
