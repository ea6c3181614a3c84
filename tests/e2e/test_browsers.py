"""What browsers do: tabs, the back button, addresses to come back to."""

from __future__ import annotations

import re
import time

import pytest
from playwright.sync_api import Error, Page, expect

from django_mfa.testing import freeze
from tests.e2e.phone import Phone
from tests.e2e.visitor import SECURITY, VERIFY, Visitor


def back(page: Page) -> str:
    """Go back; return what the page holds then."""
    try:
        page.go_back()
    except Error:  # ERR_CACHE_MISS: it has not kept what it must not keep
        expect(page).to_have_url("chrome-error://chromewebdata/")
    return page.locator("html").inner_html()


def test_a_sign_in_leads_to_where_the_person_wanted_to_go(page, phone):
    visitor = Visitor(page)
    page.goto("/transfer/")
    page.get_by_label("Username").fill("alice")
    page.get_by_label("Password").fill("pw")
    visitor.send("Sign in")
    visitor.enter_code(phone.wrong_code())
    visitor.enter_code(phone.code())
    visitor.sees("/transfer/")


def test_a_transfer_needs_a_factor_and_the_set_up_leads_back_to_it(page, alice):
    visitor = Visitor(page)
    visitor.enter_password("/mfa/login/?next=/transfer/")
    visitor.set_up_phone()
    visitor.send("I have saved them")
    visitor.sees("/transfer/")
    page.get_by_label("Recipient").fill("bob")
    page.get_by_label("Amount").fill("12.50")
    visitor.send("Send")
    visitor.sees("/transfer/receipt/")


def test_an_address_elsewhere_is_no_place_to_come_back_to(page, phone):
    visitor = Visitor(page)
    visitor.sign_in(phone, "/mfa/login/?next=https://evil.example/")
    visitor.sees("/profile/")


def test_an_old_proof_is_asked_for_again_and_leads_back(page, phone):
    visitor = Visitor(page)
    with freeze(time.time()) as clock:
        visitor.sign_in(phone)
        visitor.sees("/profile/")
        clock.tick(901)
        phone.ahead = 901
        page.goto("/transfer/")
        expect(page).to_have_title(re.compile("Confirm that it is you"))
        visitor.enter_code(phone.code())
        visitor.sees("/transfer/")


def test_two_tabs_sign_in_once(page, phone):
    visitor, other = Visitor(page), Visitor(page.context.new_page())
    visitor.enter_password()
    other.page.goto(VERIFY)
    visitor.enter_code(phone.code())
    visitor.sees("/profile/")
    other.page.reload()
    other.sees("/profile/")


def test_two_tabs_set_up_the_same_phone(page, alice):
    visitor, other = Visitor(page), Visitor(page.context.new_page())
    visitor.enter_password()
    for tab in (page, other.page):
        tab.goto("/mfa/setup/totp/")
    phone = Phone.scan(page)
    assert Phone.scan(other.page).secret == phone.secret
    visitor.enter_code(phone.code(), send="Finish")
    assert len(visitor.recovery_codes()) == 10
    other.page.goto(SECURITY)
    assert other.page.get_by_role("heading", level=3).count() == 1


def test_the_back_button_shows_nothing_after_signing_out(page, alice, signed_in):
    signed_in(page.context, alice)
    visitor = Visitor(page)
    page.goto(SECURITY)
    expect(page.get_by_text("Two-step sign-in is on.")).to_be_visible()
    page.goto("/mfa/recovery-codes/")
    visitor.sign_out()
    for _ in range(3):
        assert not re.search(r"Two-step sign-in|codes? (is|are) left", back(page))


def test_the_back_button_shows_the_codes_and_the_key_no_second_time(page, alice):
    visitor = Visitor(page)
    visitor.enter_password()
    page.goto("/mfa/setup/")
    phone = visitor.set_up_phone()
    codes = visitor.recovery_codes()
    visitor.send("I have saved them")
    visitor.sees(SECURITY)
    for _ in range(2):
        shown = back(page)
        assert phone.secret not in shown.replace(" ", "")
        assert not any(code in shown for code in codes)


@pytest.mark.parametrize("path", ["/mfa/", "/mfa/login/", "/mfa/verify/"])
def test_the_pages_are_not_kept_and_not_framed(page, phone, path):
    Visitor(page).enter_password()
    headers = page.goto(path).headers
    assert "no-store" in headers["cache-control"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"]
