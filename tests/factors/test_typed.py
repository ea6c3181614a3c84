from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from django_mfa.factors import typed


@pytest.mark.parametrize("code", ["123456", "123 456", "12-34-56", " 1 2 3 4 5 6 "])
def test_spaces_and_hyphens_are_no_part_of_a_code(code):
    assert typed.plain(code) == "123456"
    assert typed.digits(code, 6) == "123456"


@pytest.mark.parametrize(
    "code",
    [
        "",
        "12345",
        "1234567",
        "12345a",
        "١٢٣٤٥٦",
        "\uff11\uff12\uff13\uff14\uff15\uff16",
        "²²²²²²",
        "12_3456",
        "12\t3456",
    ],
)
def test_digits_are_those_of_ascii_in_the_right_number(code):
    assert typed.digits(code, 6) is None


@given(st.text())
def test_any_text_is_ascii_digits_or_none(text):
    found = typed.digits(text, 6)
    assert found is None or (len(found) == 6 and set(found) <= set("0123456789"))
