"""What a session knows: proofs, a held sign-in, the epoch; its keys are named here alone.

A user who owes something is *held*: the session carries who is waiting and for
what, and no more; to every view such a session is anonymous.
"""

from __future__ import annotations

import hashlib
import secrets
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from django.contrib.auth import (
    BACKEND_SESSION_KEY,
    HASH_SESSION_KEY,
    SESSION_KEY,
    login,
)
from django.contrib.auth.models import AnonymousUser
from django.middleware.csrf import rotate_token
from django.utils.functional import SimpleLazyObject
from django_otp import DEVICE_ID_SESSION_KEY
from django_otp.middleware import is_verified
from django_otp.models import Device

from django_mfa import clock, conf
from django_mfa.accounts import service as accounts
from django_mfa.errors import LoginExpired
from django_mfa.values import Proof

from .hold import Hold, Owed, key_of, password_hash_of
from .life import LIFE, SessionLife
from .unit import all_or_nothing

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from django.contrib.auth.base_user import AbstractBaseUser

HOLD = "_mfa_hold"
PROOFS = "_mfa_proofs"
EPOCH = "_mfa_epoch"
OWNER = "_mfa_owner"
SETUPS = "_mfa_setups"
BROWSER = "_mfa_browser"
PASSWORD_AT = "_mfa_password_at"  # noqa: S105  # a time, not a password

#: How Django knows who is signed in.
AUTH = (SESSION_KEY, BACKEND_SESSION_KEY, HASH_SESSION_KEY)

MAX_PROOFS = 8


