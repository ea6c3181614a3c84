"""Twilio's library: its client, its errors. The only module that imports it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django.views.decorators.debug import sensitive_variables

from django_mfa import conf
from django_mfa.errors import (
    NumberRefused,
    ProviderMisconfigured,
    ProviderSlow,
    ProviderUnavailable,
    SendFailed,
)
from django_mfa.extras import lazy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from requests import exceptions as requests_exceptions
    from twilio import rest
    from twilio.base import exceptions
    from twilio.http import http_client
else:
    requests_exceptions = lazy("requests.exceptions", extra="sms-twilio")
    rest = lazy("twilio.rest", extra="sms-twilio")
    exceptions = lazy("twilio.base.exceptions", extra="sms-twilio")
    http_client = lazy("twilio.http.http_client", extra="sms-twilio")

#: https://www.twilio.com/docs/api/errors: it is the number, or nobody delivers there.
NUMBER = frozenset(
    {
        *(21211, 21214, 21217, 21265, 21408, 21610, 21612, 21614, 21635),
        *(60200, 60205, 60220, 60238, 60410, 60605),
    }
)
#: It is the load, or too many messages to one number: later it works again.
LATER = frozenset({14107, 20429, 60203, 60212})
BUSY = 429
SERVER = 500


def load() -> None:
    """Import the library, which takes longer than Twilio."""
    for module, name in (
        (requests_exceptions, "RequestException"),
        (exceptions, "TwilioException"),
        (http_client, "TwilioHttpClient"),
        (rest, "Client"),
    ):
        getattr(module, name)


@sensitive_variables()
def make() -> Any:
    """Return the client that the settings describe."""
    sms = conf.get().SMS
    if sms.TWILIO_CLIENT:
        return conf.resolve(sms.TWILIO_CLIENT)
    user = sms.TWILIO_API_KEY or sms.TWILIO_ACCOUNT_SID
    secret = sms.TWILIO_API_SECRET if sms.TWILIO_API_KEY else sms.TWILIO_AUTH_TOKEN
    if not (sms.TWILIO_ACCOUNT_SID and user and secret):
        raise ProviderMisconfigured(why="credentials_missing")
    server = Server(sms.TWILIO_BASE_URL, sms.TIMEOUT)
    return rest.Client(user, secret, sms.TWILIO_ACCOUNT_SID, http_client=server)


class Server:
    """Twilio's HTTP client, at another address when the settings say so.

    Each connection and each read has the time-out, and nothing is tried again: the
    library leaves both to whoever makes it.
    """

    def __init__(self, base_url: str, timeout: float) -> None:
        self._base_url = base_url.rstrip("/")
        self._http = http_client.TwilioHttpClient(timeout=timeout, max_retries=0)

    @sensitive_variables()
    def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> Any:
        """Do what Twilio's own client does."""
        if self._base_url:
            parts = urlsplit(url)
            query = f"?{parts.query}" if parts.query else ""
            url = f"{self._base_url}{parts.path}{query}"
        try:
            return self._http.request(method, url, *args, **kwargs)
        finally:
            # SECURITY: it keeps the last message, for tests of its own.
            self._http._test_only_last_request = None  # noqa: SLF001
            self._http._test_only_last_response = None  # noqa: SLF001


@contextmanager
def errors(gateway: str) -> Iterator[None]:
    """Turn what the library raises into children of `SendFailed`.

    SECURITY: without their causes, whose texts and frames hold number and message.
    """
    try:
        yield
    except exceptions.TwilioException as error:
        raise _refusal(gateway, error) from None
    except requests_exceptions.Timeout:
        raise ProviderSlow(gateway=gateway) from None
    except (requests_exceptions.RequestException, ValueError) as error:
        why = type(error).__name__
        raise ProviderUnavailable(gateway=gateway, why=why) from None


def _refusal(gateway: str, error: Any) -> SendFailed:
    status, code = getattr(error, "status", 0), getattr(error, "code", None)
    details = {"gateway": gateway, "why": str(code or status)}
    if code in NUMBER:
        return NumberRefused(**details)
    if code in LATER or status == BUSY or status >= SERVER:
        return ProviderUnavailable(**details)
    return ProviderMisconfigured(**details)
