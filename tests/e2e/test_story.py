"""The main story, once with JavaScript and once without."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

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
    visitor.send("I have saved them")
    return codes


def loses_the_phone(visitor: Visitor) -> None:
    """Enrol, sign in with the phone, lose it, sign in with a recovery code."""
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
    visitor.enter_code(phone.wrong_code())
    visitor.follow("Recovery code")
    visitor.enter_code(codes[3].lower().replace("-", " "))
    visitor.sees("/profile/")
    visitor.page.goto(SECURITY)
    assert "9 codes are left" in visitor.page.inner_text("main")


def enters_the_admin(visitor: Visitor) -> None:
    """Staff must have a second factor: the password leads to the set-up, and back."""
    visitor.page.goto("/admin/")
    visitor.page.get_by_label("Username").fill(visitor.name)
    visitor.page.get_by_label("Password").fill(visitor.password)
    visitor.send("Log in")
    visitor.set_up_phone()
    visitor.send("I have saved them")
    visitor.sees("/admin/")


def events_of(visitor: Visitor, name: str) -> list[str]:
    """The events of a user in the audit log of the admin, the first one first."""
    visitor.page.goto("/admin/")
    visitor.page.get_by_role("main").get_by_role("link", name="Audit log").click()
    visitor.page.get_by_role("textbox", name="Search").fill(name)
    visitor.send("Search")
    rows = visitor.page.locator("#result_list tbody tr").all_inner_texts()
    return [re.split(r"\s*\t\s*", row.strip())[1] for row in reversed(rows)]


def resets(visitor: Visitor, name: str, reason: str) -> None:
    visitor.page.goto("/admin/")
    visitor.page.get_by_role("main").get_by_role("link", name="Users").click()
    visitor.page.get_by_role("main").get_by_role("link", name=name, exact=True).click()
    visitor.follow("Devices, recent events, reset")
    visitor.follow("Reset second factors")
    visitor.send("Reset second factors")
    expect(visitor.page.get_by_text("This field is required.")).to_be_visible()
    visitor.page.get_by_label("Reason").fill(reason)
    visitor.send("Reset second factors")
    told = visitor.page.get_by_text(f"The second factors of {name} were removed.")
    expect(told).to_be_visible()


STEPS = [
    "signed_in",  # by the password alone, which was enough then
    "enrolment_started",
    "device_confirmed",
    "recovery_codes_generated",
    "recovery_codes_saved",
    "challenge_passed",
    "challenge_failed",
    "challenge_passed",
    "recovery_code_used",
]


@pytest.mark.usefixtures("superuser")
def test_a_phone_is_lost_and_an_administrator_helps(visitor, new_context, shot):
    loses_the_phone(visitor)
    visitor.sign_out()

    root = Visitor(new_context().new_page(), "root")
    enters_the_admin(root)
    assert events_of(root, "alice") == STEPS
    shot(root.page, "admin-audit-log")
    resets(root, "alice", reason="Showed her passport at the counter")
    shot(root.page, "admin-user")
    assert events_of(root, "alice") == [*STEPS, "factors_reset"]
    assert "Showed her passport at the counter" in root.page.inner_text("main")

    visitor.enter_password()
    visitor.sees("/profile/")
    visitor.page.goto("/mfa/setup/")
    phone = visitor.set_up_phone("New phone")
    keeps_codes(visitor)
    visitor.sign_out()
    visitor.sign_in(phone)
    visitor.sees("/profile/")


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
