"""The main story, once with JavaScript and once without."""

from __future__ import annotations

import re

import pytest

from tests.e2e.visitor import SECURITY, VERIFY, Visitor

NO_SCRIPT = pytest.mark.browser_context_args(java_script_enabled=False)


@pytest.fixture(
    params=[
        pytest.param("script", id="with JavaScript"),
        pytest.param("none", id="without", marks=NO_SCRIPT),
    ]
)
def script(request) -> bool:
    return bool(request.param == "script")


@pytest.fixture
def visitor(alice, script, page) -> Visitor:
    return Visitor(page, "alice")


def keeps_codes(visitor: Visitor) -> list[str]:
    """Take the codes home: on the page, as a file; then say so."""
    codes = visitor.recovery_codes()
    assert len(set(codes)) == 10
    text = visitor.downloaded_codes()
    assert re.findall(r"^\S{4}-\S{4}$", text, re.M) == codes
    assert "Example Bank" in text
    visitor.press("I have saved them")
    return codes


def test_a_person_enrols_signs_in_and_loses_the_phone(visitor):
    visitor.enter_password()
    visitor.sees("/profile/")
    visitor.follow("Security page")
    visitor.sees(SECURITY)
    visitor.follow("Set up a second step")
    phone = visitor.set_up_phone("My phone")
    assert (phone.issuer, phone.account) == ("Example Bank", "alice")
    codes = keeps_codes(visitor)
    visitor.sees(SECURITY)
    assert "My phone" in visitor.page.inner_text("main")
    assert "10 codes are left" in visitor.page.inner_text("main")
    visitor.sign_out()

    visitor.sign_in(phone)
    visitor.sees("/profile/")
    visitor.sign_out()

    visitor.enter_password()
    visitor.sees(VERIFY)
    visitor.follow("Recovery code")
    visitor.enter_code(codes[3].lower().replace("-", " "))
    visitor.sees("/profile/")
    visitor.page.goto(SECURITY)
    assert "9 codes are left" in visitor.page.inner_text("main")


def test_a_recovery_code_goes_into_the_field_of_the_app_and_works_once(visitor, codes):
    visitor.enter_password()
    visitor.enter_code(codes[0])
    visitor.sees("/profile/")
    visitor.sign_out()
    visitor.enter_password()
    visitor.enter_code(codes[0])
    visitor.hears("Invalid verification code")
    visitor.enter_code(codes[1])
    visitor.sees("/profile/")
