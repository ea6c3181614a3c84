from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from django_mfa.errors import MalformedCode
from django_mfa.factors.forms import MAX_CODE, CodeForm, NameForm
from django_mfa.factors.typed import plain


@pytest.mark.parametrize("code", ["123456", "123 456", "ABCD-EFGH", " 123456 ", "a1"])
def test_letters_and_digits_with_spaces_and_hyphens_are_a_code(code):
    form = CodeForm({"code": code})
    assert form.is_valid()
    assert form.response() == code.strip()


BAD = [
    "",
    " ",
    "-",
    "- -",
    "12345_6",
    "+123456",
    "12.345",
    "١٢٣٤٥٦",
    "\uff11\uff12\uff13\uff14\uff15\uff16",
    "12\x00456",
    "12\t456",
    "é23456",
    "x" * (MAX_CODE + 1),
    "²²²²²²",
]


@pytest.mark.parametrize("code", BAD)
def test_anything_else_is_no_code(code):
    assert not CodeForm({"code": code}).is_valid()


def test_a_missing_code_is_asked_for():
    assert CodeForm({}).errors["code"] == ["Enter the code."]


def test_what_is_no_code_is_said_as_the_flow_says_it():
    form = CodeForm({"code": "_"})
    assert form.errors["code"] == [str(MalformedCode.message)]
    assert form.errors.as_data()["code"][0].code == "malformed_code"


def test_the_longest_code_is_still_one():
    assert CodeForm({"code": "x" * MAX_CODE}).is_valid()


def test_the_field_is_filled_by_phones():
    html = str(CodeForm()["code"])
    assert 'autocomplete="one-time-code"' in html
    assert "autofocus" in html


@given(st.text())
def test_any_text_is_a_plain_code_or_refused(text):
    form = CodeForm({"code": text})
    if form.is_valid():
        assert form.response().isascii()
        assert plain(form.response()).isalnum()


@given(st.from_regex(r"[0-9\u0660-\u0669\uff10-\uff19_+. -]{1,12}", fullmatch=True))
def test_digits_of_other_scripts_never_get_through(text):
    form = CodeForm({"code": text})
    if form.is_valid():
        assert set(form.response()) <= set("0123456789 -")


@pytest.mark.parametrize("name", ["Phone", "Gerät 2", "電話", "Sam's (old)"])
def test_a_line_of_text_is_a_name(name):
    form = NameForm({"name": name})
    assert form.is_valid()
    assert form.cleaned_data["name"] == name


@pytest.mark.parametrize(
    "name", ["", "  ", "a\nb", "a\x00b", "a\u202eb", "a\u200bb", "x" * 65, "a\x1b[31m"]
)
def test_what_cannot_be_seen_or_is_too_long_is_no_name(name):
    assert not NameForm({"name": name}).is_valid()


@given(st.text())
def test_a_name_is_printable_or_refused(name):
    form = NameForm({"name": name})
    if form.is_valid():
        assert form.cleaned_data["name"].isprintable()
        assert 0 < len(form.cleaned_data["name"]) <= 64
