"""What a session knows: proofs, a held sign-in, the epoch.

A user who owes something is *held*: the session carries who is waiting and for
what, and no more; to every view such a session is anonymous. The keys of a session
are named in this room alone, each beside what reads it.
"""

from __future__ import annotations

import hashlib
import secrets
from typing import TYPE_CHECKING, Any, cast

from django.contrib.auth import SESSION_KEY, login
from django.contrib.auth.models import AnonymousUser
from django.middleware.csrf import rotate_token
from django_otp import DEVICE_ID_SESSION_KEY

from django_mfa import clock
from django_mfa.accounts import service as accounts

from .hold import key_of
from .holding import SETUPS, Holding
from .proving import EPOCH, OWNER, PASSWORD_AT, PROOFS
from .unit import all_or_nothing

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from django.contrib.auth.base_user import AbstractBaseUser
    from django_otp.models import Device

    from django_mfa.values import Proof

BROWSER = "_mfa_browser"


class MFASession(Holding):
    """The port through which flows read and change what a session knows."""

    #: An `HttpRequest`; that class is known at the doors only.
    request: Any

    def __init__(self, request: Any) -> None:
        self.request = request

    def browser(self) -> str:
        """Return what a challenge is bound to; empty where nothing was asked yet."""
        name = self.store.get(BROWSER, "")
        # A digest, so that what is kept in rows opens no session.
        return hashlib.sha256(name.encode()).hexdigest() if name else ""

    def begin_asking(self) -> None:
        """Give this browser a name: the same as long as the session lives."""
        if BROWSER not in self.store:
            self.store[BROWSER] = secrets.token_hex(16)

    def setup_of(self, factor: str) -> str:
        """Return the public id of the set-up of `factor` begun here, or an empty text."""
        return str(self.store.get(SETUPS, {}).get(factor, ""))

    def remember_setup(self, factor: str, public_id: str) -> None:
        """Note which set-up was begun here: it goes on nowhere else."""
        self.store[SETUPS] = {**self.store.get(SETUPS, {}), factor: public_id}

    def forget_setup(self, factor: str) -> None:
        """Forget the set-up of `factor` that was begun here."""
        setups = dict(self.store.get(SETUPS, {}))
        if setups.pop(factor, None):
            self.store[SETUPS] = setups

    def sign_in(
        self,
        user: AbstractBaseUser,
        backend: str,
        *proofs: Proof,
        by_password: bool = True,
        trusted: bool = False,
    ) -> None:
        """Sign `user` in with a new session key, and with the proofs they gave."""
        pk = key_of(user)
        hold = self.hold()
        self.make_room(user)
        self.request.mfa_admitted = pk
        try:
            login(self.request, cast("Any", user), backend=backend)
        finally:
            del self.request.mfa_admitted
        mine = hold if hold and hold.user == pk else None
        self.admit(
            user,
            at=mine and mine.at,
            trusted=trusted,
            # SECURITY: a proof alone, hour by hour, must not keep a session for ever.
            since=mine and mine.since,
        )
        if not by_password:
            del self.store[PASSWORD_AT]
        for proof in proofs:
            self.add_proof(proof)
        self.attach(user)

    def admit(
        self,
        user: AbstractBaseUser,
        at: int | None = None,
        *,
        trusted: bool = False,
        since: int | None = None,
    ) -> None:
        """Note that the present sign-in of `user` passed the gate."""
        self.end_hold()
        self.store.pop(SETUPS, None)
        if self.store.get(OWNER) != self.store[SESSION_KEY]:
            self.store.pop(PROOFS, None)
        self.store[OWNER] = self.store[SESSION_KEY]
        self.store[EPOCH] = accounts.of(user).epoch
        self.store[PASSWORD_AT] = int(clock.timestamp()) if at is None else at
        self.begin_life(trusted=trusted, since=since)

    def step_up(self, proof: Proof, device: Device) -> None:
        """Add a proof by `device` to the present sign-in; the session key changes."""
        self.store[DEVICE_ID_SESSION_KEY] = device.persistent_id
        self.store.cycle_key()
        rotate_token(self.request)
        self.bind()
        self.add_proof(proof)

    def renew_password(self) -> None:
        """Note that the signed-in user gave the right password again."""
        self.store.cycle_key()
        rotate_token(self.request)
        self.bind()
        self.store[PASSWORD_AT] = int(clock.timestamp())

    def sign_out(self) -> None:
        """Forget who was signed in here, and all that the session held."""
        self.store.flush()
        self._be(AnonymousUser())

    def all_or_nothing(self) -> AbstractContextManager[None]:
        """Open one transaction in which this session takes part; see `unit`."""
        return all_or_nothing(self.request)
