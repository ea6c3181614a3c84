from __future__ import annotations

import pytest

from django_mfa.errors import DestinationRefused, InvalidNumber
from django_mfa.factors.sms import numbers

pytest.importorskip("phonenumbers")


@pytest.mark.parametrize(
    ("typed", "e164", "country", "kind"),
    [
        ("+4915112345678", "+4915112345678", "DE", "mobile"),
        ("+49 151 12345678", "+4915112345678", "DE", "mobile"),
        ("\t+49 151 12345678 \t", "+4915112345678", "DE", "mobile"),
        ("  +49 (0)151-1234.5678 ", "+4915112345678", "DE", "mobile"),
        ("+1 202-555-0456", "+12025550456", "US", "fixed_line_or_mobile"),
        ("+39 333 123 4567", "+393331234567", "IT", "mobile"),
        ("+55 11 96123-4567", "+5511961234567", "BR", "mobile"),
        ("+81\u00a090 1234 5678", "+819012345678", "JP", "mobile"),
        ("+44 7624 123456", "+447624123456", "IM", "mobile"),
    ],
)
def test_a_number_is_read_however_it_is_written(typed, e164, country, kind):
    number = numbers.parse(typed)
    assert (number.e164, number.country, number.kind) == (e164, country, kind)


def test_without_a_country_code_a_number_belongs_to_the_region(settings):
    assert numbers.parse("0151 12345678", "DE").e164 == "+4915112345678"
    settings.DJANGO_MFA = {"SMS": {"REGION": "DE"}}
    assert numbers.parse("0151 12345678").e164 == "+4915112345678"
    assert numbers.parse("00 44 7400 123456").country == "GB"


@pytest.mark.parametrize(
    "typed",
    [
        "",
        " ",
        "+",
        "alice",
        "+1800FLOWERS",
        "+49151CALLME12",
        "12345",  # a short code
        "+12345",
        "911",
        "+49112",
        "+1 202 555 0456 ext. 12",
        "+1 202 555 0456x12",
        "+1 202 555 0456;ext=12",
        "+1 202 555 0456,,12#",
        "tel:+12025550456",
        "+" + "4" * 299,
        "4" * 300,
        "+4915112345678\n+4915112345679",
        "+4915112345678\n",
        "+4915112345678\r\nBcc: x",
        "+4915112345678\0",
        "+49\u0661\u0665\u0661\u0661\u0662\u0663\u0664\u0665\u0666\u0667\u0668",  # Arabic digits
        "+49151\u0967\u0968\u0969\u096a\u096b\u096c\u096d\u096e",  # Devanagari digits
        "\uff0b4915112345678",  # a full-width plus
        "+4915112345678\u202e",
        "+49151123456789012",
        "+999123456789",
        "0151 12345678",  # no country code, and no region
        "+1 202 555 0100",
        "+12125550199",
        "+1 555 555 0123",
        "+1234567890",
        None,
        4915112345678,
        ["+4915112345678"],
    ],
)
def test_what_gets_no_message_is_refused(typed):
    with pytest.raises(InvalidNumber, match="country code") as caught:
        numbers.parse(typed)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("typed", ["12345", "110", "112", "911", "0800", "116117"])
def test_short_codes_are_refused_where_they_would_be_known(typed):
    with pytest.raises(InvalidNumber):
        numbers.parse(typed, "DE")


@pytest.mark.parametrize(
    ("typed", "kind"),
    [
        ("+33 899 12 34 56", "premium_rate"),
        ("+1 900 555 1234", "premium_rate"),
        ("+49 900 1 123456", "premium_rate"),
        ("+1 800 555 1234", "toll_free"),
        ("+49 180 1 234567", "shared_cost"),
        ("+49 30 123456", "fixed_line"),
        ("+44 7012 345678", "personal_number"),
        ("+881 612 345 678", "satellite"),
        ("+870 773 111 632", "satellite"),
        ("+878 10 1234567890", "satellite"),
        ("+882 16 12345678", "satellite"),
        ("+979 123 456 789", "premium_rate"),
    ],
)
def test_kinds_that_cost_or_cannot_receive_are_refused(typed, kind, settings):
    with pytest.raises(DestinationRefused) as caught:
        numbers.parse(typed)
    assert caught.value.details == {"why": "kind", "kind": kind}
    settings.DJANGO_MFA = {"SMS": {"REFUSED_TYPES": []}}
    assert numbers.parse(typed).kind == kind


def test_only_the_countries_of_the_list_are_allowed(settings):
    settings.DJANGO_MFA = {"SMS": {"COUNTRIES": ["DE", "FR"]}}
    assert numbers.parse("+4915112345678").country == "DE"
    with pytest.raises(DestinationRefused) as caught:
        numbers.parse("+447400123456")
    assert caught.value.details == {"why": "country", "country": "GB"}


def test_a_stored_number_is_read_as_it_is():
    assert numbers.read("+12025550100").country == "US"
    assert numbers.read("+1234567890").kind == "unknown"


def test_neighbours_share_a_prefix():
    first = numbers.parse("+4915112345678")
    assert first.prefix == numbers.parse("+4915112340000").prefix == "+491511234"


def test_only_the_last_two_digits_are_shown():
    assert numbers.mask("+4915112345678") == "••••••78"
    assert "15112345678" not in repr(numbers.parse("+4915112345678"))
