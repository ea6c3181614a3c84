from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext

from django_mfa.flows import app_passwords, manage, step_up, trust
from django_mfa.web.base import Page

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponseBase


class SecurityView(Page):
    """Everything about one's own second factors, on one page."""

    template_name = "django_mfa/security.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Return the devices, the recovery codes, and what can be added."""
        return self.render(
            overview=manage.overview(self.context),
            app_passwords=app_passwords.is_on(),
            trusted_browsers=trust.is_on(),
        )


class DisableView(Page):
    """Switch the second factor off altogether, after a question."""

    template_name = "django_mfa/disable.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Return the question; nothing changes by looking at it."""
        step_up.require_fresh(self.context)
        return self.render(overview=manage.overview(self.context))

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Remove every factor."""
        manage.disable(self.context)
        self.say(
            gettext(
                "Two-step sign-in is off. Only your password protects your account now."
            )
        )
        return self.go_on(name="security")
