from __future__ import annotations

import hashlib

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from django_mfa import conf
from django_mfa.factors.recovery_code import codes


def say(settings, **values) -> None:
    settings.DJANGO_MFA = {"RECOVERY_CODES": values}


def test_a_set_holds_ten_different_codes_of_eight_signs():
    made = codes.new_codes()
    assert len(set(made)) == 10
    assert {len(code) for code in made} == {8}
    alphabet = set("23456789ABCDEFGHJKMNPQRSTUVWXYZ")
    assert all(set(code) <= alphabet for code in made)


def test_number_length_and_alphabet_are_settings(settings):
    say(settings, COUNT=3, LENGTH=12, ALPHABET="ab")
    made = codes.new_codes()
    assert len(made) == 3
    assert all(len(code) == 12 and set(code) <= set("ab") for code in made)


def test_the_codes_are_not_sorted():
    made = [codes.new_codes() for _ in range(5)]
    assert any(each != sorted(each) for each in made)


def test_no_code_looks_like_one_from_an_app(settings, monkeypatch):
    signs = iter("12" + "1A")
    monkeypatch.setattr("secrets.choice", lambda alphabet: next(signs))
    say(settings, LENGTH=2)
    assert codes.new_code() == "1A"


def test_an_alphabet_of_digits_can_be_had(settings):
    say(settings, ALPHABET="0123456789")
    assert codes.new_code().isdigit()


@pytest.mark.parametrize(
    ("code", "shown"), [("ABCDEFGH", "ABCD-EFGH"), ("ABCDE", "ABC-DE"), ("A", "A-")]
)
def test_a_code_is_shown_in_two_halves(code, shown):
    assert codes.written(code) == shown


@pytest.mark.parametrize(
    "typed", ["ABCD-EFGH", "abcd efgh", " a-b-c-d-e-f-g-h ", "AbCdEfGh", "ABCDEFGH"]
)
def test_case_spaces_and_hyphens_do_not_matter(typed):
    assert codes.normalized(typed) == "ABCDEFGH"


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "ABCDEFG",
        "ABCDEFGHJ",
        "ABCD_EFGH",
        "ABCDEFG0",
        "ABCDEFGI",
        "ABCDEFG\u00df",
        "ABCDEF\ufb01",
        "ABCDEFG\x00",
        "\u0661\u0662\u0663\u0664\u0665\u0666\u0667\u0668",
        "ABCD\u2010EFGH",
    ],
)
def test_other_signs_are_no_code(typed):
    assert codes.normalized(typed) is None


def test_an_alphabet_of_both_cases_means_what_it_says(settings):
    say(settings, ALPHABET="abAB", LENGTH=4)
    assert codes.normalized("aB-Ab") == "aBAb"


def test_an_alphabet_of_small_letters_takes_capitals(settings):
    say(settings, ALPHABET="abcdefgh", LENGTH=4)
    assert codes.normalized("AB-cd") == "abcd"


@given(st.text() | st.text("23ABab -_\u0131\u017f", max_size=10))
@example("abcd-efgh")
def test_any_text_is_a_code_or_none(text):
    found = codes.normalized(text)
    if found is not None:
        assert len(found) == 8
        assert set(found) <= set(conf.Settings().RECOVERY_CODES.ALPHABET)


def test_every_new_code_is_read_back_as_it_was_shown():
    for code in codes.new_codes():
        assert codes.normalized(codes.written(code).lower()) == code


def test_a_digest_is_scrypt():
    wanted = hashlib.scrypt(b"ABCDEFGH", salt=b"salt", n=16, r=8, p=1, dklen=32)
    assert codes.digest("ABCDEFGH", b"salt", 4) == wanted.hex()


def test_a_digest_depends_on_code_salt_and_cost():
    made = {
        codes.digest("ABCDEFGH", b"a", 4),
        codes.digest("ABCDEFGJ", b"a", 4),
        codes.digest("ABCDEFGH", b"b", 4),
        codes.digest("ABCDEFGH", b"a", 5),
    }
    assert len(made) == 4


def test_the_usual_cost_is_that_of_a_slow_digest():
    assert conf.RecoveryCodes().COST == 14
    assert len(codes.digest("ABCDEFGH", b"a", conf.RecoveryCodes().COST)) == 64
