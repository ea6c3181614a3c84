"""What a gateway promises: take one message, say what became of it."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping


class Message(NamedTuple):
    """One code on its way to one number; error reports see neither.

    A notice to the owner of an account comes the same way, with an empty `code`.
    `reference` names what was asked, and is the same when a task is repeated.
    """

    to: str
    text: str
    code: str
    reference: str = ""
    language: str = ""
    #: `Receipt.provider_id` of the message whose code this one replaces.
    replaces: str = ""

    def __repr__(self) -> str:
        return "<Message>"


class Receipt(NamedTuple):
    """Which gateway took a message, under what name, at what price if it said so."""

    gateway: str
    provider_id: str = ""
    cost: Decimal | None = None
    currency: str = ""

    def as_json(self) -> dict[str, Any]:
        """Plain JSON, to be kept with what was asked."""
        cost = None if self.cost is None else str(self.cost)
        return {
            "gateway": self.gateway,
            "provider_id": self.provider_id,
            "cost": cost,
            "currency": self.currency,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Receipt:
        """Return the receipt that `as_json` wrote."""
        cost = data.get("cost")
        return cls(
            gateway=data["gateway"],
            provider_id=data.get("provider_id", ""),
            cost=None if cost is None else Decimal(cost),
            currency=data.get("currency", ""),
        )


class Gateway:
    """A way to send text messages; the base of one of your own.

    `send` and `check` run in a thread of their own that is left behind when it takes
    too long, and raise children of `errors.SendFailed`. Whatever else they raise
    counts as `ProviderUnavailable`.
    """

    #: Whether sending leaves this process, so that it must be waited for.
    network = True
    #: Whether the provider makes the code and judges it, by `check`.
    checks_codes = False

    def __init__(self, name: str) -> None:
        self.name = name

    def load(self) -> None:
        """Import what the provider's library takes: that is not its time to answer."""

    def send(self, message: Message) -> Receipt:
        """Hand `message` to the provider, once."""
        raise NotImplementedError

    def check(self, receipt: Receipt, to: str, code: str) -> bool:
        """Whether `code` is the one the provider sent; for those that make their own."""
        raise NotImplementedError
