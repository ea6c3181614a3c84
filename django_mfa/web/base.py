"""What every page of the package has in common."""

from __future__ import annotations

import logging
from functools import cached_property, reduce
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.db import Error as DatabaseError
from django.db import transaction
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
)
from django.shortcuts import render, resolve_url
from django.urls import get_script_prefix, reverse
from django.utils.decorators import classonlymethod
from django.views import View
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.debug import sensitive_post_parameters

from django_mfa import answers, conf
from django_mfa.errors import (
    LoginExpired,
    MFAError,
    MFARequired,
    StepUpRequired,
    Unavailable,
)
from django_mfa.session import Context, MFASession

from . import admin_look

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.utils.functional import Promise

log = logging.getLogger("django_mfa")

MAX_BODY = 64 * 1024


#: Around every page, the innermost first.
GUARDS = (
    transaction.non_atomic_requests,
    sensitive_post_parameters(),
    csrf_protect,
    never_cache,
    # For Django's LoginRequiredMiddleware: the flows see to that themselves.
    login_not_required,
)


class Page(View):
    """A page: its handlers call one flow each; errors become answers here."""

    template_name: ClassVar[str]
    #: Whether a person who must sign in first comes back to this page.
    is_worth_returning: ClassVar[bool] = True

    @classonlymethod
    def as_view(cls, **initkwargs: Any) -> Callable[..., HttpResponseBase]:
        """Return the view with its guards; put on once, not at every request."""
        return reduce(
            lambda view, guard: guard(view), GUARDS, super().as_view(**initkwargs)
        )

    def dispatch(
        self, request: HttpRequest, *args: Any, **kwargs: Any
    ) -> HttpResponseBase:
        """Refuse what is too big, call the handler, answer errors, add the headers."""
        if answers.is_too_large(request, MAX_BODY):
            refusal = self.too_large()
            if refusal is not None:
                return self._sealed(refusal)
        try:
            response = super().dispatch(request, *args, **kwargs)
        except MFAError as error:
            response = self.refused(error)
        except DatabaseError:
            # Reading and tidying up go on outside of transactions.
            log.exception("The database failed; a page was not answered.")
            request.session.modified = False  # as after a 500
            response = self.refused(Unavailable())
        return self._sealed(response)

    def too_large(self) -> HttpResponseBase | None:
        """Return the answer to a body that is too large; None to go on without it."""
        return HttpResponse(status=413)

    @cached_property
    def context(self) -> Context:
        """Who acts and from where, for the flows."""
        return Context.of(self.request)

    @property
    def session(self) -> MFASession:
        """What the session knows."""
        return self.context.require_session()

    @property
    def next_url(self) -> str:
        """Where the person wants to go, if that is on this site."""
        given = self.request.POST.get("next") or self.request.GET.get("next") or ""
        return self.session.safe_next(given)

    @property
    def bound_for(self) -> str:
        """Where the way leads: what the request says, else the sign-in that waits."""
        hold = self.session.hold()
        return self.next_url or (hold.next if hold else "")

    @property
    def site_url(self) -> str:
        """Where the site begins: for people who are in, the page they land on."""
        if self.context.actor is None:
            return get_script_prefix()
        return resolve_url(settings.LOGIN_REDIRECT_URL)

    def render(
        self, template: str = "", *, status: int = 200, **context: Any
    ) -> HttpResponse:
        """Return the page with this context, in the look of where the way leads."""
        site = admin_look.site_at(context.get("next") or self.bound_for)
        shown = {
            **answers.page_context(self.request),
            "site_url": self.site_url,
            **(admin_look.context(self.request, site) if site else {}),
            "next": self.next_url,
            **context,
        }
        return render(
            self.request, template or self.template_name, shown, status=status
        )

    def go_on(self, url: str = "", *, name: str = "") -> HttpResponseRedirect:
        """Return a redirect to `url`, or to the page called `name`, or to the site's start."""
        if url:
            return HttpResponseRedirect(url)
        if name:
            return HttpResponseRedirect(reverse(f"django_mfa:{name}"))
        return HttpResponseRedirect(resolve_url(settings.LOGIN_REDIRECT_URL))

    def say(self, text: str | Promise, level: int = messages.SUCCESS) -> None:
        """Tell the person on the next page, where the site has messages."""
        messages.add_message(self.request, level, str(text), fail_silently=True)

    def refused(self, error: MFAError) -> HttpResponseBase:
        """Return an error as an answer: to a program JSON, to a person a page."""
        if answers.wants_json(self.request):
            return answers.as_json(error)
        if isinstance(error, MFARequired):
            return answers.owed_page(error, next_url=self.way_back(error))
        if isinstance(error, LoginExpired):
            return self._to_login(error)
        page = self.render("django_mfa/error.html", status=error.status, error=error)
        return answers.with_headers(error, page)

    def way_back(self, error: MFAError) -> str:
        """Where to come back to after what `error` asks for; never to a POST."""
        if not isinstance(error, StepUpRequired):
            return self.next_url
        if self.request.method in ("GET", "HEAD"):
            return self.request.get_full_path()
        if not hasattr(self, "get"):
            return self.next_url or reverse("django_mfa:security")
        # To the page with the button that was pressed, to press it again.
        query = f"?{urlencode({'next': self.next_url})}" if self.next_url else ""
        return self.request.path + query

    def _to_login(self, error: MFAError) -> HttpResponseRedirect:
        returns = self.is_worth_returning and self.request.method in ("GET", "HEAD")
        if not returns and self.context.actor is None:
            self.say(str(error), messages.WARNING)
        here = self.request.get_full_path() if returns else self.next_url
        query = {"next": here} if here else None
        return HttpResponseRedirect(reverse("django_mfa:login", query=query))

    @staticmethod
    def _sealed(response: HttpResponseBase) -> HttpResponseBase:
        headers = response.headers
        headers.setdefault(
            "Content-Security-Policy", conf.get().CONTENT_SECURITY_POLICY
        )
        headers.setdefault("Referrer-Policy", "same-origin")
        headers.setdefault("X-Frame-Options", "DENY")
        headers.setdefault("X-Content-Type-Options", "nosniff")
        return response
