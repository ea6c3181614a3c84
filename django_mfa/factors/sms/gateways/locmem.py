"""Keeps messages in memory, for tests; `django_mfa.testing.sms_outbox` shows them."""

from __future__ import annotations

from django.views.decorators.debug import sensitive_variables

from .base import Gateway, Message, Receipt

outbox: list[Message] = []


class LocmemGateway(Gateway):
    """Take every message, and send none."""

    network = False

    @sensitive_variables()
    def send(self, message: Message) -> Receipt:
        """Keep `message` in the outbox."""
        outbox.append(message)
        return Receipt(self.name, provider_id=f"locmem-{len(outbox)}")
