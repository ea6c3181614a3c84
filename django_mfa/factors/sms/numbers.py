"""Phone numbers: read what was typed, refuse what no code should be sent to.

The only module that imports `phonenumbers`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from django.views.decorators.debug import sensitive_variables

from django_mfa import conf
from django_mfa.errors import DestinationRefused, InvalidNumber
from django_mfa.extras import lazy

if TYPE_CHECKING:
    import phonenumbers
else:
    phonenumbers = lazy("phonenumbers", extra="sms")

#: E.164 has at most 15 digits; the rest is what people put between them.
LONGEST = 32
SIGNS = frozenset("+0123456789 -()./\u00a0")
#: The last digits of a number, which differ within a block of neighbours.
BLOCK = 4
#: Country codes of satellite networks (ITU-T E.164: 870, 881) and of networks
#: and persons without a country (878, 882, 883), whose messages are as dear.
SATELLITE = frozenset({870, 878, 881, 882, 883})
#: North America: 555-0100 to 555-0199 belong to books and films (ATIS-0300115).
FICTIONAL_CODE, FICTIONAL = 1, "55501"


class PhoneNumber(NamedTuple):
    """A number in E.164, its country (ISO 3166, `001` for none) and its kind."""

    e164: str
    country: str
    kind: str

    def __repr__(self) -> str:
        return "<PhoneNumber>"

    @property
    def prefix(self) -> str:
        """The block of 10,000 neighbours that the number belongs to."""
        return self.e164[:-BLOCK]


@sensitive_variables()
def parse(text: Any, region: str | None = None) -> PhoneNumber:
    """Return the number that was typed.

    It may be anything at all: raises `InvalidNumber` for what cannot get a message, and `DestinationRefused`
    for countries and kinds that the site sends nothing to.
    """
    typed = text.strip(" \t") if isinstance(text, str) else ""
    if not typed or len(typed) > LONGEST or not SIGNS.issuperset(typed):
        # SECURITY: the library would find a number in nearly any text: letters as on
        # a keypad, digits of every script, an extension, the first of two lines.
        raise InvalidNumber(why="signs")
    parsed = _parsed(typed, region or conf.get().SMS.REGION or None)
    number = _number(parsed)
    if _is_fictional(parsed) or number.kind == "unknown":
        raise InvalidNumber(why="no_such_number")
    require_allowed(number)
    return number


@sensitive_variables()
def read(e164: str) -> PhoneNumber:
    """Return what is known of a number that is stored already."""
    return _number(_parsed(e164, None))


@sensitive_variables()
def require_allowed(number: PhoneNumber) -> None:
    """Raise `DestinationRefused` for a country or a kind that gets no codes."""
    sms = conf.get().SMS
    if sms.COUNTRIES and number.country not in sms.COUNTRIES:
        raise DestinationRefused(why="country", country=number.country)
    if number.kind in sms.REFUSED_TYPES:
        raise DestinationRefused(why="kind", kind=number.kind)


def mask(e164: str) -> str:
    """Return what may be shown of a number: its last two digits."""
    return f"••••••{e164[-2:]}"


@sensitive_variables()
def _parsed(text: str, region: str | None) -> Any:
    try:
        return phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        raise InvalidNumber(why="not_a_number") from None


@sensitive_variables()
def _number(parsed: Any) -> PhoneNumber:
    return PhoneNumber(
        e164=phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164),
        country=phonenumbers.region_code_for_number(parsed) or "",
        kind=_kind(parsed),
    )


def _kind(parsed: Any) -> str:
    """Name the kind as the settings do; `unknown` for numbers that cannot exist."""
    found = phonenumbers.number_type(parsed)
    name: str = phonenumbers.PhoneNumberType.to_string(found).lower()
    in_space = name != "unknown" and parsed.country_code in SATELLITE
    return "satellite" if in_space else name


def _is_fictional(parsed: Any) -> bool:
    national = phonenumbers.national_significant_number(parsed)
    return parsed.country_code == FICTIONAL_CODE and national[3:8] == FICTIONAL
