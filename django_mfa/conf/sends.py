"""The settings of codes that are sent: every key, its type, its default, its sentence."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from .group import Group

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


class SentCodes(Group):
    LENGTH: int = 6
    """Digits in a code that is sent: 6 to 10."""
    TRIES: int = 3
    """Answers that are judged for one code; then it is over."""
    RESEND_AFTER: int = 60
    """Seconds after which another code may be sent to the same device."""
    SMS_TTL: int = 300
    """Seconds for which a code in a text message can be used."""
    EMAIL_TTL: int = 600
    """Seconds for which a code in a mail can be used."""
    EMAIL_TIMEOUT: int = 10
    """Seconds that the mail server may take for a code or a notice, with everything."""
    FROM_EMAIL: str | None = None
    """Sender of the mails with codes. Default: DEFAULT_FROM_EMAIL."""
    DISPATCHER: str | Callable[..., None] = "inline"
    """Who sends: `inline` (the request itself), `tasks` (Django 6), `celery`, or a callable or dotted path given a parcel."""


class Sms(Group):
    GATEWAYS: Sequence[str] = ()
    """Who sends the messages: `twilio`, `twilio_verify`, `aws_sns`, `console`, `locmem` or dotted paths. The next one is tried when one is down, slow or badly configured."""
    TIMEOUT: int = 10
    """Seconds that one gateway may take, with everything: look-up of its name, connection, answer."""
    REGION: str = ""
    """Country (two letters) of numbers that are typed without a country code. Default: none, the code must be typed."""
    COUNTRIES: Sequence[str] = ()
    """Countries (two letters) that codes are sent to. Default: all; name yours, it is the best guard against paid-for traffic."""
    REFUSED_TYPES: Sequence[str] = (
        "fixed_line",
        "pager",
        "personal_number",
        "premium_rate",
        "satellite",
        "shared_cost",
        "toll_free",
        "uan",
        "voicemail",
    )
    """Types of numbers that no codes are sent to. Others: `mobile`, `fixed_line_or_mobile`, `voip`."""
    LOOKUP: str | Callable[..., Any] | None = None
    """A callable or dotted path given the number (`e164`, `country`, `kind`), which returns why to refuse it, or an empty text: a look-up of swapped SIM cards, of VoIP numbers."""
    LOOKUP_FAILS: str = "refuse"
    """What happens when the look-up fails or takes longer than TIMEOUT: `refuse` the message, or `allow` it."""
    COSTS: Mapping[str, Any] = MappingProxyType({})
    """Price of a message by country, for providers that do not tell: `{"DE": "0.075", "*": "0.10"}`."""
    CURRENCY: str = "USD"
    """Currency of COSTS."""
    TWILIO_ACCOUNT_SID: str = ""
    """Twilio: the account (`AC...`)."""
    TWILIO_AUTH_TOKEN: str = ""
    """Twilio: its token. Not needed with an API key."""
    TWILIO_API_KEY: str = ""
    """Twilio: an API key (`SK...`), which can be revoked alone; recommended."""
    TWILIO_API_SECRET: str = ""
    """Twilio: the secret of the API key."""
    TWILIO_FROM: str = ""
    """Twilio: the sender, a number of yours or a name; or the SID of a messaging service (`MG...`)."""
    TWILIO_VERIFY_SERVICE: str = ""
    """Twilio Verify: the service (`VA...`)."""
    TWILIO_BASE_URL: str = ""
    """Twilio: another server in the place of twilio.com, for tests and proxies."""
    TWILIO_CLIENT: str | Callable[..., Any] | None = None
    """Twilio: a callable or dotted path that returns the `twilio.rest.Client` to use."""
    SNS_REGION: str = ""
    """Amazon SNS: the region. Default: that of the AWS configuration. Credentials come from there as well."""
    SNS_SENDER_ID: str = ""
    """Amazon SNS: the name shown as sender, where a country allows it."""
    SNS_MAX_PRICE: str = ""
    """Amazon SNS: the most that a message may cost, in USD: `0.20`."""
    SNS_ENDPOINT_URL: str = ""
    """Amazon SNS: another server in the place of Amazon's, for tests and proxies."""
    SNS_CLIENT: str | Callable[..., Any] | None = None
    """Amazon SNS: a callable or dotted path that returns the boto3 client to use."""

    def __repr__(self) -> str:
        return "<Sms>"  # it holds credentials


class Sends(Group):
    NUMBER_HOUR: int = 5
    """Codes that one number or e-mail address may get in an hour: for its owner, and as much again for whoever sets it up. Here and below, 0 means no limit."""
    NUMBER_DAY: int = 10
    """The same in a day."""
    NUMBER_MONTH: int = 60
    """The same in a calendar month."""
    USER_HOUR: int = 10
    """Codes that one person may ask for in an hour, to whatever numbers."""
    USER_DAY: int = 20
    """The same in a day."""
    USER_MONTH: int = 100
    """The same in a calendar month."""
    ADDRESS_HOUR: int = 20
    """Codes that one network address may ask for in an hour, for whatever people."""
    ADDRESS_DAY: int = 100
    """The same in a day."""
    ADDRESS_MONTH: int = 1000
    """The same in a calendar month."""
    PREFIX_HOUR: int = 20
    """Messages to one block of 10,000 neighbouring numbers in an hour: for people who proved theirs, and as much again for set-ups."""
    PREFIX_DAY: int = 60
    """The same in a day."""
    PREFIX_MONTH: int = 600
    """The same in a calendar month."""
    SITE_HOUR: int = 1000
    """Codes that the whole site sends in an hour, by messages and by mail each."""
    SITE_DAY: int = 5000
    """The same in a day."""
    SITE_MONTH: int = 50_000
    """The same in a calendar month."""
    BREAKER_SENDS: int = 20
    """Messages to one block of numbers or one country within BREAKER_WINDOW from which on it is looked at how many were answered. 0: never."""
    BREAKER_WINDOW: int = 3600
    """Seconds that are looked at."""
    BREAKER_ANSWERED: int = 20
    """Percent of those messages whose code must have been used; with fewer, sending there pauses and administrators are told."""
    BREAKER_PAUSE: int = 3600
    """Seconds for which sending there pauses, but for people who proved their number before and use their codes."""
    KEEP_DAYS: int = 365
    """Days after which the rows of sent codes go with `mfa_prune`. They hold no number and no code."""
