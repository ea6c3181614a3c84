from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.views.decorators.debug import sensitive_variables

from django_mfa.api import outputs
from django_mfa.api.base import Door
from django_mfa.api.operations import CHANGES, SIGNED_IN, does
from django_mfa.api.serializers import AppPasswordInput
from django_mfa.errors import (
    AppPasswordNotFound,
    NotOffered,
    TooManyAppPasswords,
    UnknownScope,
)
from django_mfa.flows import app_passwords

if TYPE_CHECKING:
    from uuid import UUID

    from rest_framework.request import Request
    from rest_framework.response import Response

    from django_mfa.app_passwords.models import AppPassword

ROW = {
    "id": "1f0e8a52-58a8-4f3c-9d5b-0d9f2f3f7c11",
    "name": "Backup job",
    "prefix": "djmfa_0123456789ab",
    "scopes": ["read"],
    "created": "2026-01-01T12:00:00Z",
    "expires": None,
    "last_used": None,
    "last_address": None,
}


class AppPasswordsView(Door):
    tag = "App passwords"

    @does(
        "List one's own app passwords",
        answer=outputs.AppPasswords,
        example={"app_passwords": [ROW], "scopes": {"read": "See your data"}},
        errors=(*SIGNED_IN, NotOffered),
    )
    def get(self, request: Request, **kwargs: Any) -> Response:
        client = self.enter()
        rows = app_passwords.own(client.context)
        told = {
            "app_passwords": [as_json(row) for row in rows],
            "scopes": dict(app_passwords.scopes()),
        }
        return self.reply(client, told)

    @sensitive_variables()
    @does(
        "Make an app password; it is shown this once",
        request=AppPasswordInput,
        sent={"name": "Backup job", "scopes": ["read"], "days": 90},
        answer=outputs.NewAppPassword,
        example={**ROW, "password": "djmfa_0123456789ab_..."},
        errors=(*CHANGES, NotOffered, TooManyAppPasswords, UnknownScope),
    )
    def post(self, request: Request, **kwargs: Any) -> Response:
        data = self.read(AppPasswordInput)
        client = self.enter()
        made = app_passwords.make(client.context, **data)
        told = {**as_json(made.row), "password": str(made.secret)}
        return self.reply(client, told)

    @does(
        "Revoke every app password",
        answer=outputs.Detail,
        example={"detail": "Every app password was revoked."},
        errors=CHANGES,
    )
    def delete(self, request: Request, **kwargs: Any) -> Response:
        client = self.enter()
        app_passwords.revoke_all(client.context)
        return self.reply(client, {"detail": "Every app password was revoked."})


class AppPasswordView(Door):
    tag = "App passwords"

    @does(
        "Revoke an app password",
        answer=outputs.Detail,
        example={"detail": "The app password was revoked."},
        errors=(*CHANGES, AppPasswordNotFound, NotOffered),
    )
    def delete(self, request: Request, *, public_id: UUID, **kwargs: Any) -> Response:
        client = self.enter()
        app_passwords.revoke(client.context, public_id)
        return self.reply(client, {"detail": "The app password was revoked."})


def as_json(row: AppPassword) -> dict[str, Any]:
    """Return an app password as lists show it: by its beginning alone."""
    return {
        "id": str(row.public_id),
        "name": row.name,
        "prefix": row.prefix,
        "scopes": list(row.scopes),
        "created": row.created,
        "expires": row.expires,
        "last_used": row.last_used,
        "last_address": row.last_address,
    }
