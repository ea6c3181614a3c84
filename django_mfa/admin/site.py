"""An admin site that lets in nobody by a password alone.

Importing this module registers nothing, so a site of your own can build on it.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from django.contrib.admin import AdminSite
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect

from django_mfa import answers
from django_mfa.decorators import require_first
from django_mfa.errors import EnrolmentRequired, MFARequired, StepUpRequired
from django_mfa.factors import registry
from django_mfa.policy import standing
from django_mfa.session import MFASession

if TYPE_CHECKING:
    Base = AdminSite
else:
    Base = object

log = logging.getLogger("django_mfa")


class GuardedSiteMixin(Base):
    """Puts an `AdminSite` of your own behind the gate; name it before `AdminSite`."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Refuse a class that this would not guard."""
        super().__init_subclass__(**kwargs)
        require_first(cls, GuardedSiteMixin, AdminSite)

    def has_permission(self, request: HttpRequest) -> bool:
        """Whether Django lets the person in, and a second factor was shown."""
        return super().has_permission(request) and _is_verified(request)

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:  # noqa: FBT001, FBT002  # Django's signature
        """Guard a view; signing out is for everybody, a held sign-in included."""
        if view == self.logout:
            return csrf_protect(view)
        return super().admin_view(view, cacheable)

    @method_decorator(never_cache)
    @login_not_required
    def logout(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> Any:
        """Sign out whoever is signed in or held here."""
        return super().logout(request, extra_context)

    @method_decorator(never_cache)
    @login_not_required
    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> Any:
        """Show Django's form, or lead on to what the person owes; never in a circle."""
        if not _has_standing(request):
            return _unguarded()
        if request.method == "GET":
            owed = self._owed(request)
            return owed or super().login(request, extra_context)
        response = super().login(request, extra_context)
        signed_in = response.status_code == 302  # noqa: PLR2004  # Django's answer to a right password
        return (signed_in and self._owed(request)) or response

    def _owed(self, request: HttpRequest) -> HttpResponseBase | None:
        """Lead to the page of what is owed; None for those who owe nothing here."""
        session = MFASession(request)
        hold, user = session.hold(), session.user()
        if hold:
            error = MFARequired() if hold.owed == "proof" else EnrolmentRequired()
        elif super().has_permission(request) and user and not session.proofs():
            # Signed in where no policy asks for a factor; this site does.
            error = StepUpRequired() if registry.enrolled(user) else EnrolmentRequired()
        else:
            return None
        return answers.owed_page(error, next_url=self._next(request, session))

    def _next(self, request: HttpRequest, session: MFASession) -> str:
        """Where the person was going in this site; its start without a word on it."""
        asked = request.POST.get(REDIRECT_FIELD_NAME) or request.GET.get(
            REDIRECT_FIELD_NAME, ""
        )
        wanted = session.safe_next(asked)
        circular = [
            reverse(f"admin:{name}", current_app=self.name)
            for name in ("login", "logout")
        ]
        if not wanted or wanted.partition("?")[0] in circular:
            return reverse("admin:index", current_app=self.name)
        return wanted


class MFAAdminSite(GuardedSiteMixin, AdminSite):
    """Django's admin site, behind the gate."""


def _has_standing(request: Any) -> bool:
    return isinstance(getattr(request, "mfa", None), standing.Standing)


def _is_verified(request: Any) -> bool:
    # SECURITY: without the middleware nobody has shown anything.
    return _has_standing(request) and request.mfa.is_verified


def _unguarded() -> HttpResponse:
    text = gettext(
        "This admin site asks for a second factor, and cannot: add"
        " django_mfa.middleware.MFAMiddleware to MIDDLEWARE, after"
        " AuthenticationMiddleware. Until then it lets nobody in."
    )
    log.error("A guarded admin site is closed: MFAMiddleware is missing.")
    return HttpResponse(text, status=403, content_type="text/plain; charset=utf-8")
