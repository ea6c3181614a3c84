"""Codes that are sent: to sign in, for a step-up, and for a set-up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.views.decorators.debug import sensitive_variables

from django_mfa.api import outputs
from django_mfa.api.base import ForAnybody
from django_mfa.api.operations import CHANGES, does
from django_mfa.api.serializers import SendInput
from django_mfa.errors import (
    FactorNotAvailable,
    KeyTrouble,
    SendFailed,
    SendTooSoon,
    SetupExpired,
    TooManyAttempts,
)
from django_mfa.factors import registry
from django_mfa.flows import enrol, send_code

from .setup import BY, FactorDoor

if TYPE_CHECKING:
    from rest_framework.request import Request
    from rest_framework.response import Response

    from django_mfa.api.client import Client

SENDING = (FactorNotAvailable, SendFailed, SendTooSoon, TooManyAttempts, KeyTrouble)
SENT = {
    "method": "sms",
    "detail": "Verification code sent via SMS",
    "sent_to": "+44 •••• ••0123",
    "device": "1f0e8a52-58a8-4f3c-9d5b-0d9f2f3f7c11",
    "expires_in": 300,
    "retry_after": 60,
}


class SendView(ForAnybody, FactorDoor):
    @sensitive_variables()
    @does(
        "Send a code, or send one again",
        request=SendInput,
        sent={"mfa_token": "xWh0u0..."},
        answer=outputs.Sent,
        example=SENT,
        errors=(*CHANGES, *SENDING, SetupExpired),
        description=(
            "For a sign-in that waits; for somebody signed in, the set-up that was"
            " begun here, or else a step-up."
        ),
    )
    def post(self, request: Request, **kwargs: Any) -> Response:
        data = self.read(SendInput)
        client = self.enter(data)
        context, session = client.context, client.session
        hold = session.hold() if context.actor is None else None
        if session.setup_of(self.slug) or (hold and hold.owed == "enrolment"):
            sent = enrol.send(context, self.slug)
            return self.reply(client, told(self.slug, sent))
        return self.reply(client, send(client, self.slug, data.get("device", "")))


@sensitive_variables()
def send(client: Client, slug: str, device: str = "") -> dict[str, Any]:
    """Send a code to whoever asks, to sign in or for a step-up; return what is told."""
    if not registry.get(slug).sends:
        raise FactorNotAvailable
    to_them = (
        send_code.to_sign_in if client.context.actor is None else send_code.to_step_up
    )
    return told(slug, to_them(client.context, slug, device=device))


@sensitive_variables()
def told(slug: str, sent: Any) -> dict[str, Any]:
    """Return how it stands with a code, as JSON."""
    by = BY.get(slug, slug)
    detail = f"Verification code sent via {by}"
    return {"method": slug, "detail": detail, **sent.as_json()}
