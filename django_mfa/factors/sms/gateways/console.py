"""Writes messages to the terminal, for development."""

from __future__ import annotations

import sys

from django.views.decorators.debug import sensitive_variables

from .base import Gateway, Message, Receipt


class ConsoleGateway(Gateway):
    """Print every message where the server runs."""

    network = False

    @sensitive_variables()
    def send(self, message: Message) -> Receipt:
        """Write `message` to the standard output."""
        sys.stdout.write(f"SMS to {message.to}\n{message.text}\n{'-' * 40}\n")
        sys.stdout.flush()
        return Receipt(self.name)
