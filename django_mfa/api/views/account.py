"""What one can see of oneself: standing, recovery codes, events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.middleware.csrf import get_token
from django.views.decorators.debug import sensitive_variables

from django_mfa.api import outputs
from django_mfa.api.base import Door
from django_mfa.api.operations import CHANGES, SIGNED_IN, does
from django_mfa.api.serializers import EventsInput
from django_mfa.audit.models import AuditEvent
from django_mfa.errors import NotEnabled, NotOffered
from django_mfa.flows import manage

from .devices import require_enabled

if TYPE_CHECKING:
    from rest_framework.request import Request
    from rest_framework.response import Response

#: Events on one page.
PAGE = 50


class StatusView(Door):
    tag = "Account"

    @does(
        "What is set up, and what was shown",
        answer=outputs.Status,
        example={
            "enabled": True,
            "verified": True,
            "required": False,
            "methods": ["totp", "recovery_code"],
            "default": None,
            "devices": 1,
            "backup_codes_remaining": 10,
            "amr": ["pwd", "otp", "mfa"],
            "acr": "aal2",
            "verified_at": "2026-01-02T12:00:00Z",
        },
        errors=SIGNED_IN,
    )
    def get(self, request: Request, **kwargs: Any) -> Response:
        # A browser gets its CSRF cookie here, signed in or not.
        get_token(request._request)  # noqa: SLF001  # the request of Django's
        client = self.enter()
        overview, standing = manage.overview(client.context), client.standing
        methods = dict.fromkeys(device.factor for device in overview.devices)
        codes = overview.codes
        told = {
            "enabled": overview.is_protected,
            "verified": standing.is_verified,
            "required": overview.is_required,
            "methods": [*methods, *(["recovery_code"] if codes else [])],
            "default": overview.default and str(overview.default),
            "devices": len(overview.devices),
            "backup_codes_remaining": codes.left if codes else 0,
            "amr": list(standing.amr),
            "acr": standing.acr,
            "verified_at": standing.verified_at,
        }
        return self.reply(client, told)


class CodesView(Door):
    tag = "Recovery codes"

    @does(
        "How many recovery codes are left",
        answer=outputs.CodesLeft,
        example={"remaining": 9, "created": "2026-01-01T12:00:00Z", "low": False},
        errors=SIGNED_IN,
    )
    def get(self, request: Request, **kwargs: Any) -> Response:
        client = self.enter()
        codes = manage.overview(client.context).codes
        told = {
            "remaining": codes.left if codes else 0,
            "created": codes.created if codes else None,
            "low": manage.codes_low(client.context),
        }
        return self.reply(client, told)


class RegenerateView(Door):
    tag = "Recovery codes"

    @sensitive_variables()
    @does(
        "Make new recovery codes in the place of the old; they are shown this once",
        answer=outputs.Codes,
        example={"backup_codes": ["7KQ2-M9XD", "..."]},
        errors=(*CHANGES, NotEnabled, NotOffered),
    )
    def post(self, request: Request, **kwargs: Any) -> Response:
        client = self.enter()
        require_enabled(client)
        codes = manage.regenerate_codes(client.context)
        return self.reply(client, {"backup_codes": [str(code) for code in codes]})


class SavedView(Door):
    tag = "Recovery codes"

    @does(
        "Say that the codes are kept in a safe place",
        answer=outputs.Detail,
        example={"detail": "Good."},
        errors=SIGNED_IN,
    )
    def post(self, request: Request, **kwargs: Any) -> Response:
        client = self.enter()
        manage.mark_codes_saved(client.context)
        return self.reply(client, {"detail": "Good."})


class EventsView(Door):
    tag = "Account"
    parameters: tuple[tuple[str, Any, str, str], ...] = (
        (
            "before",
            {"type": "integer", "minimum": 1, "maximum": 2**63 - 1},
            "query",
            "Only events older than this id.",
        ),
    )

    @does(
        "What happened to one's own account, the newest first",
        answer=outputs.Events,
        example={
            "events": [
                {
                    "id": 17,
                    "at": "2026-01-02T12:00:00Z",
                    "event": "challenge_passed",
                    "result": "passed",
                    "method": "totp",
                    "device": "1f0e8a52-58a8-4f3c-9d5b-0d9f2f3f7c11",
                    "device_name": "Phone",
                    "address": "192.0.2.1",
                    "user_agent": "Mozilla/5.0",
                }
            ],
            "next": None,
        },
        errors=SIGNED_IN,
    )
    def get(self, request: Request, **kwargs: Any) -> Response:
        client = self.enter()
        user = client.context.require_actor()
        wanted = EventsInput(data=request.query_params.dict())
        wanted.is_valid(raise_exception=True)
        rows = AuditEvent.objects.filter(user_id=user.pk)
        if "before" in wanted.validated_data:
            rows = rows.filter(pk__lt=wanted.validated_data["before"])
        found = list(rows[: PAGE + 1])
        told = {
            "events": [_event(row) for row in found[:PAGE]],
            "next": found[PAGE - 1].pk if len(found) > PAGE else None,
        }
        return self.reply(client, told)


def _event(row: AuditEvent) -> dict[str, Any]:
    return {
        "id": row.pk,
        "at": row.at,
        "event": row.event,
        "result": row.result,
        "method": row.factor,
        "device": row.device,
        "device_name": row.device_name,
        "address": row.seen_address,
        "user_agent": row.seen_agent,
    }
