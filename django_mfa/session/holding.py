"""The sign-in that waits in a session: who, since when, for what, where to."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.models import AnonymousUser
from django_otp import DEVICE_ID_SESSION_KEY

from django_mfa import clock
from django_mfa.accounts import service as accounts
from django_mfa.errors import LoginExpired

from .hold import Hold, Owed, key_of, password_hash_of
from .life import LIFE, SINCE
from .proving import EPOCH, OWNER, PASSWORD_AT, PROOFS, Proving

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser

    from django_mfa.values import Proof

HOLD = "_mfa_hold"
SETUPS = "_mfa_setups"

#: How Django knows who is signed in.
AUTH = (SESSION_KEY, BACKEND_SESSION_KEY, HASH_SESSION_KEY)


class Holding(Proving):
    """The part of the port that lets somebody wait, anonymous to every view."""

    def hold(self) -> Hold | None:
        """Return the sign-in that waits here, or None; one that is over is forgotten."""
        data = self.store.get(HOLD)
        if data is None:
            return None
        hold = Hold.from_json(data)
        if hold is None or hold.is_over:
            self.end_hold()
            return None
        return hold

    def require_hold(self) -> Hold:
        """Return the sign-in that waits here; raise `LoginExpired` when there is none."""
        hold = self.hold()
        if hold is None:
            raise LoginExpired
        return hold

    def held_user(self, hold: Hold) -> Any:
        """Return the user who waits here; raise `LoginExpired` if they changed meanwhile."""
        try:
            user = accounts.find_user(hold.user_pk)
            hold.check_user(user)
        except LoginExpired:
            # What is over must end: whoever waits would be led back to it for ever.
            self.end_hold()
            raise
        return user

    def begin_hold(  # noqa: PLR0913  # what a hold keeps
        self,
        user: AbstractBaseUser,
        backend: str,
        *,
        owed: Owed,
        factors: tuple[str, ...] = (),
        next_url: str = "",
        at: int | None = None,
        shown: Proof | None = None,
        goes_on: bool = False,
    ) -> None:
        """Let `user` wait here, since now or `at`, for what is owed; nobody is signed in.

        `shown` is what came in the place of the password. `goes_on`: nobody gave one,
        and the sign-in of this session keeps its age.
        """
        pk, before = key_of(user), self.hold()
        if not self._owners():
            # SECURITY: session fixation: the key known before the password was
            # right is worth nothing after it.
            self.store.cycle_key()
        self.make_room(user)
        same = before is not None and before.user == pk
        hold = Hold(
            user=pk,
            backend=backend,
            at=int(clock.timestamp()) if at is None else at,
            owed=owed,
            next=self.safe_next(next_url) or (before.next if before and same else ""),
            epoch=accounts.of(user).epoch,
            factors=factors,
            password_hash=password_hash_of(user),
            shown=shown.as_json() if shown else None,
            name=secrets.token_urlsafe(32),
            since=self.store.get(SINCE) if goes_on else None,
        )
        self._forget_user()
        self.store[HOLD] = hold.as_json()
        self._be(AnonymousUser())

    def remember_next(self, url: str) -> None:
        """Note where the sign-in that waits wants to go, if that is on this site."""
        data, safe = self.store.get(HOLD), self.safe_next(url)
        if data is not None and safe:
            self.store[HOLD] = {**data, "next": safe}

    def offer(self, factors: tuple[str, ...]) -> None:
        """Note by which factors the sign-in that waits can go on from now."""
        self.store[HOLD] = {**self.store[HOLD], "factors": list(factors)}

    def end_hold(self) -> None:
        """Forget the sign-in that waits."""
        self.store.pop(HOLD, None)

    def give_up(self) -> None:
        """End the sign-in that waits, and the session if somebody was signed in here."""
        if OWNER in self.store:
            self.store.flush()
        self.end_hold()

    def make_room(self, user: AbstractBaseUser) -> None:
        """Drop what the session of another person holds, before `user` takes it."""
        # SECURITY: who is held is anonymous to Django, whose `login` then keeps
        # the data of the session: the next person would see this one's.
        if self._owners() <= {key_of(user)}:
            return
        auth = {name: self.store[name] for name in AUTH if name in self.store}
        signed_in = self.is_signed_in(user)
        self.store.flush()
        if signed_in:
            self.store.update(auth)

    def _owners(self) -> set[str]:
        """Everybody to whom something in this session belongs; at most one, as a rule."""
        hold = Hold.from_json(self.store.get(HOLD))
        names = (self.store.get(OWNER), self.store.get(SESSION_KEY))
        return {name for name in (*names, hold and hold.user) if name}

    def _forget_user(self) -> None:
        # The owner stays known: the rest of the session is still theirs.
        ours = (DEVICE_ID_SESSION_KEY, PROOFS, EPOCH, PASSWORD_AT, HOLD, SETUPS)
        for name in (*AUTH, *ours, *LIFE):
            self.store.pop(name, None)
