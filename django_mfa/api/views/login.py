from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.decorators import method_decorator
from django.views.decorators.debug import sensitive_variables

from django_mfa.api import outputs
from django_mfa.api.base import Door, ForAnybody
from django_mfa.api.operations import JUDGED, SIGNED_IN, does
from django_mfa.api.serializers import (
    CancelInput,
    ChallengeInput,
    CodeInput,
    LoginInput,
    StepUpInput,
)
from django_mfa.decorators import mfa_settles
from django_mfa.errors import (
    EnrolmentRequired,
    FactorNotAvailable,
    LoginExpired,
    MalformedCode,
    MFARequired,
    SendFailed,
    SendTooSoon,
    StepUpRequired,
    TooManyAttempts,
    Unavailable,
    WrongCredentials,
    WrongPassword,
)
from django_mfa.factors import registry
from django_mfa.flows import challenge, login, step_up
from django_mfa.values import Credential

from .sending import send

if TYPE_CHECKING:
    from rest_framework.request import Request
    from rest_framework.response import Response

    from django_mfa.api.client import Client

#: Here a person gives what they came to owe while they were signed in.
SETTLES = method_decorator(
    mfa_settles(MFARequired.code, StepUpRequired.code, EnrolmentRequired.code),
    name="dispatch",
)

PENDING = {
    "mfa_required": True,
    "code": "mfa_required",
    "methods": ["passkey", "totp", "recovery_code"],
    "expires_in": 900,
    "mfa_token": "xWh0u0...",
    "session_id": "xWh0u0...",
}


class LoginView(ForAnybody, Door):
    tag = "Sign in"

    @sensitive_variables()
    @does(
        "Sign in with name and password",
        request=LoginInput,
        sent={"username": "alice", "password": "correct horse"},
        answer=outputs.SignIn,
        example=PENDING,
        errors=(WrongCredentials, TooManyAttempts),
        description=(
            "Answers with what a program gets that is let in, or with"
            " `mfa_required` and a token under which the sign-in waits. The token is"
            " good for one sign-in, from the same User-Agent, for 15 minutes."
            " `mfa_enrolment_required`: a factor must be set up first, with the"
            " same token."
        ),
    )
    def post(self, request: Request, **kwargs: Any) -> Response:
        data = self.read(LoginInput)
        client = self.begin()
        user = login.check_password(client.context, data["username"], data["password"])
        if login.begin(client.context, user) is None:
            return self.reply(client, {"mfa_required": False})
        client.keep()
        return self.reply(client, client.waiting())


@SETTLES
class ChallengeView(ForAnybody, Door):
    tag = "Sign in"

    @sensitive_variables()
    @does(
        "Ask for a factor: send a code, or make a challenge",
        request=ChallengeInput,
        sent={"mfa_token": "xWh0u0...", "method": "totp"},
        answer=outputs.Challenge,
        example={"method": "totp", "detail": "Enter the code."},
        errors=(
            *SIGNED_IN,
            FactorNotAvailable,
            TooManyAttempts,
            SendTooSoon,
            SendFailed,
        ),
        description="For a sign-in that waits; for somebody signed in, a step-up.",
    )
    def post(self, request: Request, **kwargs: Any) -> Response:
        data = self.read(ChallengeInput)
        client = self.enter(data)
        return self.reply(client, asked(client, data.get("method", "")))


@SETTLES
class VerifyView(ForAnybody, Door):
    tag = "Sign in"

    @sensitive_variables()
    @does(
        "Answer with a code or a passkey",
        request=CodeInput,
        sent={"mfa_token": "xWh0u0...", "code": "123456"},
        answer=outputs.Verified,
        example={
            "detail": "Verified.",
            "method": "totp",
            "access": "...",
            "refresh": "...",
        },
        errors=(*JUDGED, *SIGNED_IN),
        description="For a sign-in that waits; for somebody signed in, a step-up.",
    )
    def post(self, request: Request, **kwargs: Any) -> Response:
        data = self.read(CodeInput)
        client = self.enter(data)
        context, response = client.context, response_in(data)
        factor = data.get("method", "")
        if context.actor is not None:
            proof = step_up.answer(context, response, factor=factor)
        else:
            # A program keeps no cookie by which it could be known again.
            trusts = data["trust"] and client.issuer.is_session
            proof = challenge.answer(
                context, response, factor=factor, trust_browser=trusts
            ).proof
        return self.reply(client, {"detail": "Verified.", "method": proof.factor})


class CancelView(ForAnybody, Door):
    tag = "Sign in"

    @sensitive_variables()
    @does(
        "Give up a sign-in that waits",
        request=CancelInput,
        sent={"mfa_token": "xWh0u0..."},
        answer=outputs.Detail,
        example={"detail": "The sign-in was given up."},
        errors=(LoginExpired, Unavailable),
    )
    def post(self, request: Request, **kwargs: Any) -> Response:
        client = self.enter(self.read(CancelInput))
        client.session.require_hold()
        login.cancel(client.context)
        return self.reply(client, {"detail": "The sign-in was given up."})


@SETTLES
class StepUpView(Door):
    tag = "Sign in"

    @sensitive_variables()
    @does(
        "Show again that it is you",
        request=StepUpInput,
        sent={"code": "123456"},
        answer=outputs.Verified,
        example={"detail": "Verified.", "method": "totp"},
        errors=(*JUDGED, *SIGNED_IN, WrongPassword),
        description=(
            "With a code or a passkey; with the password for people who have no"
            " factor. Clients with signed tokens get new ones."
        ),
    )
    def post(self, request: Request, **kwargs: Any) -> Response:
        data = self.read(StepUpInput)
        client = self.enter(data)
        client.context.require_actor()
        if "password" in data:
            step_up.check_password(client.context, data["password"])
            return self.reply(client, {"detail": "Verified.", "method": "password"})
        proof = step_up.answer(
            client.context, response_in(data), factor=data.get("method", "")
        )
        return self.reply(client, {"detail": "Verified.", "method": proof.factor})


@sensitive_variables()
def response_in(data: dict[str, Any]) -> Any:
    """Return the one response that was sent; raise `MalformedCode` for none or two."""
    found: list[Any] = [data["code"]] if "code" in data else []
    if "credential" in data:
        found.append(Credential(data["credential"]))
    if len(found) != 1:
        raise MalformedCode
    return found[0]


def asked(client: Client, slug: str) -> dict[str, Any]:
    """Ask for the factor `slug`, or the best one; return what the client is told."""
    context = client.context
    flow = challenge if context.actor is None else step_up
    offered = [kind.slug for kind in flow.factors_asked(context)]
    slug = slug or next(iter(offered), "")
    if slug not in offered:
        raise FactorNotAvailable
    told: dict[str, Any] = {"method": slug, "detail": "Enter the code."}
    kind = registry.get(slug)
    if kind.sends:
        return send(client, slug)
    if kind.is_ceremony:
        told |= {"detail": "Answer it.", "options": dict(flow.ask(context, slug))}
    return told
