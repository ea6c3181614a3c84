"""A code on its way from who made it to who sends it."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING, Any, NamedTuple

from django.views.decorators.debug import sensitive_variables

from django_mfa import clock, crypto

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


class Parcel(NamedTuple):
    """What a queue carries: plain texts, no destination, and the code sealed.

    SECURITY: whoever reads the queue learns no code, and whoever writes to it sends
    nothing anywhere but to the device that the challenge was made for.
    """

    challenge: str
    factor: str
    sealed: str
    language: str = ""
    host: str = ""
    address: str = ""
    user_agent: str = ""
    request_id: str = ""

    def __repr__(self) -> str:
        return "<Parcel>"

    def as_json(self) -> dict[str, str]:
        """Plain JSON, for any queue."""
        return self._asdict()

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Parcel:
        """Return the parcel that `as_json` wrote."""
        return cls(**data)

    @property
    @sensitive_variables()
    def code(self) -> str:
        """The code, or the notice; raise `KeyTrouble` when it cannot be opened."""
        return crypto.unseal(self.sealed, place_of(self.challenge, self.host))


@sensitive_variables()
def place_of(challenge: Any, host: str) -> str:
    """Where the sealed code of a challenge belongs: with it and no other.

    SECURITY: nor with another host, which the message would bind the code to: who
    writes to the queue must not have browsers fill it in on a site of theirs.
    """
    return f"parcel:{challenge}:{host}"


class Sent(NamedTuple):
    """How it stands with the code that was sent last: what pages and clients may know."""

    to: str
    device: str
    #: Until when it can be used; None when there is none, or it is over.
    until: datetime | None = None
    #: When another one may be sent, if not now.
    again_at: datetime | None = None
    #: The error code of a sending that failed.
    failure: str = ""

    @property
    def wait(self) -> int:
        """Whole seconds until another one may be sent."""
        if self.again_at is None:
            return 0
        return max(0, ceil(self.again_at.timestamp() - clock.timestamp()))

    def as_json(self) -> dict[str, Any]:
        """Plain JSON, for clients."""
        left = self.until.timestamp() - clock.timestamp() if self.until else 0
        return {
            "sent_to": self.to,
            "device": self.device,
            "expires_in": max(0, int(left)),
            "retry_after": self.wait,
        }
