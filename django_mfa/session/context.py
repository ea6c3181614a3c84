"""Who acts and from where: what a flow knows of the door it was called by."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any, NamedTuple

from django_mfa.errors import LoginExpired
from django_mfa.limits.addresses import client_address

from .port import MFASession

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_REQUEST_ID = 64


class Context(NamedTuple):
    """Who acts and from where; all that a flow knows of the door it was called by."""

    actor: Any = None  # the signed-in user, of whatever model the site has
    session: MFASession | None = None
    address: str = ""
    user_agent: str = ""
    request_id: str = ""
    host: str = ""

    @classmethod
    def of(cls, request: Any) -> Context:
        """Return the context of an HTTP request that passed `MFAMiddleware`."""
        session = MFASession(request)
        return cls.of_client(request, session.user())._replace(session=session)

    @classmethod
    def of_client(cls, request: Any, actor: Any = None) -> Context:
        """Return the context of a request that brings its own proof of who it is.

        SECURITY: without the session, which may be anybody's who sent it along.
        """
        return cls(actor, None, *_seen_in(request.META), request.get_host())

    @classmethod
    def of_login(cls, session: MFASession, actor: Any) -> Context:
        """Return the context of a login by any view; its request may be a bare one."""
        return cls(actor, session, *_seen_in(session.request.META))

    def require_session(self) -> MFASession:
        """Return the session; raise `LoginExpired` where there is none (a shell command)."""
        if self.session is None:
            raise LoginExpired
        return self.session

    def require_actor(self) -> Any:
        """Return the signed-in user; raise `LoginExpired` when nobody is."""
        if self.actor is None:
            raise LoginExpired
        return self.actor


def _seen_in(meta: Mapping[str, Any]) -> tuple[str, str, str]:
    """Return address, user agent and request id."""
    return (
        client_address(meta),
        _printable(str(meta.get("HTTP_USER_AGENT", ""))[:255]),
        _request_id(str(meta.get("HTTP_X_REQUEST_ID", ""))),
    )


def _printable(given: str) -> str:
    """Return the text without signs that a log, or PostgreSQL, chokes on."""
    return "".join(sign for sign in given if sign.isprintable())


def _request_id(given: str) -> str:
    plain = given.replace("-", "").replace("_", "")
    if 0 < len(given) <= MAX_REQUEST_ID and plain.isascii() and plain.isalnum():
        return given
    return secrets.token_hex(8)
