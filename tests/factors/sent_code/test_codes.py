from __future__ import annotations

from collections import Counter
from itertools import pairwise
from uuid import uuid4

import pytest

from django_mfa.challenges.models import Challenge
from django_mfa.factors.sent_code import codes

MANY = 100_000
#: Of the normal distribution: further out lies one chance in 10**12.
FAR = 7.03


def limit(freedom: int) -> float:
    """What chi-square exceeds once in 10**12 times (Wilson and Hilferty, 1931)."""
    part = 2 / (9 * freedom)
    return float(freedom * (1 - part + FAR * part**0.5) ** 3)


def chi_square(counts: Counter, values: list) -> float:
    expected = MANY / len(values)
    assert set(counts) <= set(values)
    return sum((counts[value] - expected) ** 2 / expected for value in values)


@pytest.fixture(scope="module")
def made() -> list[str]:
    return [codes.new_code() for _ in range(MANY)]


def test_every_digit_is_as_likely_at_every_place(made):
    digits = list("0123456789")
    for place in range(6):
        found = chi_square(Counter(code[place] for code in made), digits)
        assert found < limit(9), (place, found)


def test_every_thousand_of_codes_is_as_likely(made):
    found = chi_square(Counter(int(code) // 1000 for code in made), list(range(1000)))
    assert found < limit(999)


def test_neighbours_do_not_hang_together(made):
    pairs = Counter((first[-1], second[0]) for first, second in pairwise(made))
    values = [(a, b) for a in "0123456789" for b in "0123456789"]
    assert chi_square(pairs, values) < limit(99)


def test_codes_have_six_digits_with_leading_zeros(made):
    assert {len(code) for code in made} == {6}
    assert all(code.isascii() and code.isdigit() for code in made)
    zeros = sum(code.startswith("0") for code in made)
    spread = (MANY * 0.1 * 0.9) ** 0.5
    assert abs(zeros - MANY * 0.1) < 7 * spread


def test_a_site_may_ask_for_longer_codes(settings):
    settings.DJANGO_MFA = {"SENT_CODES": {"LENGTH": 8}}
    assert len(codes.new_code()) == 8
    assert codes.normalized("1234 5678") == "12345678"
    assert codes.normalized("123456") is None


@pytest.mark.parametrize("typed", ["123456", "123 456", "123-456", " 123456 "])
def test_spaces_and_hyphens_do_not_count(typed):
    assert codes.normalized(typed) == "123456"


@pytest.mark.parametrize(
    "typed",
    [
        *("", "12345", "1234567", "12345a", "1_2345", "+12345"),
        *("١٢٣٤٥٦", "\uff11\uff12\uff13\uff14\uff15\uff16"),
    ],
)
def test_other_texts_are_no_codes(typed):
    assert codes.normalized(typed) is None


@pytest.mark.parametrize("typed", [None, 123456, True, b"123456", ["1"], 1e5])
def test_what_is_no_text_is_no_code(typed):
    assert codes.normalized(typed) is None


def test_equal_codes_have_digests_of_their_own():
    first, second = uuid4(), uuid4()
    assert codes.digest(first, "123456") != codes.digest(second, "123456")
    assert codes.digest(first, "123456") == codes.digest(first, "123456")


def test_a_code_is_found_right_by_an_older_key_too(settings):
    old, new = "o" * 32, "n" * 32
    settings.DJANGO_MFA = {"ENCRYPTION_KEYS": [old]}
    asked = Challenge(id=uuid4())
    asked.digest = codes.digest(asked.pk, "123456")
    settings.DJANGO_MFA = {"ENCRYPTION_KEYS": [new, old]}
    assert codes.is_right(asked, "123456")
    assert not codes.is_right(asked, "123457")
    settings.DJANGO_MFA = {"ENCRYPTION_KEYS": [new]}
    assert not codes.is_right(asked, "123456")


def test_the_digest_of_a_code_cannot_be_tried_out_without_the_key(settings):
    settings.DJANGO_MFA = {"ENCRYPTION_KEYS": ["a" * 32]}
    pk = uuid4()
    one = codes.digest(pk, "000000")
    settings.DJANGO_MFA = {"ENCRYPTION_KEYS": ["b" * 32]}
    assert codes.digest(pk, "000000") != one
