from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.http import JsonResponse
from django.shortcuts import resolve_url
from django.urls import reverse
from django.views.decorators.debug import sensitive_variables

from django_mfa.errors import InvalidResponse, MalformedResponse
from django_mfa.flows import approve, challenge, enrol, manage, passwordless, step_up
from django_mfa.web.base import Page
from django_mfa.web.ceremony import BeginView, CeremonyPage

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.http import HttpRequest, HttpResponseBase

MAX_NAME = 254


class VerifyBeginView(BeginView):
    """Ask the person of a sign-in that waits."""

    def asked(self) -> Mapping[str, Any]:
        """Make the challenge."""
        return challenge.ask(self.context, self.kwargs["factor"])


class StepUpBeginView(BeginView):
    """Ask the signed-in person."""

    def asked(self) -> Mapping[str, Any]:
        """Make the challenge."""
        return step_up.ask(self.context, self.kwargs["factor"])


class ApproveBeginView(BeginView):
    """Ask the signed-in person for a proof of one action."""

    def asked(self) -> Mapping[str, Any]:
        """Make the challenge; it carries the digest of what is shown."""
        public_id, factor = self.kwargs["public_id"], self.kwargs["factor"]
        return approve.ask(self.context, public_id, factor)


class SetupBeginView(BeginView):
    """Ask for a new device."""

    def asked(self) -> Mapping[str, Any]:
        """Make the challenge; with `conditional`, for a browser that asks nobody."""
        conditional = self.body.get("conditional", False)
        if not isinstance(conditional, bool):
            raise MalformedResponse
        return enrol.ask(self.context, self.kwargs["factor"], conditional=conditional)


class LoginBeginView(BeginView):
    """Ask whoever is there."""

    def asked(self) -> Mapping[str, Any]:
        """Make the challenge; for the person named, if a name was typed."""
        name = self.body.get("username", "")
        if not isinstance(name, str) or len(name) > MAX_NAME:
            raise MalformedResponse
        return passwordless.ask(self.context, name)


class PasskeyLoginView(CeremonyPage):
    """Sign in with a passkey alone."""

    is_worth_returning = False

    def expects_credential(self) -> bool:
        """Nothing else is answered here."""
        return True

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Go to the page with the button."""
        return self.go_on(name="login")

    @sensitive_variables()
    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Judge the answer."""
        credential = self.credential
        if credential is None:
            raise MalformedResponse
        try:
            arrived = passwordless.answer(self.context, credential, self.next_url)
        except InvalidResponse as error:
            return self.refused(error)
        if arrived.is_held:
            return self.arrive(reverse("django_mfa:verify"))
        return self.arrive(arrived.next_url or resolve_url(settings.LOGIN_REDIRECT_URL))


class AcceptedView(Page):
    """What the browser should know of the passkeys of the signed-in person."""

    is_worth_returning = False

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Return the arguments for the Signal API (WebAuthn L3 section 5.1.10)."""
        return JsonResponse(dict(manage.accepted(self.context, "passkey")))
