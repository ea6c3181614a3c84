"""What holds during a session: who came to owe something is anonymous until it is shown."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.conf import settings
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.shortcuts import resolve_url
from django.urls import NoReverseMatch

from . import answers
from .decorators import denied, refusal, way_back
from .errors import EnrolmentRequired, MFAError, MFARequired
from .extras import lazy
from .guard import Guard
from .policy import triggers
from .policy.requirements import ANY, Requirement
from .session import Context
from .session.life import trust_cookie, trust_cookie_options

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from django.http import HttpRequest, HttpResponseBase

    from .flows import approve
    from .session import Hold
else:  # of use when a view asks for an approval
    approve = lazy("django_mfa.flows.approve")

REDIRECTS = (HTTPStatus.FOUND, HTTPStatus.SEE_OTHER)
log = logging.getLogger("django_mfa")

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
        # Django runs a sync `process_view` of an async site in a thread.
        self.process_view = _aview_found if self.is_async else _view_found
        if self.is_async:
            markcoroutinefunction(self)

    def __call__(
        self, request: HttpRequest
    ) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        """Guard the request; a denial in a held session says what is owed."""
        if self.is_async:
            return self._acall(request)
        Guard(request).arm()
        response: HttpResponseBase = self.get_response(request)
        _note_turned_away(request, response)
        return _with_trust(request, _explained(request, response))

    async def _acall(self, request: HttpRequest) -> HttpResponseBase:
        Guard(request).arm()
        response: HttpResponseBase = await self.get_response(request)
        _note_turned_away(request, response)
        return _with_trust(request, _explained(request, response))

    def process_exception(
        self, request: Any, error: Exception
    ) -> HttpResponseBase | None:
        """Answer an `MFAError` that a view let through."""
        if not isinstance(error, MFAError):
            return _stumbled(request, error)
        if isinstance(error, approve.ApprovalRequired):
            # What the view was doing is undone by now; the question stays.
            back = way_back(request) or request.path
            approve.open_request(Context.of(request), error, back)
        return denied(request, error, keep_form=request.mfa_keeps_form)


def _stumbled(request: Any, error: Exception) -> HttpResponseBase | None:
    """Lead on where a login page broke off, for it believed the person to be in."""
    if not request.mfa_held_now:
        return None
    hold = request.mfa_guard.session.hold()
    log.info("A login page broke off in a held sign-in: %s", type(error).__name__)
    owed = MFARequired() if hold and hold.owed == "proof" else EnrolmentRequired()
    return (
        answers.as_json(owed)
        if answers.wants_json(request)
        else answers.owed_page(owed)
    )


def _view_found(
    request: Any, view: Any, args: Any, kwargs: Any
) -> HttpResponseBase | None:
    """Decide on the view that was found, never on the text of the path."""
    _note_marks(request, view)
    return _refused(request, _asked(request, view))


async def _aview_found(
    request: Any, view: Any, args: Any, kwargs: Any
) -> HttpResponseBase | None:
    _note_marks(request, view)
    if not _may_be_asked(request, view):
        return None
    await request.auser()  # the gate has its say
    return _refused(request, _asked(request, view))


def _refused(request: Any, asked: Requirement | None) -> HttpResponseBase | None:
    request.mfa_guarded = asked is not None
    return refusal(request, asked) if asked else None


def _note_marks(request: Any, view: Any) -> None:
    request.mfa_exempt = getattr(view, "mfa_exempt", False)
    request.mfa_settles = getattr(view, "mfa_settles", ())
    if request.mfa_owed is not None:
        # Somebody looked at the user before the view was known: look again.
        request.mfa_guard.arm()


def _may_be_asked(request: Any, view: Any) -> bool:
    if triggers.has_any():
        return not (triggers.is_way_in(request, view) or request.path == _login_path())
    return triggers.is_admin(request, view)


def _asked(request: Any, view: Any) -> Requirement | None:
    """Return what is asked of this request beside what the view itself asks."""
    if not _may_be_asked(request, view):
        return None
    request.user.is_authenticated  # noqa: B018  # what the policies ask is known then
    asked = triggers.requirement_for(request, view, request.mfa.step_up_age)
    if triggers.is_admin(request, view) and request.mfa.is_trusted_browser:
        # SECURITY: a trusted browser is no proof: an admin wants a factor.
        return asked & ANY if asked is not None else ANY
    return asked


def _explained(request: Any, response: HttpResponseBase) -> HttpResponseBase:
    """Return the answer itself, or what is owed where somebody was turned away."""
    if request.mfa_guarded:
        answers.kept_private(response)
    if request.mfa_grace is not None and answers.is_json(response):
        response.headers["X-MFA-Grace"] = request.mfa_grace.isoformat()
    if request.mfa_denied is not None and response.status_code in REFUSED:
        # By a permission of the API, when nothing beside it let them in.
        return answers.as_json(request.mfa_denied)
    error = _owed_behind(request, response)
    if error is None:
        return response
    if answers.wants_json(request) or answers.is_json(response):
        return answers.as_json(error)
    return _led_on(request, response, error) if _is_redirect(response) else response


def _note_turned_away(request: Any, response: HttpResponseBase) -> None:
    """Note for our sign-in page that a view sent somebody there who is signed in."""
    # `otp_required` and `permission_required` do, and would be gone back to for ever.
    if not (_is_redirect(response) and request.session.accessed):
        return
    place = urlsplit(response.headers.get("Location", ""))
    back = parse_qs(place.query).get(REDIRECT_FIELD_NAME)
    if back and place.path == _login_path("django_mfa:login"):
        request.mfa_guard.session.note_turned_away(back[0])


def _owed_behind(request: Any, response: HttpResponseBase) -> MFARequired | None:
    """Return what is owed, where the answer turned somebody away or let them in."""
    if not request.session.accessed:
        return None
    if request.mfa_owed is not None:
        owed: MFARequired = request.mfa_owed
        return owed if _is_denial(response) else None
    led_in = request.mfa_held_now and _is_redirect(response)
    turned_away = _is_denial(response) or _is_denial_of_admin(request, response)
    if request.mfa_exempt or not (led_in or turned_away):
        return None
    return _owed_by_held(request.mfa_guard.session.hold())


def _owed_by_held(hold: Hold | None) -> MFARequired | None:
    if hold is None:
        return None
    error = MFARequired() if hold.owed == "proof" else EnrolmentRequired()
    error.details["methods"] = list(hold.factors)
    return error


def _led_on(
    request: Any, response: HttpResponseBase, error: MFARequired
) -> HttpResponseBase:
    """Lead to the page of what is owed, and from there to where the person goes."""
    if request.mfa_owed is not None:
        return answers.owed_page(error, next_url=way_back(request))
    owed = answers.owed_page(error)
    if _path_of(response) == _path_of(owed):
        return response
    session = request.mfa_guard.session
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
    return _path_of(response) == _login_path()


def _is_denial_of_admin(request: Any, response: HttpResponseBase) -> bool:
    """Whether an admin site sent a program to its own login page, as it sends people."""
    match = request.resolver_match
    if not (match and "admin" in match.app_names and _is_redirect(response)):
        return False
    login = _login_path(f"{match.namespace}:login")
    return _path_of(response) == login and answers.wants_json(request)


def _login_path(url: str = "") -> str | None:
    """Return the path of the site's login page, or of `url`; None where it has none."""
    try:
        return urlsplit(resolve_url(url or settings.LOGIN_URL)).path
    except NoReverseMatch:
        return None  # with the URLconf of this request


def _path_of(redirect: HttpResponseBase) -> str:
    return urlsplit(redirect.headers.get("Location", "")).path


def _with_trust(request: Any, response: HttpResponseBase) -> HttpResponseBase:
    """Return the answer with the cookie of a browser that was just trusted."""
    tokens = getattr(request, "mfa_trust_tokens", None)
    if tokens:
        options = trust_cookie_options(request)
        response.set_cookie(trust_cookie(request), ".".join(tokens), **options)
    return response