class MFASession(SessionLife):
    """The port through which flows read and change what a session knows."""

    #: An `HttpRequest`; that class is known at the doors only.
    request: Any

    def __init__(self, request: Any) -> None:
        self.request = request

    # What it knows

    def user(self) -> AbstractBaseUser | None:
        """Return the signed-in user; None for anybody who still owes something."""
        user = getattr(self.request, "user", None)
        return user if user is not None and user.is_authenticated else None

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

    def proofs(self) -> list[Proof]:
        """Return what the signed-in user of this session has shown, oldest first."""
        # SECURITY: proofs are read for their owner alone; a session that changed
        # hands has none.
        if self.store.get(OWNER) != self.store.get(SESSION_KEY, ""):
            return []
        found = [Proof.from_json(data) for data in self.store.get(PROOFS, ())]
        longest, now = conf.get().SESSIONS.PROOF_AGE, clock.timestamp()
        if not longest:
            return found
        return [old for old in found if -clock.SLACK <= now - old.at <= longest]

    def is_worn_out(self) -> bool:
        """Whether this session has shown something, and all of it is too old."""
        return bool(self.store.get(PROOFS)) and not self.proofs()

    def password_at(self) -> int | None:
        """When the sign-in of this session began, in unix seconds."""
        at = self.store.get(PASSWORD_AT)
        return int(at) if at is not None else None

    def browser(self) -> str:
        """Return what a challenge is bound to; empty where nothing was asked yet."""
        name = self.store.get(BROWSER, "")
        # A digest, so that what is kept in rows opens no session.
        return hashlib.sha256(name.encode()).hexdigest() if name else ""

    def begin_asking(self) -> None:
        """Give this browser a name: the same as long as the session lives."""
        if BROWSER not in self.store:
            self.store[BROWSER] = secrets.token_hex(16)

    def has_passed_gate(self) -> bool:
        """Whether the present sign-in of this session was let in by this package."""
        return EPOCH in self.store and self.store.get(OWNER) == self.store.get(
            SESSION_KEY, ""
        )

    def setup_of(self, factor: str) -> str:
        """Return the public id of the set-up of `factor` begun here, or an empty text."""
        return str(self.store.get(SETUPS, {}).get(factor, ""))

    def epoch(self) -> int:
        """Return the epoch of the account when this session last proved itself."""
        return int(self.store.get(EPOCH, -1))

    # What changes it

    def begin_hold(
        self,
        user: AbstractBaseUser,
        backend: str,
        *,
        owed: Owed,
        factors: tuple[str, ...] = (),
        next_url: str = "",
        at: int | None = None,
    ) -> None:
        """Let `user` wait here, since now or `at`, for what is owed; nobody is signed in."""
        pk = key_of(user)
        before = self.hold()
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
        )
        self._forget_user()
        self.store[HOLD] = hold.as_json()
        self._be(AnonymousUser())

    def remember_next(self, url: str) -> None:
        """Note where the sign-in that waits wants to go, if that is on this site."""
        data, safe = self.store.get(HOLD), self.safe_next(url)
        if data is not None and safe:
            self.store[HOLD] = {**data, "next": safe}

    def remember_setup(self, factor: str, public_id: str) -> None:
        """Note which set-up was begun here: it goes on nowhere else."""
        self.store[SETUPS] = {**self.store.get(SETUPS, {}), factor: public_id}

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

    def sign_in(
        self,
        user: AbstractBaseUser,
        backend: str,
        proof: Proof | None = None,
        *,
        by_password: bool = True,
        trusted: bool = False,
    ) -> None:
        """Sign `user` in with a new session key, and with `proof` if one was owed."""
        pk = key_of(user)
        hold = self.hold()
        self.make_room(user)
        self.request.mfa_admitted = pk
        try:
            login(self.request, cast("Any", user), backend=backend)
        finally:
            del self.request.mfa_admitted
        at = hold.at if hold and hold.user == pk else None
        self.admit(user, at=at, trusted=trusted)
        if not by_password:
            del self.store[PASSWORD_AT]
        if proof:
            self.add_proof(proof)
        self.attach(user)

    def admit(
        self, user: AbstractBaseUser, at: int | None = None, *, trusted: bool = False
    ) -> None:
        """Note that the present sign-in of `user` passed the gate."""
        self.end_hold()
        self.store.pop(SETUPS, None)
        if self.store.get(OWNER) != self.store[SESSION_KEY]:
            self.store.pop(PROOFS, None)
        self.store[OWNER] = self.store[SESSION_KEY]
        self.store[EPOCH] = accounts.of(user).epoch
        self.store[PASSWORD_AT] = int(clock.timestamp()) if at is None else at
        self.begin_life(trusted=trusted)

    def step_up(self, proof: Proof, device: Device) -> None:
        """Add a proof by `device` to the present sign-in; the session key changes."""
        self.store[DEVICE_ID_SESSION_KEY] = device.persistent_id
        self.store.cycle_key()
        rotate_token(self.request)
        self.bind()
        self.add_proof(proof)

    def renew_password(self) -> None:
        """Return the signed-in user gave the right password again."""
        self.store.cycle_key()
        rotate_token(self.request)
        self.bind()
        self.store[PASSWORD_AT] = int(clock.timestamp())

    def sign_out(self) -> None:
        """Forget who was signed in here, and all that the session held."""
        self.store.flush()
        self._be(AnonymousUser())

    def keep_up(self, epoch: int) -> None:
        """Return this session made the change that raised the epoch: it stays."""
        if EPOCH in self.store:
            self.store[EPOCH] = epoch

    def drop_proofs(self) -> None:
        """Return the signed-in user has no factor any more."""
        self.store.pop(PROOFS, None)
        self.store.pop(DEVICE_ID_SESSION_KEY, None)

    def add_proof(self, proof: Proof) -> None:
        """Note what was shown; of each device the newest proof is kept."""
        others = [old for old in self.proofs() if old.device != proof.device]
        kept = [*others, proof][-MAX_PROOFS:]
        self.store[PROOFS] = [each.as_json() for each in kept]

    def _forget_user(self) -> None:
        # The owner stays known: the rest of the session is still theirs.
        ours = (DEVICE_ID_SESSION_KEY, PROOFS, EPOCH, PASSWORD_AT, HOLD, SETUPS)
        for name in (*AUTH, *ours, *LIFE):
            self.store.pop(name, None)

    def _be(self, user: Any) -> None:
        self.attach(user)
        self.request.user = user
        # Where Django keeps the user it has read, for `user` and `auser`.
        self.request._cached_user = self.request._acached_user = user  # noqa: SLF001  # there is no other way
        if hasattr(self.request, "auser"):
            # SECURITY: Django 6.1's login leaves the user there for this request.
            self.request.auser = partial(_same, user)

    # What django-otp is told

    def attach(self, user: Any) -> None:
        """Give `user` what django-otp's users have: `otp_device`, `is_verified()`."""
        if getattr(user, "otp_device", None) is None:
            user.otp_device = self._otp_device(user)
        user.is_verified = partial(is_verified, user)

    def _otp_device(self, user: Any) -> Any:
        name = self.store.get(DEVICE_ID_SESSION_KEY) if user.is_authenticated else None
        if name is None:
            return None
        if self.proofs():
            # It was judged here; the row is fetched only if somebody looks at it.
            return SimpleLazyObject(partial(Device.from_persistent_id, name))
        device = Device.from_persistent_id(name)
        belongs = device and device.user_id == user.pk and device.confirmed
        return device if belongs else None

    def all_or_nothing(self) -> AbstractContextManager[None]:
        """Open one transaction in which this session takes part; see `unit`."""
        return all_or_nothing(self.request)


async def _same(user: Any) -> Any:
    return user
