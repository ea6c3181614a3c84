from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.http import JsonResponse
from django.urls import reverse
from django.views.decorators.debug import sensitive_variables

from django_mfa import answers
from django_mfa.errors import (
    AlreadyRegistered,
    FactorNotAvailable,
    KeyTrouble,
    SendFailed,
    SetupExpired,
    TooManyAttempts,
    Unavailable,
)
from django_mfa.factors import registry
from django_mfa.flows import enrol, send_code
from django_mfa.flows.sending import require_sender

from .setup import SetupView
from .step_up import StepUpView
from .verify import VerifyView

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponseBase

    from django_mfa.factors.sent_code.parcel import Sent
    from django_mfa.web.base import Page

#: What is said on the page that asked; the code sent before is still good there.
BESIDE_THE_FORM = (SendFailed, TooManyAttempts, KeyTrouble, Unavailable)
BESIDE_THE_NUMBER = (*BESIDE_THE_FORM, AlreadyRegistered, SetupExpired)


class VerifySendView(VerifyView):
    """Send a code to the person whose sign-in waits."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Go to the page with the button: looking sends nothing."""
        return back(self, "verify")

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Send it, and on to where it is typed."""
        device = request.POST.get("device", "")
        try:
            sent = send_code.to_sign_in(self.context, kwargs["factor"], device=device)
        except BESIDE_THE_FORM as error:
            return self.not_sent(error)
        return arrived(self, "verify", sent)


class StepUpSendView(StepUpView):
    """Send a code to the signed-in person."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Go to the page with the button."""
        return back(self, "step_up")

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Send it, and on to where it is typed."""
        device = request.POST.get("device", "")
        try:
            sent = send_code.to_step_up(self.context, kwargs["factor"], device=device)
        except BESIDE_THE_FORM as error:
            return self.not_sent(error)
        return arrived(self, "step_up", sent)


class SetupSendView(SetupView):
    """Send the first code to a new number or address."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Go to the page with the form."""
        return back(self, "setup")

    @sensitive_variables()
    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Send it to what was typed, or once more to what waits; or begin again."""
        slug = kwargs["factor"]
        if "restart" in request.POST:
            enrol.start_over(self.context, slug)
            return back(self, "setup")
        kind = require_sender(registry.get(slug))
        form = kind.destination_form(request.POST) if "to" in request.POST else None
        if form is not None and not form.is_valid():
            return self.show(error=None, to_form=form)
        to = form.cleaned_data["to"] if form is not None else ""
        try:
            sent = enrol.send(self.context, slug, to)
        except BESIDE_THE_NUMBER as error:
            if answers.wants_json(request):
                raise
            return self.show(error=error, to_form=form)
        return arrived(self, "setup", sent)


def back(page: Page, name: str) -> HttpResponseBase:
    """Return to the page of the factor, with the way on from there."""
    factor = page.kwargs["factor"]
    if factor not in registry.factors() or not registry.get(factor).sends:
        raise FactorNotAvailable
    url = reverse(f"django_mfa:{name}", args=[factor])
    query = f"?{urlencode({'next': page.next_url})}" if page.next_url else ""
    return page.go_on(url + query)


def arrived(page: Page, name: str, sent: Sent) -> HttpResponseBase:
    """Go on to where the code is typed; tell a program how it stands."""
    if not answers.wants_json(page.request):
        return back(page, name)
    return JsonResponse(sent.as_json())
