from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.views.decorators.debug import sensitive_variables

from django_mfa.api import outputs
from django_mfa.api.base import Door
from django_mfa.api.operations import JUDGED, SIGNED_IN, does
from django_mfa.api.serializers import (
    ApprovalChallengeInput,
    ApprovalIdInput,
    ApprovalInput,
)
from django_mfa.errors import (
    ApprovalNotFound,
    ApprovalVoid,
    FactorNotAvailable,
    NotPermitted,
)
from django_mfa.factors import registry
from django_mfa.flows import approve, send_code

from .login import response_in

if TYPE_CHECKING:
    from rest_framework.request import Request
    from rest_framework.response import Response

    from django_mfa.approvals.models import Approval

ID = "1f0e8a52-58a8-4f3c-9d5b-0d9f2f3f7c11"
APPROVAL = {
    "id": ID,
    "action": "transfer",
    "summary": "Send 100 EUR to Bob",
    "shown": {"amount": "100 EUR", "to": "Bob"},
    "requester": "alice",
    "second_person": False,
    "expires": "2026-01-01T12:05:00Z",
}
ERRORS = (*SIGNED_IN, ApprovalNotFound, ApprovalVoid, NotPermitted)


class ApprovalsView(Door):
    tag = "Approvals"

    @does(
        "List what waits for one's yes or no",
        answer=outputs.Approvals,
        example={"approvals": [APPROVAL]},
        errors=SIGNED_IN,
    )
    def get(self, request: Request, **kwargs: Any) -> Response:
        client = self.enter()
        rows = approve.waiting_for(client.context)
        return self.reply(client, {"approvals": [as_json(row) for row in rows]})

    @sensitive_variables()
    @does(
        "Approve exactly what was shown, with a code or a passkey",
        request=ApprovalInput,
        sent={"id": ID, "code": "123456"},
        answer=outputs.Detail,
        example={"detail": "Approved."},
        errors=(*ERRORS, *JUDGED),
    )
    def post(self, request: Request, **kwargs: Any) -> Response:
        data = self.read(ApprovalInput)
        client = self.enter()
        factor = data.get("method", "")
        approve.give(client.context, data["id"], response_in(data), factor=factor)
        return self.reply(client, {"detail": "Approved."})


class ApprovalChallengeView(Door):
    tag = "Approvals"

    @does(
        "Ask for a passkey whose answer covers what is approved",
        request=ApprovalChallengeInput,
        sent={"id": ID, "method": "passkey"},
        answer=outputs.Challenge,
        example={"method": "passkey", "detail": "Answer it.", "options": {}},
        errors=(*ERRORS, FactorNotAvailable),
    )
    def post(self, request: Request, **kwargs: Any) -> Response:
        data = self.read(ApprovalChallengeInput)
        client = self.enter()
        told: dict[str, Any] = {"method": data["method"], "detail": "Enter the code."}
        kind = registry.get(data["method"])
        if kind.sends:
            sent = send_code.to_approve(client.context, data["id"], kind.slug)
            told |= {"detail": "Enter the code that was sent.", **sent.as_json()}
        elif kind.is_ceremony:
            asked = approve.ask(client.context, data["id"], data["method"])
            told |= {"detail": "Answer it.", "options": dict(asked)}
        else:
            approve.find(client.context, data["id"])
        return self.reply(client, told)


class RefuseView(Door):
    tag = "Approvals"

    @does(
        "Say no, or take one's own request back",
        request=ApprovalIdInput,
        sent={"id": ID},
        answer=outputs.Detail,
        example={"detail": "It was refused. Nothing is done."},
        errors=ERRORS,
    )
    def post(self, request: Request, **kwargs: Any) -> Response:
        data = self.read(ApprovalIdInput)
        client = self.enter()
        approve.refuse(client.context, data["id"])
        return self.reply(client, {"detail": "It was refused. Nothing is done."})


def as_json(row: Approval) -> dict[str, Any]:
    """Return a request as it is shown to whoever answers it."""
    return {
        "id": str(row.public_id),
        "action": row.action,
        "summary": row.summary,
        "shown": {str(name): str(value) for name, value in row.fields},
        "requester": row.requester.get_username(),
        "second_person": row.second_person,
        "expires": row.expires,
    }
