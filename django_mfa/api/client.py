"""Who calls: a browser with its session, a program with a token, a sign-in that waits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.contrib.auth.models import AnonymousUser
from django.utils.crypto import constant_time_compare
from django.views.decorators.debug import sensitive_variables
from rest_framework.authentication import SessionAuthentication
from rest_framework.exceptions import PermissionDenied

from django_mfa import conf
from django_mfa.app_passwords.models import AppPassword
from django_mfa.clients import issuer as issuers
from django_mfa.clients.stores import PendingStore
from django_mfa.flows import gate
from django_mfa.policy.standing import Standing
from django_mfa.session import Context, MFASession
from django_mfa.session.client import shown_in

from .problems import CSRFFailed

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from rest_framework.request import Request

    from django_mfa.clients.issuer import Issuer


class BrowserSession(SessionAuthentication):
    """The session of a browser, with a CSRF token for whatever changes something."""

    def enforce_csrf(self, request: Request) -> None:
        """Raise `CSRFFailed` where it is missing."""
        try:
            super().enforce_csrf(request)
        except PermissionDenied as error:
            raise CSRFFailed from error


#: By which issuer a sign-in that waits will be answered.
ISSUER = "_mfa_issuer"


@dataclass
class Client:
    """Who calls, and how what they have shown is kept."""

    context: Context
    issuer: Issuer
    #: What was shown when the request came.
    before: Any = None

    @property
    def session(self) -> MFASession:
        """What is known of the caller."""
        return self.context.require_session()

    @property
    def standing(self) -> Standing:
        """What the caller has shown, as `request.mfa` says it of browsers."""
        return Standing(self.session)

    def require_shown(self, settles: Collection[str]) -> None:
        """Raise what a token still owes, unless the view is there to settle it.

        SECURITY: tokens do not pass the gate, and other views of the site may give
        them out for the password alone.
        """
        user = self.context.actor
        if self.issuer.is_session or user is None:
            return
        error = gate.owed_by_program(self.session, user)
        if error is not None and error.code not in settles:
            raise error

    def is_in_now(self) -> bool:
        """Whether the sign-in that waited is complete."""
        return isinstance(self.session.store, PendingStore) and bool(
            self.session.user()
        )

    def keep(self) -> dict[str, Any]:
        """Store what changed; return what the client has to know of it, as JSON."""
        store = self.session.store
        if self.issuer.is_session:
            return {}
        if self.is_in_now():
            return self.issuer.issue(self.session, self.standing)
        if store.modified:
            store.save()
        if self.context.actor is not None and shown_in(store) != self.before:
            return self.issuer.renew(self.session, self.standing)
        return {}

    @property
    def token(self) -> dict[str, str]:
        """The token of a sign-in that waits, as JSON, where it has one; after `keep`."""
        store = self.session.store
        return {"mfa_token": store.token} if isinstance(store, PendingStore) else {}

    def waiting(self) -> dict[str, Any]:
        """Return how a sign-in that waits goes on, as JSON; call `keep` first."""
        hold = self.session.require_hold()
        told: dict[str, Any] = {
            "mfa_required": True,
            "code": "mfa_required"
            if hold.owed == "proof"
            else "mfa_enrolment_required",
            "methods": list(hold.factors),
            "expires_in": hold.seconds_left,
        }
        token = self.token.get("mfa_token") or hold.name
        return told | {"mfa_token": token, "session_id": token}


@sensitive_variables()
def tokens_in(sent: Mapping[str, Any]) -> dict[str, str]:
    """Return by what a sign-in is named in a body that has some other fault."""
    given = {name: sent.get(name) for name in ("mfa_token", "session_id")}
    return {name: each for name, each in given.items() if isinstance(each, str)}


@sensitive_variables()
def client_of(request: Request, data: Mapping[str, Any]) -> Client:
    """Return who sent `data`: by the token of a sign-in, by their own, by the session.

    Raises `LoginExpired` for a token that opens nothing, `CSRFFailed`.
    """
    token = data.get("mfa_token") or data.get("session_id")
    if token and not _waits_in_session(request, token):
        store = PendingStore.of(_agent(request), token)
        return _pending(request, store)
    if request.auth is not None:
        return _with_token(request)
    if request._request.session.is_empty():  # noqa: SLF001  # the request of Django's
        # Nobody: there is nothing that another site could make use of.
        return Client(Context.of(request._request), issuers.named("session"))  # noqa: SLF001
    return of_session(request)


def _waits_in_session(request: Request, token: str) -> bool:
    """Whether `token` names the sign-in that waits in the browser's own session."""
    hold = MFASession(request._request).hold()  # noqa: SLF001
    return hold is not None and constant_time_compare(hold.name, token)


def new_client(request: Request, name: str) -> Client:
    """Return a caller who begins to sign in, to be answered by the issuer `name`."""
    name = name or conf.get().API.ISSUERS[0]
    if issuers.named(name).is_session:
        return of_session(request)
    store = PendingStore.of(_agent(request))
    store[ISSUER] = name
    return _pending(request, store)


def of_session(request: Request) -> Client:
    """Return a browser; it must show its CSRF token for whatever changes something."""
    BrowserSession().enforce_csrf(request)
    return Client(Context.of(request._request), issuers.named("session"))  # noqa: SLF001  # the request of Django's


def _pending(request: Request, store: PendingStore) -> Client:
    session = issuers.session_in(request._request, store, AnonymousUser())  # noqa: SLF001
    return Client(Context.of(session.request), issuers.named(store[ISSUER]))


def _with_token(request: Request) -> Client:
    found = issuers.session_behind(
        request._request,  # noqa: SLF001
        request.user,
        request.auth,
        whole=True,
    )
    if found is None:
        message = "This kind of token is not accepted here."
        raise PermissionDenied(message)
    name, session = found
    before = shown_in(session.store)
    return Client(Context.of(session.request), issuers.named(name), before)


def _agent(request: Request) -> str:
    return str(request.META.get("HTTP_USER_AGENT", ""))


def shown_by(request: Request) -> MFASession | None:
    """Return what knows what the user has shown, by whatever way they came."""
    if isinstance(request.successful_authenticator, SessionAuthentication):
        return MFASession(request._request)  # noqa: SLF001
    if request.auth is None:
        return None
    found = issuers.session_behind(
        request._request,  # noqa: SLF001
        request.user,
        request.auth,
        whole=False,
    )
    return found[1] if found else None


def is_for_machines(request: Request) -> bool:
    """Whether the caller came with an app password."""
    return isinstance(request.auth, AppPassword)
