"""A sign-in that waits: who, since when, for what; and nobody is signed in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from django.conf import settings
from django.contrib.auth import get_user_model, load_backend
from django.utils.crypto import constant_time_compare

from django_mfa import clock, conf
from django_mfa.accounts import service as accounts
from django_mfa.errors import LoginExpired
from django_mfa.values import Proof

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser

Owed = Literal["proof", "enrolment"]


class Hold(NamedTuple):
    """A sign-in that waits: who, by which backend, since when, for what, where to."""

    user: str
    backend: str
    at: int
    owed: Owed
    next: str
    epoch: int
    factors: tuple[str, ...]
    password_hash: str
    #: What was shown in the place of the password, as JSON of a proof.
    shown: dict[str, Any] | None = None
    #: By what a browser may name it; it opens nothing without the session.
    name: str = ""
    #: Since when the sign-in lasts that goes on with the proof; None: one begins.
    since: int | None = None

    def as_json(self) -> dict[str, Any]:
        """Plain JSON, to be kept in the session."""
        return self._asdict() | {"factors": list(self.factors)}

    @classmethod
    def from_json(cls, data: Any) -> Hold | None:
        """Return the hold that `as_json` wrote; None for what another version wrote."""
        try:
            return cls(**{**data, "factors": tuple(data["factors"])})
        except (KeyError, TypeError):
            return None

    @property
    def is_over(self) -> bool:
        """Whether it waited longer than the site allows, or since the future."""
        age = clock.timestamp() - self.at
        return not -clock.SLACK <= age <= conf.get().PENDING_LOGIN_TTL

    @property
    def seconds_left(self) -> int:
        """For how long it will still wait."""
        return max(0, int(self.at + conf.get().PENDING_LOGIN_TTL - clock.timestamp()))

    @property
    def user_pk(self) -> Any:
        """The key of the user, in the type of the user model."""
        return get_user_model()._meta.pk.to_python(self.user)

    @property
    def proofs(self) -> list[Proof]:
        """What was shown in the place of the password; nothing where it was that."""
        return [Proof.from_json(self.shown)] if self.shown else []

    def check_user(self, user: AbstractBaseUser) -> None:
        """Raise `LoginExpired` when `user` changed since the password was right."""
        if self.backend not in settings.AUTHENTICATION_BACKENDS:
            raise LoginExpired  # Django would not know the user by it any more
        backend = load_backend(self.backend)
        same = constant_time_compare(self.password_hash, password_hash_of(user))
        if not (
            lets_in(backend, user) and same and accounts.of(user).epoch == self.epoch
        ):
            raise LoginExpired


def lets_in(backend: Any, user: AbstractBaseUser) -> bool:
    """Whether `backend` lets `user` sign in; one that has no say asks who is active."""
    asks = getattr(backend, "user_can_authenticate", None)
    return bool(asks(user) if asks else user.is_active)


def key_of(user: AbstractBaseUser) -> str:
    """Return the key of `user` as Django keeps it in sessions."""
    return user._meta.pk.value_to_string(user)


def password_hash_of(user: AbstractBaseUser) -> str:
    """Return the digest that changes with the password; empty where there is none."""
    get = getattr(user, "get_session_auth_hash", None)
    return get() if get else ""
