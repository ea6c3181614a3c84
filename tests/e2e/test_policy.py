"""Trust a browser, approve a transfer, be stepped up: with a browser, by hand."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.e2e.visitor import VERIFY, Visitor

INSIDE = "/profile/"


@pytest.fixture
def visitor(alice, phone, page) -> Visitor:
    return Visitor(page)


@pytest.fixture
def trusting(settings):
    settings.DJANGO_MFA = {**settings.DJANGO_MFA, "TRUSTED_DEVICES": {"ENABLED": True}}


@pytest.mark.browser_context_args(java_script_enabled=False)
def test_a_trusted_browser_is_not_asked_until_it_is_trusted_no_more(
    visitor, phone, trusting, shot
):
    page = visitor.page
    visitor.enter_password()
    page.get_by_label("Trust this browser").check()
    shot(page, "verify-trust")
    visitor.enter_code(phone.code())
    visitor.sees(INSIDE)
    visitor.sign_out()
    visitor.enter_password()
    visitor.sees(INSIDE)
    # Trust is no proof: what needs care asks.
    page.goto("/transfer/")
    shot(page, "step-up-trusted")
    visitor.enter_code(phone.code())
    visitor.sees("/transfer/")
    page.goto("/mfa/trusted-browsers/")
    expect(page.get_by_text("This browser", exact=True)).to_be_visible()
    shot(page, "trusted-browsers-one")
    visitor.send("Do not trust it any more")
    visitor.sign_out()
    visitor.enter_password()
    visitor.sees(VERIFY)


@pytest.mark.browser_context_args(java_script_enabled=False)
def test_a_transfer_is_approved_as_it_is_shown(visitor, phone, shot):
    page = visitor.page
    visitor.sign_in(phone)
    page.goto("/transfer/")
    visitor.fill({"recipient": "Bob", "amount": "5000"})
    expect(page.get_by_text("€ 5000.00").first).to_be_visible()
    shot(page, "approve-transfer")
    visitor.enter_code(phone.wrong_code(), send="Approve")
    shot(page, "approve-wrong")
    visitor.enter_code(phone.code(), send="Approve")
    shot(page, "approved")
    visitor.sees("/transfer/")
    expect(page.get_by_label("Recipient")).to_have_value("Bob")  # typed once
    visitor.send("Send")
    visitor.sees("/transfer/receipt/")
    page.goto("/transfer/")
    visitor.fill({"recipient": "Bob", "amount": "5000"})
    expect(page.get_by_role("heading", level=1)).to_have_text("Send € 5000.00 to Bob")
