"""Amazon SNS: our own code, as a text message. The only module that imports boto3."""

from __future__ import annotations

from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any

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

from .base import Gateway, Receipt
from .quiet import nothing_logged

if TYPE_CHECKING:
    from collections.abc import Iterator

    from boto3 import session
    from botocore import config, exceptions

    from .base import Message
else:
    session = lazy("boto3.session", extra="sms-sns")
    config = lazy("botocore.config", extra="sms-sns")
    exceptions = lazy("botocore.exceptions", extra="sms-sns")

#: https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
NUMBER = frozenset({"InvalidParameter", "InvalidParameterValue", "OptedOut"})
SERVER, BUSY = 500, "Throttl"


class SNSGateway(Gateway):
    """Send by `Publish`, with the credentials that boto3 finds."""

    def load(self) -> None:
        """Import boto3, which takes longer than Amazon."""
        for module, name in (
            (session, "Session"),
            (config, "Config"),
            (exceptions, "ClientError"),
        ):
            getattr(module, name)

    @cached_property
    def client(self) -> Any:
        """The boto3 client, made when first used."""
        sms = conf.get().SMS
        if sms.SNS_CLIENT:
            return conf.resolve(sms.SNS_CLIENT)
        return session.Session().client(
            "sns",
            region_name=sms.SNS_REGION or None,
            endpoint_url=sms.SNS_ENDPOINT_URL or None,
            # Its own defaults: 60 seconds to connect, 60 for each read, five times.
            config=config.Config(
                connect_timeout=sms.TIMEOUT,
                read_timeout=sms.TIMEOUT,
                retries={"mode": "standard", "total_max_attempts": 1},
            ),
        )

    @sensitive_variables()
    def send(self, message: Message) -> Receipt:
        """Have Amazon queue the message."""
        with _errors(self.name):
            client = self.client
            with nothing_logged():
                taken = client.publish(
                    PhoneNumber=message.to,
                    Message=message.text,
                    MessageAttributes=_attributes(),
                )
        return Receipt(self.name, taken.get("MessageId", ""))


def _attributes() -> dict[str, dict[str, str]]:
    """Return what SNS is told beside the text; none of it is about the person."""
    sms = conf.get().SMS
    said = {
        "SMSType": ("String", "Transactional"),
        "SenderID": ("String", sms.SNS_SENDER_ID),
        "MaxPrice": ("Number", sms.SNS_MAX_PRICE),
    }
    return {
        f"AWS.SNS.SMS.{name}": {"DataType": kind, "StringValue": value}
        for name, (kind, value) in said.items()
        if value
    }


@contextmanager
def _errors(gateway: str) -> Iterator[None]:
    """Turn what botocore raises into children of `SendFailed`.

    SECURITY: without their causes, whose texts and frames hold number and message.
    """
    try:
        yield
    except exceptions.ClientError as error:
        raise _refusal(gateway, error.response) from None
    except (exceptions.ConnectTimeoutError, exceptions.ReadTimeoutError):
        raise ProviderSlow(gateway=gateway) from None
    except (exceptions.HTTPClientError, exceptions.ConnectionError) as error:
        why = type(error).__name__
        raise ProviderUnavailable(gateway=gateway, why=why) from None
    except (exceptions.BotoCoreError, ValueError) as error:
        # No credentials, no region, an address that is none.
        why = type(error).__name__
        raise ProviderMisconfigured(gateway=gateway, why=why) from None


def _refusal(gateway: str, response: Any) -> SendFailed:
    code = str(response.get("Error", {}).get("Code", ""))
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", SERVER)
    details = {"gateway": gateway, "why": code or str(status)}
    if code in NUMBER:
        return NumberRefused(**details)
    if code.startswith(BUSY) or status >= SERVER:
        return ProviderUnavailable(**details)
    return ProviderMisconfigured(**details)
