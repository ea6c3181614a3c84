from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext

from django_mfa.audit import sign_ins
from django_mfa.flows import sessions
from django_mfa.web.base import Page

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponseBase


class SignInsView(Page):
    """One's own recent sign-ins, and a way to end all other sessions."""

    template_name = "django_mfa/sign_ins.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Return the list."""
        return self.render(sign_ins=sign_ins.recent(self.context.require_actor()))

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Sign out everywhere else."""
        sessions.end_others(self.context)
        self.say(gettext("You are signed out everywhere else."))
        return self.go_on(name="sign_ins")
