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
from django_mfa.extras import lazy
from django_mfa.factors import registry
from django_mfa.flows import enrol, send_code

from .approvals import ApproveView
from .setup import SetupView
from .step_up import StepUpView
from .verify import ChallengePage, VerifyView

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponseBase

    from django_mfa.factors.sent_code.parcel import Sent
    from django_mfa.flows import sending
else:
    sending = lazy("django_mfa.flows.sending")

#: What is said on the page that asked; the code sent before is still good there.
BESIDE_THE_FORM = (SendFailed, TooManyAttempts, KeyTrouble, Unavailable)
BESIDE_THE_NUMBER = (*BESIDE_THE_FORM, AlreadyRegistered, SetupExpired)


class SendPage(ChallengePage):
    """Sends a code by a POST, and goes on to the page where it is typed."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Go to the page with the button: looking sends nothing."""
        return self.go_on(self._page())

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Send it, to the device that was chosen."""
        try:
            sent = self.send(request.POST.get("device", ""))
        except BESIDE_THE_FORM as error:
            if answers.wants_json(request):
                raise
            return self.ask(error=error)
        if answers.wants_json(request):
            return JsonResponse(sent.as_json())
        return self.go_on(self._page())

    def send(self, device: str) -> Sent:
        """Ask the flow."""
        raise NotImplementedError

    def _page(self) -> str:
        kind = registry.get(self.kwargs["factor"])
        if not kind.sends:
            raise FactorNotAvailable
        return self.place(kind)


class VerifySendView(SendPage, VerifyView):
    """Send a code to the person whose sign-in waits."""

    def send(self, device: str) -> Sent:
        """Send it."""
        slug = self.kwargs["factor"]
        return send_code.to_sign_in(self.context, slug, device=device)


class StepUpSendView(SendPage, StepUpView):
    """Send a code to the signed-in person."""

    def send(self, device: str) -> Sent:
        """Send it."""
        slug = self.kwargs["factor"]
        return send_code.to_step_up(self.context, slug, device=device)


class ApproveSendView(SendPage, ApproveView):
    """Send a code for one approval."""

    def send(self, device: str) -> Sent:
        """Send it."""
        slug, public_id = self.kwargs["factor"], self.kwargs["public_id"]
        return send_code.to_approve(self.context, public_id, slug, device=device)


class SetupSendView(SetupView):
    """Send the first code to a new number or address."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Go to the page with the form."""
        return self.go_on(self._page())

    @sensitive_variables()
    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Send it to what was typed, or once more to what waits; or begin again."""
        slug = kwargs["factor"]
        if "restart" in request.POST:
            enrol.start_over(self.context, slug)
            return self.go_on(self._page())
        kind = sending.require_sender(registry.get(slug))
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
        if answers.wants_json(request):
            return JsonResponse(sent.as_json())
        return self.go_on(self._page())

    def _page(self) -> str:
        kind = sending.require_sender(registry.get(self.kwargs["factor"]))
        place = reverse("django_mfa:setup", args=[kind.slug])
        query = urlencode({"next": self.next_url}) if self.next_url else ""
        return f"{place}?{query}" if query else place
