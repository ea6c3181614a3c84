"""What happens when a code is wrong, and when it was wrong too often."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.e2e.visitor import VERIFY, Visitor

NO_SCRIPT = pytest.mark.browser_context_args(java_script_enabled=False)


@pytest.mark.parametrize(
    "script", ["on", pytest.param("off", marks=NO_SCRIPT)], ids="JavaScript-{}".format
)
def test_a_wrong_code_is_told_at_once_and_beside_its_field(page, phone, script):
    visitor = Visitor(page)
    visitor.enter_password()
    visitor.enter_code(phone.wrong_code())
    alert = visitor.hears("Invalid verification code")
    field = page.get_by_label("Code")
    expect(field).to_be_focused() if script == "on" else None
    expect(field).to_have_value("")
    expect(field).to_have_attribute("aria-invalid", "true")
    described = (field.get_attribute("aria-describedby") or "").split()
    assert alert.get_attribute("id") in described
    expect(page).to_have_title(re.compile("^Error: "))
    visitor.enter_code(phone.code())
    visitor.sees("/profile/")


def test_five_wrong_codes_lock_and_a_recovery_code_gets_in(page, phone, codes):
    visitor = Visitor(page)
    visitor.enter_password()
    for _ in range(5):
        visitor.enter_code(phone.wrong_code())
    alert = visitor.hears("Too many attempts")
    assert re.search(r"Try again at \d\d:\d\d UTC, in 30 minutes", alert.inner_text())

    visitor.page.goto(VERIFY)
    visitor.enter_code(phone.code())
    visitor.hears("Too many attempts")  # a right code is not judged either

    visitor.follow("Recovery code")
    visitor.enter_code(codes[0])
    visitor.sees("/profile/")


def test_a_code_is_accepted_once(page, phone):
    visitor = Visitor(page)
    visitor.enter_password()
    code = phone.code()
    visitor.enter_code(code)
    visitor.sees("/profile/")
    visitor.sign_out()
    visitor.enter_password()
    visitor.enter_code(code)
    visitor.hears("Invalid verification code")


def test_who_owes_a_code_sees_nothing_but_the_question(page, phone):
    visitor = Visitor(page)
    visitor.enter_password()
    for path in ("/profile/", "/transfer/", "/mfa/", "/mfa/setup/totp/", "/mfa/login/"):
        page.goto(path)
        expect(page.get_by_label("Code")).to_be_visible()
        assert page.get_by_role("img").count() == 0
