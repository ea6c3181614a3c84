"""Texts that are no codes: one of them to every phone of a person."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, NamedTuple

from django.views.decorators.debug import sensitive_variables

from django_mfa.errors import DestinationRefused, InvalidNumber, NumberRefused

from . import gateways

if TYPE_CHECKING:
    from collections.abc import Sequence

log = logging.getLogger("django_mfa")

#: About this number and no other: the next one may be reached.
ITS_OWN = (DestinationRefused, InvalidNumber, NumberRefused)


class Text(NamedTuple):
    """What is told, and where; `about` is how the log calls it, with no number in it."""

    about: str
    to: Sequence[str]
    text: str
    language: str = ""

    def __repr__(self) -> str:
        return "<Text>"

    @sensitive_variables()
    def as_json(self) -> str:
        """One plain text, to be sealed for a queue."""
        return json.dumps(self._asdict())

    @classmethod
    @sensitive_variables()
    def from_json(cls, written: str) -> Text:
        """Return the text that `as_json` wrote."""
        return cls(**json.loads(written))


@sensitive_variables()
def send(text: Text) -> None:
    """Hand it to the gateways, once a number; what fails is logged by its kind.

    No transaction may be open.
    """
    try:
        if gateways.for_texts():
            _send_all(text)
    except Exception as error:  # noqa: BLE001  # settings and gateways are the site's
        # Whatever is about no single number ends it: somebody may wait for their page,
        # and a provider that is down is down for the next number as well.
        failed(text.about, error)


@sensitive_variables()
def _send_all(text: Text) -> None:
    for to in text.to:
        message = gateways.Message(
            to=to, text=text.text, code="", language=text.language
        )
        try:
            gateways.send(message)
        except ITS_OWN as error:
            failed(text.about, error)


def failed(about: str, error: Exception) -> None:
    """Log that a text was not sent."""
    # SECURITY: the kind of error alone: its text may hold the number.
    log.error("The text %s was not sent: %s", about, type(error).__name__)
