"""Sessions that are no cookies: where the state of a program's sign-in is kept.

Each is a session of Django's, so that the flows know no difference.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.base import SessionBase
from django.views.decorators.debug import sensitive_variables

from django_mfa import clock, conf
from django_mfa.challenges.models import Challenge
from django_mfa.errors import LoginExpired
from django_mfa.session.holding import SETUPS
from django_mfa.values import Purpose

from .models import ClientSession

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.db.models import QuerySet


@sensitive_variables()
def digest_of(token: str) -> str:
    """Return under what a token is kept."""
    return hashlib.sha256(token.encode()).hexdigest()


class ClientStore(SessionBase):
    """A session that lives as long as its request."""

    #: Who made the token that was sent, where one was.
    issuer = ""

    def __init__(self, session_key: str | None = None) -> None:
        super().__init__(session_key)
        self._key = session_key

    @property
    def client_key(self) -> str:
        """By what this client is known to itself; a secret where it is a token."""
        return str(self._key)

    @property
    def name(self) -> str:
        """A name for this client, from which its key cannot be told."""
        return digest_of(f"client:{self._key}")

    def load(self) -> dict[str, Any]:
        """Return what is known at the beginning: nothing."""
        return {}

    def exists(self, session_key: str) -> bool:
        """Return False: nobody chooses a key."""
        del session_key
        return False

    def create(self) -> None:
        """Begin empty."""
        self._session_cache: dict[str, Any] = {}

    def save(self, must_create: bool = False) -> None:  # noqa: FBT001, FBT002  # Django's
        """Keep nothing."""

    def delete(self, session_key: str | None = None) -> None:
        """Forget nothing."""

    def cycle_key(self) -> None:
        """Return with the same key: it was not chosen by anybody else."""
        self.modified = True

    def flush(self) -> None:
        """Forget everything."""
        self.clear()
        self.delete()

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"


class PendingStore(ClientStore):
    """A sign-in that waits: a row, found by a token that opens it once.

    Bound to the program's User-Agent, which a program keeps from one request to the
    next; not to its address, which a phone changes as it moves.
    """

    binding = ""

    @classmethod
    @sensitive_variables()
    def of(cls, user_agent: str, token: str | None = None) -> PendingStore:
        """Return the sign-in that `token` opens, or a new one."""
        store = cls(token)
        store.binding = hashlib.sha256(user_agent.encode()).hexdigest()
        if token is not None:
            store.require()
        return store

    @property
    def token(self) -> str:
        """What the client keeps until the sign-in is over."""
        return str(self._key)

    def require(self) -> None:
        """Raise `LoginExpired` when no sign-in waits behind the token."""
        state = self._rows().values_list("state", flat=True).first()
        if state is None:
            raise LoginExpired
        self._session_cache = state

    def save(self, must_create: bool = False) -> None:  # noqa: FBT001, FBT002  # Django's
        """Keep it while it waits; whoever is in needs it no more."""
        data: dict[str, Any] = dict(self.items())
        if SESSION_KEY in data:
            return
        if self._key is None:
            self._create(data)
        elif not self._rows().update(state=data):
            raise LoginExpired  # another request with the same token was quicker
        self.modified = False

    @sensitive_variables()
    def _create(self, data: Mapping[str, Any]) -> None:
        self._key = secrets.token_urlsafe(32)
        now = clock.now()
        Challenge.objects.create(
            digest=digest_of(self._key),
            purpose=Purpose.LOGIN,
            binding=self.binding,
            state=data,
            issued=now,
            expires=now + timedelta(seconds=conf.get().PENDING_LOGIN_TTL),
        )

    def cycle_key(self) -> None:
        """Spend the token; raise `LoginExpired` when another answer was first."""
        self.modified = True
        if self._key is None:
            return
        if not self._rows().update(taken=clock.now(), state={}):
            raise LoginExpired
        self._key = None

    def delete(self, session_key: str | None = None) -> None:
        """End the sign-in."""
        if self._key is not None:
            self._rows().delete()
            self._key = None

    def _rows(self) -> QuerySet[Challenge]:
        return Challenge.objects.filter(
            digest=digest_of(self.token),
            factor="",
            binding=self.binding,
            taken=None,
            expires__gt=clock.now(),
        )


class TokenStore(ClientStore):
    """What the holder of a lasting token has shown: a row beside the token."""

    def load(self) -> dict[str, Any]:
        """Return what is kept."""
        rows = ClientSession.objects.filter(digest=digest_of(str(self._key)))
        return rows.values_list("state", flat=True).first() or {}

    def save(self, must_create: bool = False) -> None:  # noqa: FBT001, FBT002  # Django's
        """Keep it, as long as it is somebody's."""
        if SESSION_KEY in self:
            self._keep(dict(self.items()))
        else:
            self.delete()

    def delete(self, session_key: str | None = None) -> None:
        """Forget what was shown."""
        ClientSession.objects.filter(digest=digest_of(str(self._key))).delete()

    def _keep(self, state: Mapping[str, Any], lifetime: int | None = None) -> None:
        expires = clock.now() + timedelta(seconds=lifetime) if lifetime else None
        ClientSession.objects.update_or_create(
            digest=digest_of(str(self._key)),
            defaults={
                "user_id": self[SESSION_KEY],
                "state": dict(state),
                "expires": expires,
            },
        )
        self.modified = False


class ClaimsStore(TokenStore):
    """What a signed token says of itself; only a set-up that waits is kept here."""

    claims: Mapping[str, Any] = {}

    def load(self) -> dict[str, Any]:
        """Return what the token says, and which set-up was begun with it."""
        return {**super().load(), **self.claims}

    def save(self, must_create: bool = False) -> None:  # noqa: FBT001, FBT002  # Django's
        """Keep the set-up as long as it waits."""
        if SETUPS in self:
            self._keep({SETUPS: self[SETUPS]}, conf.get().SETUP_TTL)


def prune() -> int:
    """Delete what is over; return how many rows there were."""
    return ClientSession.objects.filter(expires__lte=clock.now()).delete()[0]
