"""What the signed-in user of a session has shown."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from django.contrib.auth import SESSION_KEY
from django.utils.functional import SimpleLazyObject
from django_otp import DEVICE_ID_SESSION_KEY
from django_otp.middleware import is_verified
from django_otp.models import Device

from django_mfa import clock, conf
from django_mfa.values import Proof

from .hold import key_of
from .life import SessionLife

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser

PROOFS = "_mfa_proofs"
EPOCH = "_mfa_epoch"
OWNER = "_mfa_owner"
PASSWORD_AT = "_mfa_password_at"  # noqa: S105  # a time, not a password

MAX_PROOFS = 8


class Proving(SessionLife):
    """The part of the port that knows proofs and whose they are."""

    def user(self) -> AbstractBaseUser | None:
        """Return the signed-in user; None for anybody who still owes something."""
        user = getattr(self.request, "user", None)
        if user is None or not user.is_authenticated:
            return None
        # SECURITY: who looks at the site as somebody else, by a middleware that puts
        # another user here, proves, changes and approves nothing in their name.
        owner = getattr(self.request, "session", {}).get(SESSION_KEY)
        return user if owner in (None, key_of(user)) else None

    def proofs(self) -> list[Proof]:
        """Return what the signed-in user of this session has shown, oldest first."""
        # SECURITY: proofs are read for their owner alone; a session that changed
        # hands has none.
        if self.store.get(OWNER) != self.store.get(SESSION_KEY, ""):
            return []
        found = [Proof.from_json(data) for data in self.store.get(PROOFS, ())]
        return [old for old in found if self.counts(old)]

    def counts(self, proof: Proof) -> bool:
        """Whether `proof` is not worn out: as young as `SESSIONS.PROOF_AGE` wants it."""
        longest = conf.get().SESSIONS.PROOF_AGE
        return not longest or -clock.SLACK <= clock.timestamp() - proof.at <= longest

    def is_worn_out(self) -> bool:
        """Whether this session has shown something, and all of it is too old."""
        return bool(self.store.get(PROOFS)) and not self.proofs()

    def password_at(self) -> int | None:
        """When the sign-in of this session began, in unix seconds."""
        at = self.store.get(PASSWORD_AT)
        return int(at) if at is not None else None

    def has_passed_gate(self) -> bool:
        """Whether the present sign-in of this session was let in by this package."""
        return EPOCH in self.store and self.store.get(OWNER) == self.store.get(
            SESSION_KEY, ""
        )

    def epoch(self) -> int:
        """Return the epoch of the account when this session last proved itself."""
        return int(self.store.get(EPOCH, -1))

    def keep_up(self, epoch: int) -> None:
        """Note that this session made the change that raised the epoch: it stays."""
        if EPOCH in self.store:
            self.store[EPOCH] = epoch

    def add_proof(self, proof: Proof) -> None:
        """Note what was shown; of each device the newest proof is kept."""
        others = [old for old in self.proofs() if old.device != proof.device]
        kept = [*others, proof][-MAX_PROOFS:]
        self.store[PROOFS] = [each.as_json() for each in kept]

    def drop_proofs(self) -> None:
        """Forget what was shown: the signed-in user has no factor any more."""
        self.store.pop(PROOFS, None)
        self.store.pop(DEVICE_ID_SESSION_KEY, None)

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

    def _be(self, user: Any) -> None:
        self.attach(user)
        self.request.user = user
        # Where Django keeps the user it has read, for `user` and `auser`.
        self.request._cached_user = self.request._acached_user = user  # noqa: SLF001  # there is no other way
        if hasattr(self.request, "auser"):
            # SECURITY: Django 6.1's login leaves the user there for this request.
            self.request.auser = partial(_same, user)


async def _same(user: Any) -> Any:
    return user
