from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.decorators import method_decorator
from django.views.decorators.debug import sensitive_variables
from rest_framework.exceptions import ValidationError

from django_mfa.api import outputs
from django_mfa.api.base import Door
from django_mfa.api.operations import CHANGES, JUDGED, does
from django_mfa.api.serializers import ConfirmInput, SetupInput
from django_mfa.decorators import mfa_settles
from django_mfa.errors import (
    AlreadyEnabled,
    EnrolmentRequired,
    FactorNotAvailable,
    SetupExpired,
    TooManyDevices,
)
from django_mfa.factors import registry
from django_mfa.flows import enrol
from django_mfa.flows.sending import require_sender

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rest_framework.request import Request
    from rest_framework.response import Response

    from django_mfa.api.client import Client

#: How the ways to send are called.
BY = {"sms": "SMS", "email": "e-mail"}
SHOWN = {
    "method": "totp",
    "expires_in": 600,
    "secret": "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ",
    "secret_in_groups": "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ",
    "uri": "otpauth://totp/Example:alice?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ",
    "qr": "<svg ...>",
    "qr_code": "data:image/png;base64,...",
}
CONFIRMED = {
    "detail": "Phone is set up.",
    "device": {
        "id": "1f0e8a52-58a8-4f3c-9d5b-0d9f2f3f7c11",
        "method": "totp",
        "name": "Phone",
    },
    "backup_codes": ["7KQ2-M9XD", "..."],
}
BEGIN = {
    "request": SetupInput,
    "sent": {},
    "answer": outputs.Setup,
    "example": SHOWN,
    "errors": (*CHANGES, FactorNotAvailable, TooManyDevices, AlreadyEnabled),
}
CONFIRM = {
    "request": ConfirmInput,
    "sent": {"code": "123456", "name": "Phone"},
    "answer": outputs.Confirmed,
    "example": CONFIRMED,
    "errors": (*CHANGES, *JUDGED, SetupExpired, TooManyDevices),
}


class ForEnrolment:
    """A door where somebody sets up a factor, in or held for that."""

    def admit(self: Any, given: Mapping[str, Any]) -> None:
        """Raise unless they may do so now."""
        enrol.factors_open(self.enter(given).context)


@method_decorator(mfa_settles(EnrolmentRequired.code), name="dispatch")
class FactorDoor(ForEnrolment, Door):
    tag = "Set up"
    parameters: tuple[tuple[str, Any, str, str], ...] = (
        (
            "factor",
            {"type": "string", "pattern": "^[-a-zA-Z0-9_]{1,32}$"},
            "path",
            "Which factor: `totp`, or another one that a code confirms.",
        ),
    )

    @property
    def slug(self) -> str:
        """The factor that the address names."""
        return str(self.kwargs.get("factor", "totp"))


class SetupView(FactorDoor):
    @sensitive_variables()
    @does("Begin to set up a factor, or go on with what was begun", **BEGIN)
    def post(self, request: Request, **kwargs: Any) -> Response:
        data = self.read(SetupInput)
        client = self.enter(data)
        return self.reply(client, shown(client, self.slug, data.get("to", "")))


class EnableView(FactorDoor):
    parameters: tuple[tuple[str, Any, str, str], ...] = ()

    @sensitive_variables()
    @does("Begin to set up a first authenticator app", **BEGIN)
    def post(self, request: Request, **kwargs: Any) -> Response:
        client = self.enter(self.read(SetupInput))
        enrol.factors_open(client.context)
        actor = client.context.actor
        if actor is not None and registry.get(self.slug).devices(actor.pk):
            raise AlreadyEnabled
        return self.reply(client, shown(client, self.slug))


class ConfirmSetupView(FactorDoor):
    @sensitive_variables()
    @does("Confirm a set-up by its first code", **CONFIRM)
    def post(self, request: Request, **kwargs: Any) -> Response:
        data = self.read(ConfirmInput)
        client = self.enter(data)
        done = enrol.confirm(
            client.context, self.slug, data["code"], name=data.get("name", "")
        )
        return self.reply(client, confirmed(done))


class ConfirmView(ConfirmSetupView):
    parameters: tuple[tuple[str, Any, str, str], ...] = ()


@sensitive_variables()
def shown(client: Client, slug: str, to: str = "") -> dict[str, Any]:
    """Begin the set-up of a factor; return what the person needs, as plain JSON."""
    kind = registry.get(slug)
    if kind.sends:
        return sent(client, slug, to)
    if kind.is_ceremony:
        # It has addresses of its own: what it needs is made for one browser.
        raise FactorNotAvailable
    setup = enrol.begin(client.context, slug)
    texts = {name: str(value) for name, value in setup.show.items()}
    return {"method": slug, "expires_in": setup.seconds_left, **texts}


@sensitive_variables()
def sent(client: Client, slug: str, to: str) -> dict[str, Any]:
    """Send the first code to a number or address; return how it stands.

    Without one it goes where the page would suggest: to the address of the account.
    """
    to = to or enrol.begin(client.context, slug).show["suggestion"]
    form = require_sender(registry.get(slug)).destination_form({"to": to})
    if not form.is_valid():
        raise ValidationError({"to": [str(each) for each in form.errors.get("to", [])]})
    found = enrol.send(client.context, slug, form.cleaned_data["to"])
    detail = f"Verification code sent via {BY.get(slug, slug)}"
    return {"method": slug, "detail": detail, **found.as_json()}


@sensitive_variables()
def confirmed(done: enrol.Confirmed) -> dict[str, Any]:
    """Return a new device, and the recovery codes that came with it, as JSON."""
    device = done.device
    told: dict[str, Any] = {
        "detail": f"{device.name} is set up.",
        "device": {
            "id": str(device.public_id),
            "method": device.factor,
            "name": device.name,
        },
    }
    if done.recovery_codes:
        told["backup_codes"] = [str(code) for code in done.recovery_codes]
    return told
