"""Administrators on other people: with the permission, a fresh proof, and never upward."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError

from django_mfa.accounts import service as accounts
from django_mfa.api import outputs
from django_mfa.api.base import Door
from django_mfa.api.operations import CHANGES, Handler, does
from django_mfa.api.serializers import ReasonInput, RequireInput
from django_mfa.errors import (
    LoginExpired,
    NotPermitted,
    ReasonRequired,
    UserNotFound,
)
from django_mfa.factors import registry
from django_mfa.flows import administer, reset
from django_mfa.policy import engine

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rest_framework.request import Request
    from rest_framework.response import Response

    from django_mfa.api.client import Client

ERRORS = (*CHANGES, NotPermitted, UserNotFound)
MAX_KEY = 64


class PersonDoor(Door):
    tag = "Administration"
    parameters: tuple[tuple[str, Any, str, str], ...] = (
        (
            "id",
            {"type": "string", "pattern": "^[-a-zA-Z0-9]{1,64}$"},
            "path",
            "The key of the user.",
        ),
    )

    def admit(self, given: Mapping[str, Any]) -> None:
        """Raise unless the caller may ask about anybody."""
        _require_permission(self.enter(given))

    def target(self, client: Client) -> Any:
        """Return the person that the address names, to somebody who may ask."""
        # SECURITY: before anybody is looked for, so that nobody can be found out.
        _require_permission(client)
        try:
            return accounts.find_user(_key(str(self.kwargs["id"])))
        except LoginExpired as error:
            raise UserNotFound from error


class PersonView(PersonDoor):
    @does(
        "The second factors of a user",
        answer=outputs.UserStatus,
        example={
            "id": "7",
            "enabled": True,
            "required": True,
            "methods": ["totp"],
            "devices": 1,
            "locked_until": None,
        },
        errors=ERRORS,
    )
    def get(self, request: Request, **kwargs: Any) -> Response:
        client = self.enter()
        target = self.target(client)
        reset.require_sight_of(client.context, target)
        devices = registry.enrolled(target)
        until = accounts.of(target).locked_until
        told = {
            "id": str(target.pk),
            "enabled": bool(devices),
            "required": engine.duty(target) is not None,
            "methods": list(dict.fromkeys(device.factor for device in devices)),
            "devices": len(registry.primary(devices)),
            "locked_until": until,
        }
        return self.reply(client, told)


def doing(
    summary: str, detail: str, shape: Any = ReasonInput, **sent: Any
) -> Callable[[Handler], Handler]:
    """Say of a handler what an administrator does by it."""
    return does(
        summary,
        request=shape,
        sent={"reason": "Lost the phone, identity checked by video", **sent},
        answer=outputs.Detail,
        example={"detail": detail},
        errors=(*ERRORS, ReasonRequired),
    )


class ResetView(PersonDoor):
    @doing("Remove every factor of a user", "The factors were removed.")
    def post(self, request: Request, **kwargs: Any) -> Response:
        data = self.read(ReasonInput)
        client = self.enter()
        reset.reset(client.context, self.target(client), data["reason"])
        return self.reply(client, {"detail": "The factors were removed."})


class UnlockView(PersonDoor):
    @doing("Let a user try again who ran into a limit", "The locks were ended.")
    def post(self, request: Request, **kwargs: Any) -> Response:
        data = self.read(ReasonInput)
        client = self.enter()
        administer.unlock(client.context, self.target(client), data["reason"])
        return self.reply(client, {"detail": "The locks were ended."})


class RequireView(PersonDoor):
    @doing(
        "Make a second factor a must for a user, or no more",
        "It is required now.",
        RequireInput,
        required=True,
    )
    def post(self, request: Request, **kwargs: Any) -> Response:
        data = self.read(RequireInput)
        client = self.enter()
        required = data["required"]
        target = self.target(client)
        administer.require(client.context, target, data["reason"], required=required)
        words = "It is required now." if required else "It is required no more."
        return self.reply(client, {"detail": words})


class SignOutView(PersonDoor):
    @doing("Sign a user out everywhere", "The user is signed out everywhere.")
    def post(self, request: Request, **kwargs: Any) -> Response:
        data = self.read(ReasonInput)
        client = self.enter()
        administer.sign_out(client.context, self.target(client), data["reason"])
        return self.reply(client, {"detail": "The user is signed out everywhere."})


def _require_permission(client: Client) -> None:
    if not client.context.require_actor().has_perm(reset.PERMISSION):
        raise NotPermitted


def _key(text: str) -> Any:
    """Return the key of a user; raise `UserNotFound` for what cannot be one."""
    try:
        return get_user_model()._meta.pk.to_python(text[:MAX_KEY])
    except (ValidationError, ValueError) as error:
        raise UserNotFound from error
