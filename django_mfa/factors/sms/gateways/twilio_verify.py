"""Twilio Verify, version 2: Twilio makes the code, sends it, and judges it."""

from __future__ import annotations

from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.views.decorators.debug import sensitive_variables

from django_mfa import conf
from django_mfa.errors import ProviderMisconfigured, SendFailed

from . import twilio_client
from .base import Gateway, Receipt
from .quiet import nothing_logged

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .base import Message

#: Languages of the package whose name Twilio writes the same way, whatever the case.
LOCALES = frozenset({"ar", "de", "en", "es", "fr", "ja", "pt-BR"})
#: There is no such verification (any more), or it had its wrong answers.
OVER = frozenset({"20404", "60202"})


class TwilioVerifyGateway(Gateway):
    """Send and check by Verify (https://www.twilio.com/docs/verify/api)."""

    checks_codes = True

    def load(self) -> None:
        """Import Twilio's library."""
        twilio_client.load()

    @cached_property
    def client(self) -> Any:
        """Twilio's client, made when first used."""
        return twilio_client.make()

    @sensitive_variables()
    def send(self, message: Message) -> Receipt:
        """Have Twilio send a code that no other message had.

        SECURITY: for ten minutes Twilio sends the same code to a number, whatever
        was asked for. A code belongs to one challenge, so an older one is cancelled:
        never are two of them good, and none is good for something else.
        """
        if message.replaces:
            self._cancel(message.replaces)
        made = self._create(message)
        if len(made.send_code_attempts or ()) > 1:
            self._cancel(made.sid)
            made = self._create(message)
        return Receipt(self.name, made.sid)

    @sensitive_variables()
    def check(self, receipt: Receipt, to: str, code: str) -> bool:
        """Ask Twilio whether the code is the one of this message; a right one is spent.

        Without a name, because nobody heard the answer to `send`: of the message that
        went to this number last.
        """
        name = receipt.provider_id
        asked = {"verification_sid": name} if name else {"to": to}
        try:
            with self._service() as service:
                answer = service.verification_checks.create(code=code, **asked)
        except SendFailed as error:
            if error.details.get("why") in OVER:
                return False
            raise
        return bool(answer.status == "approved" and answer.to == to)

    @sensitive_variables()
    def _create(self, message: Message) -> Any:
        language = _locale(message.language)
        options = {"locale": language} if language else {}
        with self._service() as service:
            return service.verifications.create(to=message.to, channel="sms", **options)

    def _cancel(self, name: str) -> None:
        try:
            with self._service() as service:
                service.verifications(name).update(status="canceled")
        except SendFailed as error:
            if error.details.get("why") not in OVER:
                raise

    @contextmanager
    def _service(self) -> Iterator[Any]:
        """Hand over the service of the settings; its errors are ours, its log is off."""
        name = conf.get().SMS.TWILIO_VERIFY_SERVICE
        if not name:
            raise ProviderMisconfigured(gateway=self.name, why="TWILIO_VERIFY_SERVICE")
        with twilio_client.errors(self.name):
            service = self.client.verify.v2.services(name)
            with nothing_logged():
                yield service


def _locale(language: str) -> str:
    """Return what Twilio calls a language of Django's; empty for its own choice."""
    main, _, region = language.replace("_", "-").partition("-")
    name = f"{main.lower()}-{region.upper()}" if region else main.lower()
    return next((each for each in (name, main.lower()) if each in LOCALES), "")
