from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django_mfa.api import outputs
from django_mfa.api.base import Door
from django_mfa.api.operations import SIGNED_IN, does
from django_mfa.api.serializers import RenameInput
from django_mfa.errors import DeviceNotFound
from django_mfa.flows import sessions, trust

if TYPE_CHECKING:
    from uuid import UUID

    from rest_framework.request import Request
    from rest_framework.response import Response

    from django_mfa.session import Context
    from django_mfa.trusted_devices.models import TrustedDevice

BROWSER = {
    "id": "1f0e8a52-58a8-4f3c-9d5b-0d9f2f3f7c11",
    "name": "Firefox on Linux",
    "created": "2026-01-01T12:00:00Z",
    "last_seen": "2026-01-02T12:00:00Z",
    "expires": "2026-01-31T12:00:00Z",
    "address": "192.0.2.1",
    "current": True,
}


class BrowsersView(Door):
    tag = "Trusted browsers"

    @does(
        "List the browsers that are not asked for a factor at sign-in",
        answer=outputs.Browsers,
        example={"trusted_devices": [BROWSER]},
        errors=SIGNED_IN,
    )
    def get(self, request: Request, **kwargs: Any) -> Response:
        client = self.enter()
        rows = trust.own(client.context)
        told = [as_json(client.context, row) for row in rows]
        return self.reply(client, {"trusted_devices": told})

    @does(
        "Trust none of them any more",
        answer=outputs.Detail,
        example={"detail": "No browser is trusted any more."},
        errors=SIGNED_IN,
    )
    def delete(self, request: Request, **kwargs: Any) -> Response:
        client = self.enter()
        trust.revoke_all(client.context)
        return self.reply(client, {"detail": "No browser is trusted any more."})


class BrowserView(Door):
    tag = "Trusted browsers"

    @does(
        "Give a browser another name",
        request=RenameInput,
        sent={"name": "At work"},
        answer=outputs.Detail,
        example={"detail": "Changed."},
        errors=(*SIGNED_IN, DeviceNotFound),
    )
    def patch(self, request: Request, *, public_id: UUID, **kwargs: Any) -> Response:
        data = self.read(RenameInput)
        client = self.enter()
        trust.rename(client.context, public_id, data["name"])
        return self.reply(client, {"detail": "Changed."})

    @does(
        "Trust a browser no more",
        answer=outputs.Detail,
        example={"detail": "This browser is not trusted any more."},
        errors=(*SIGNED_IN, DeviceNotFound),
    )
    def delete(self, request: Request, *, public_id: UUID, **kwargs: Any) -> Response:
        client = self.enter()
        trust.revoke(client.context, public_id)
        return self.reply(client, {"detail": "This browser is not trusted any more."})


class EndOthersView(Door):
    tag = "Account"

    @does(
        "Sign out everywhere but here",
        answer=outputs.Detail,
        example={"detail": "You are signed out everywhere else."},
        errors=SIGNED_IN,
    )
    def post(self, request: Request, **kwargs: Any) -> Response:
        client = self.enter()
        sessions.end_others(client.context)
        return self.reply(client, {"detail": "You are signed out everywhere else."})


def as_json(context: Context, row: TrustedDevice) -> dict[str, Any]:
    """Return a browser as lists show it; its token is told to nobody."""
    return {
        "id": str(row.public_id),
        "name": row.name,
        "created": row.created,
        "last_seen": row.last_seen,
        "expires": row.expires,
        "address": row.address,
        "current": trust.is_here(context, row),
    }
