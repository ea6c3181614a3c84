"""Twilio Messages: our own code, as a text message."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.views.decorators.debug import sensitive_variables

from django_mfa import conf
from django_mfa.errors import ProviderMisconfigured

from . import twilio_client
from .base import Gateway, Receipt
from .quiet import nothing_logged

if TYPE_CHECKING:
    from .base import Message


class TwilioGateway(Gateway):
    """Send by the Messages API (https://www.twilio.com/docs/messaging/api)."""

    def load(self) -> None:
        """Import Twilio's library."""
        twilio_client.load()

    @cached_property
    def client(self) -> Any:
        """Twilio's client, made when first used."""
        return twilio_client.make()

    @sensitive_variables()
    def send(self, message: Message) -> Receipt:
        """Have Twilio queue the message; a code for as long as it is good for."""
        options = self._sender()
        if message.code:
            options["validity_period"] = conf.get().SENT_CODES.SMS_TTL
        with twilio_client.errors(self.name):
            client = self.client
            with nothing_logged():
                taken = client.messages.create(
                    to=message.to,
                    body=message.text,
                    **options,
                )
        cost, currency = _price(taken)
        return Receipt(self.name, taken.sid or "", cost, currency)

    def _sender(self) -> dict[str, Any]:
        sender = conf.get().SMS.TWILIO_FROM
        if not sender:
            raise ProviderMisconfigured(gateway=self.name, why="TWILIO_FROM")
        is_service = sender.startswith("MG")
        return {"messaging_service_sid" if is_service else "from_": sender}


def _price(taken: Any) -> tuple[Decimal | None, str]:
    """Return what the message costs, where Twilio knows it already."""
    try:
        return abs(Decimal(taken.price)), taken.price_unit or ""
    except (InvalidOperation, TypeError):
        return None, ""
