from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from django.utils.decorators import method_decorator
from django.views.decorators.debug import sensitive_variables
from rest_framework.exceptions import ParseError

from django_mfa.api import outputs
from django_mfa.api.base import Door, ForAnybody
from django_mfa.api.operations import CHANGES, SIGNED_IN, does
from django_mfa.api.parsers import TooLarge
from django_mfa.api.serializers import (
    AuthenticateInput,
    CredentialInput,
    NameInput,
    RegisterInput,
)
from django_mfa.decorators import mfa_settles
from django_mfa.errors import (
    AlreadyRegistered,
    EnrolmentRequired,
    FactorNotAvailable,
    InvalidResponse,
    MFAError,
    TooManyAttempts,
    TooManyDevices,
    Unavailable,
)
from django_mfa.flows import challenge, enrol, manage, passwordless, step_up
from django_mfa.session import MFASession
from django_mfa.values import Credential

from .login import SETTLES
from .setup import ForEnrolment, confirmed

if TYPE_CHECKING:
    from rest_framework.request import Request
    from rest_framework.response import Response

    from django_mfa.api.client import Client

ENROLS = method_decorator(mfa_settles(EnrolmentRequired.code), name="dispatch")
FACTOR = "passkey"
#: What is ours in the body beside the answer of the authenticator.
OURS = ("mfa_token", "session_id", "name")

CREATION = {
    "challenge": "AAEC...",
    "rp": {"id": "example.com", "name": "Example"},
    "user": {"id": "q83v...", "name": "alice", "displayName": "alice"},
    "pubKeyCredParams": [{"type": "public-key", "alg": -8}],
    "timeout": 300000,
    "excludeCredentials": [],
    "attestation": "none",
}
REQUEST = {
    "challenge": "AAEC...",
    "rpId": "example.com",
    "timeout": 300000,
    "allowCredentials": [],
    "userVerification": "preferred",
}
ATTESTED = {
    "id": "AAEC...",
    "rawId": "AAEC...",
    "type": "public-key",
    "response": {"clientDataJSON": "eyJ0...", "attestationObject": "o2Nm..."},
    "clientExtensionResults": {},
}
ASSERTED = {
    **ATTESTED,
    "response": {
        "clientDataJSON": "eyJ0...",
        "authenticatorData": "SZYN...",
        "signature": "MEUC...",
        "userHandle": "q83v...",
    },
}


class PasskeyDoor(Door):
    tag = "Passkeys"

    @sensitive_variables()
    def read_credential(self) -> tuple[dict[str, Any], Credential]:
        """Return what is ours in the body, and the rest as it came.

        SECURITY: whatever its shape, the answer reaches the flow, which spends its
        challenge before anything is read of it.
        """
        sent = dict(self.request.data)
        ours = {name: sent.pop(name) for name in OURS if name in sent}
        if list(sent) == ["credential"]:
            # As `mfa/verify` and the pages have it.
            sent = sent["credential"] if isinstance(sent["credential"], dict) else {}
        return self.read(NameInput, ours), Credential(sent)


class CompleteDoor(PasskeyDoor):
    """Takes the answer of an authenticator, and spends its challenge whatever comes."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Refuse what cannot be read, as an answer that was judged."""
        try:
            # Before it is asked who sent it: the check against CSRF reads it as well,
            # and who sends what cannot be read would be nobody.
            _ = request.data
            super().initial(request, *args, **kwargs)
        except (TooLarge, ParseError):
            # SECURITY: what was asked of this session is over, as at the pages; for a
            # program whose token is in the body nobody knows what that was.
            with suppress(MFAError):
                self.answer(self.enter(), Credential(""), {})
            raise

    def answer(self, client: Client, credential: Credential, ours: Any) -> Any:
        """Have the flow judge it."""
        raise NotImplementedError


@ENROLS
class RegisterBeginView(ForEnrolment, PasskeyDoor):
    @sensitive_variables()
    @does(
        "Ask for a new passkey",
        request=RegisterInput,
        sent={},
        answer=outputs.Options,
        example=CREATION,
        errors=(*CHANGES, FactorNotAvailable, TooManyDevices),
    )
    def post(self, request: Request, **kwargs: Any) -> Response:
        data = self.read(RegisterInput)
        client = self.enter(data)
        conditional = data["conditional"]
        options = enrol.ask(client.context, FACTOR, conditional=conditional)
        return self.reply(client, options)


