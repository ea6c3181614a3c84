"""What a program gets when its sign-in is complete, and what that stands for later."""

from __future__ import annotations

import copy
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from django.contrib.auth import get_user_model
from django.utils.module_loading import import_string

from django_mfa import conf
from django_mfa.session import MFASession
from django_mfa.session.client import bring_up_to_date

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .stores import ClientStore

OURS = {
    "session": "django_mfa.api.issuers.SessionIssuer",
    "token": "django_mfa.api.tokens.TokenIssuer",
    "jwt": "django_mfa.integrations.simplejwt.JWTIssuer",
}


class Issuer:
    """Lets programs in. A site's own is named by its dotted path in `API["ISSUERS"]`."""

    #: Whether a sign-in lives in the browser's session, with its cookie.
    is_session = False
    #: What `issue` returns, for the OpenAPI schema: a name and a sentence each.
    fields: Mapping[str, str] = {}

    def authenticators(self) -> Sequence[Any]:
        """Return what reads the tokens from requests (REST framework's authentication)."""
        return ()

    def issue(self, session: MFASession, standing: Any) -> dict[str, Any]:
        """Return what `session.user()` gets; `standing` says what they have shown."""
        raise NotImplementedError

    def renew(self, session: MFASession, standing: Any) -> dict[str, Any]:
        """Return what a client gets that has shown more; nothing if its token stays."""
        return {}

    def end_all(self, user: Any) -> None:
        """End every token of `user`, where tokens are kept. Runs in a transaction."""

    def store_of(self, user: Any, auth: Any, *, whole: bool) -> ClientStore | None:
        """Return what stands behind the token `auth`; None for tokens of others.

        `whole` is False where only the proofs are of interest.
        """
        return None


@lru_cache(maxsize=16)
def _made(path: str) -> Issuer:
    made: Issuer = import_string(path)()
    return made


def named(name: str) -> Issuer:
    """Return the issuer called `name`."""
    return _made(OURS.get(name, name))


def all_of_them() -> Mapping[str, Issuer]:
    """Return the issuers of this site by name, the one used by default first."""
    return {name: named(name) for name in conf.get().API.ISSUERS}


def end_all(user: Any, spare: str = "") -> None:
    """End every token of `user`, of whichever issuer but `spare`.

    Must run in a transaction.
    """
    for name, issuer in all_of_them().items():
        if name != spare:
            issuer.end_all(user)


def session_behind(
    request: Any, user: Any, auth: Any, *, whole: bool
) -> tuple[str, MFASession] | None:
    """Return whose token `auth` is, and the session for which it stands."""
    if not isinstance(user, get_user_model()):
        return None  # a user made of claims alone: nothing of it can be checked
    for name, issuer in all_of_them().items():
        store = issuer.store_of(user, auth, whole=whole)
        if store is not None:
            store.issuer = name
            bring_up_to_date(store, user, store.name)
            return name, session_in(request, store, user)
    return None


def session_in(request: Any, store: Any, user: Any) -> MFASession:
    """Return a session kept in `store`; the one of the request's cookie is left alone."""
    inner = copy.copy(request)
    # SECURITY: what happens in a program's session sets no cookie of the browser's.
    inner.META, inner.session, inner.user = dict(request.META), store, user
    for name in ("_cached_user", "_acached_user"):
        inner.__dict__.pop(name, None)
    return MFASession(inner)
