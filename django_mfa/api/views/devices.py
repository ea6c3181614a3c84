from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django_mfa.api import outputs
from django_mfa.api.base import Door
from django_mfa.api.operations import CHANGES, SIGNED_IN, does
from django_mfa.api.serializers import DeviceIdInput, DeviceInput
from django_mfa.errors import DeviceNotFound, FactorRequired, NotEnabled
from django_mfa.flows import manage

if TYPE_CHECKING:
    from uuid import UUID

    from rest_framework.request import Request
    from rest_framework.response import Response

    from django_mfa.api.client import Client
    from django_mfa.factors.registry import Enrolled

DEVICE = {
    "id": "1f0e8a52-58a8-4f3c-9d5b-0d9f2f3f7c11",
    "method": "totp",
    "name": "Phone",
    "created": "2026-01-01T12:00:00Z",
    "last_used": "2026-01-02T12:00:00Z",
    "uses": 3,
    "default": False,
    "disabled": False,
    "badges": [],
}
REMOVAL = {
    "answer": outputs.Detail,
    "example": {"detail": "The device was removed."},
    "errors": (*CHANGES, DeviceNotFound, FactorRequired),
}
CHANGE = {
    "request": DeviceInput,
    "sent": {"name": "Old phone"},
    "answer": outputs.Detail,
    "example": {"detail": "Changed."},
    "errors": (*CHANGES, DeviceNotFound),
}


class DeviceDoor(Door):
    tag = "Devices"
    #: The only factor that is spoken of here; all of them, without one.
    only = ""

    def listed(self, client: Client) -> list[dict[str, Any]]:
        """Return the devices of the caller as JSON."""
        overview = manage.overview(client.context)
        return [
            as_json(device, is_default=device.public_id == overview.default)
            for device in overview.devices
            if self.only in ("", device.factor)
        ]

    def require_own(self, client: Client, public_id: UUID) -> None:
        """Raise `DeviceNotFound` unless it is the caller's, and spoken of here."""
        device = manage.find(client.context, public_id)
        if self.only not in ("", device.factor):
            raise DeviceNotFound

    def removed(self, client: Client, public_id: UUID) -> Response:
        """Remove a device."""
        self.require_own(client, public_id)
        manage.remove(client.context, public_id)
        return self.reply(client, {"detail": "The device was removed."})


class DevicesView(DeviceDoor):
    @does(
        "List one's own devices",
        answer=outputs.Devices,
        example={"devices": [DEVICE]},
        errors=SIGNED_IN,
    )
    def get(self, request: Request, **kwargs: Any) -> Response:
        client = self.enter()
        return self.reply(client, {"devices": self.listed(client)})


class DeviceView(DeviceDoor):
    @does("Rename a device, or ask for it first", **CHANGE)
    def patch(self, request: Request, *, public_id: UUID, **kwargs: Any) -> Response:
        data = self.read(DeviceInput)
        client = self.enter()
        self.require_own(client, public_id)
        if "name" in data:
            manage.rename(client.context, public_id, data["name"])
        if data.get("default"):
            manage.set_default(client.context, public_id)
        return self.reply(client, {"detail": "Changed."})

    @does("Remove a device", **REMOVAL)
    def delete(self, request: Request, *, public_id: UUID, **kwargs: Any) -> Response:
        return self.removed(self.enter(), public_id)


class CredentialsView(DevicesView):
    tag = "Passkeys"
    only = "passkey"


class CredentialView(DeviceView):
    tag = "Passkeys"
    only = "passkey"


class DeviceByBodyView(DeviceDoor):
    @does(
        "Remove the device whose id is sent",
        request=DeviceIdInput,
        sent={"id": DEVICE["id"]},
        **REMOVAL,
    )
    def delete(self, request: Request, **kwargs: Any) -> Response:
        data = self.read(DeviceIdInput)
        return self.removed(self.enter(), data["id"])


class DisableView(DeviceDoor):
    @does(
        "Remove every device: only the password protects the account then",
        answer=outputs.Detail,
        example={"detail": "Two-step sign-in is off."},
        errors=(*CHANGES, FactorRequired, NotEnabled),
    )
    def delete(self, request: Request, **kwargs: Any) -> Response:
        client = self.enter()
        require_enabled(client)
        manage.disable(client.context)
        return self.reply(client, {"detail": "Two-step sign-in is off."})


def require_enabled(client: Client) -> None:
    """Raise `NotEnabled` for somebody who has no factor."""
    if not manage.overview(client.context).is_protected:
        raise NotEnabled


def as_json(device: Enrolled, *, is_default: bool) -> dict[str, Any]:
    """Return a device as lists show it."""
    return {
        "id": str(device.public_id),
        "method": device.factor,
        "name": device.name,
        "created": device.created,
        "last_used": device.last_used,
        "uses": device.uses,
        "default": is_default,
        "disabled": device.disabled_at is not None,
        "badges": [str(badge) for badge in device.badges],
    }