@ENROLS
class RegisterCompleteView(ForEnrolment, CompleteDoor):
    @sensitive_variables()
    @does(
        "Register the passkey that was made",
        request=CredentialInput,
        sent={**ATTESTED, "name": "Laptop"},
        answer=outputs.Confirmed,
        example={
            "detail": "Laptop is set up.",
            "device": {
                "id": "1f0e8a52-58a8-4f3c-9d5b-0d9f2f3f7c11",
                "method": "passkey",
                "name": "Laptop",
            },
        },
        errors=(
            *CHANGES,
            InvalidResponse,
            AlreadyRegistered,
            FactorNotAvailable,
            TooManyDevices,
        ),
    )
    def post(self, request: Request, **kwargs: Any) -> Response:
        ours, credential = self.read_credential()
        client = self.enter(ours)
        done = self.answer(client, credential, ours)
        return self.reply(client, confirmed(done))

    @sensitive_variables()
    def answer(self, client: Client, credential: Credential, ours: Any) -> Any:
        name = ours.get("name", "")
        return enrol.confirm(client.context, FACTOR, credential, name=name)


@SETTLES
class AuthenticateBeginView(ForAnybody, PasskeyDoor):
    @sensitive_variables()
    @does(
        "Ask for a passkey: to sign in, as second factor, or for a step-up",
        request=AuthenticateInput,
        sent={},
        answer=outputs.Options,
        example=REQUEST,
        errors=(*SIGNED_IN, FactorNotAvailable, TooManyAttempts),
        description=(
            "With a sign-in that waits, it is its second factor; for somebody signed"
            " in, a step-up; else it is the sign-in itself. Programs without a cookie"
            " get an `mfa_token` beside the options: send it back with the answer."
        ),
    )
    def post(self, request: Request, **kwargs: Any) -> Response:
        data = self.read(AuthenticateInput)
        client = self.enter_or_begin(data)
        options = dict(self._ask(client, data.get("username", "")))
        kept = client.keep()
        token = client.token
        return self.reply(client, {**options, **kept, **token})

    def enter_or_begin(self, data: dict[str, Any]) -> Client:
        """Return who sent it; a program that nobody knows begins to sign in."""
        known = data.get("mfa_token") or data.get("session_id")
        user: Any = self.request.user  # nobody may be None, where the site says so
        if known or (user and user.is_authenticated):
            return self.enter(data)
        if MFASession(self.request._request).hold() is not None:  # noqa: SLF001
            return self.enter(data)
        return self.begin()

    def _ask(self, client: Client, name: str) -> Any:
        context = client.context
        if context.actor is not None:
            return step_up.ask(context, FACTOR)
        if client.session.hold() is not None:
            return challenge.ask(context, FACTOR)
        return passwordless.ask(context, name)


@SETTLES
class AuthenticateCompleteView(ForAnybody, CompleteDoor):
    @sensitive_variables()
    @does(
        "Answer with a passkey",
        request=CredentialInput,
        sent=ASSERTED,
        answer=outputs.Verified,
        example={"detail": "Verified.", "method": "passkey"},
        errors=(
            *SIGNED_IN,
            InvalidResponse,
            FactorNotAvailable,
            TooManyAttempts,
            Unavailable,
        ),
    )
    def post(self, request: Request, **kwargs: Any) -> Response:
        ours, credential = self.read_credential()
        client = self.enter(ours)
        told: dict[str, Any] = {"detail": "Verified.", "method": FACTOR}
        if self.answer(client, credential, ours):
            client.keep()
            told |= {"detail": "One more factor is needed.", **client.waiting()}
        return self.reply(client, told)

    @sensitive_variables()
    def answer(self, client: Client, credential: Credential, ours: Any) -> bool:
        """Judge the answer; return whether more is owed."""
        context = client.context
        if context.actor is not None:
            step_up.answer(context, credential, factor=FACTOR)
            return False
        if client.session.hold() is not None:
            challenge.answer(context, credential, factor=FACTOR)
            return False
        return passwordless.answer(context, credential).is_held


class AcceptedView(PasskeyDoor):
    @does(
        "What the browser should know of one's own passkeys",
        answer=outputs.Accepted,
        example={
            "rpId": "example.com",
            "userId": "q83v...",
            "allAcceptedCredentialIds": [],
        },
        errors=(*SIGNED_IN, FactorNotAvailable),
        description="The arguments of `PublicKeyCredential.signalAllAcceptedCredentials`.",
    )
    def get(self, request: Request, **kwargs: Any) -> Response:
        client = self.enter()
        return self.reply(client, dict(manage.accepted(client.context, FACTOR)))
