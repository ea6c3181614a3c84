"""What a program's token stands for, put into words that a session knows."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.utils.crypto import constant_time_compare

from django_mfa.accounts import service as accounts

from .hold import key_of, password_hash_of
from .port import BROWSER
from .proving import EPOCH, OWNER, PASSWORD_AT, PROOFS

if TYPE_CHECKING:
    from collections.abc import MutableMapping, Sequence

    from django_mfa.values import Proof


def state_of(user: Any) -> str:
    """Return what changes whenever proofs of `user` end: with factors and password."""
    state = f"{accounts.epoch_of(user)}:{password_hash_of(user)}"
    return hashlib.sha256(state.encode()).hexdigest()[:32]


def restored(
    user: Any, *, proofs: Sequence[Proof], password_at: int | None, name: str
) -> dict[str, Any]:
    """Return the session of a client that has shown this; `name` is its own."""
    data: dict[str, Any] = {
        SESSION_KEY: key_of(user),
        OWNER: key_of(user),
        HASH_SESSION_KEY: password_hash_of(user),
        EPOCH: accounts.epoch_of(user),
        PROOFS: [proof.as_json() for proof in proofs],
        BROWSER: name,
    }
    if password_at is not None:
        data[PASSWORD_AT] = password_at
    return data


def bring_up_to_date(store: MutableMapping[str, Any], user: Any, name: str) -> None:
    """Make `store` one of `user`'s; what was shown before a change counts no more."""
    same = (
        store.get(OWNER) == key_of(user)
        and store.get(EPOCH) == accounts.epoch_of(user)
        and constant_time_compare(
            store.get(HASH_SESSION_KEY, ""), password_hash_of(user)
        )
    )
    if not same:
        # SECURITY: as for browsers: a change of factors or of the password ends
        # the proofs of every other client.
        store.pop(PASSWORD_AT, None)
        store.update(restored(user, proofs=(), password_at=None, name=name))


def shown_in(store: Any) -> tuple[Any, ...]:
    """Return what a token says of its session; another one is due when it changes."""
    return tuple(store.get(name) for name in (EPOCH, PROOFS, PASSWORD_AT))
