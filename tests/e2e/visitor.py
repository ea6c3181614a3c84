"""What a person does in a browser, in their own words: labels, roles, addresses."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote

from playwright.sync_api import Locator, Page, expect

from tests.e2e.phone import Phone

LOGIN, SECURITY, VERIFY = "/mfa/login/", "/mfa/", "/mfa/verify/"


@dataclass
class Visitor:
    """Somebody with a browser, a name and a password."""

    page: Page
    name: str = "alice"
    password: str = "pw"

    # Where they are

    def sees(self, path: str) -> None:
        expect(self.page).to_have_url(re.compile(rf"//[^/]+{re.escape(path)}$"))

    def hears(self, text: str | re.Pattern[str]) -> Locator:
        """What a screen reader says at once."""
        alert = self.page.get_by_role("alert").filter(has_text=text)
        expect(alert).to_be_visible()
        return alert

    # What they do

    def press(self, name: str) -> None:
        """A button that may stay on the page."""
        self.page.get_by_role("button", name=name, exact=True).click()

    def send(self, name: str) -> None:
        """A button that sends a form; go on when the answer is there."""
        with self.page.expect_navigation():
            self.press(name)

    def follow(self, name: str) -> None:
        with self.page.expect_navigation():
            self.page.get_by_role("link", name=name).click()

    def enter_password(self, path: str = LOGIN) -> None:
        self.page.goto(path)
        self.page.get_by_label("Username").fill(self.name)
        self.page.get_by_label("Password").fill(self.password)
        self.send("Sign in")

    def enter_code(self, code: str, send: str = "Verify") -> None:
        self.page.get_by_label(re.compile(r"^(Code|Recovery code)$")).fill(code)
        self.send(send)

    def fill(self, values: dict[str, str]) -> None:
        """Fill in the form of the page and send it."""
        for name, value in values.items():
            self.page.locator(f"main input[name={name}]").fill(value)
        with self.page.expect_navigation():
            self.page.locator(
                "main button[type=submit], main form button"
            ).first.click()

    def sign_in(self, phone: Phone, path: str = LOGIN) -> None:
        self.enter_password(path)
        self.sees(VERIFY)
        self.enter_code(phone.code())

    def sign_out(self) -> None:
        self.page.goto("/")
        self.send("Sign out")

    def set_up_phone(self, name: str = "") -> Phone:
        """From the choice of factors to the recovery codes."""
        self.follow("Authenticator app")
        phone = Phone.scan(self.page)
        self.page.get_by_label("Name of the device").fill(name)
        self.enter_code(phone.code(), send="Finish")
        return phone

    # The page that shows the recovery codes

    def recovery_codes(self) -> list[str]:
        return self.page.get_by_role("main").locator("li code").all_inner_texts()

    def downloaded_codes(self) -> str:
        """The text behind the download link: in the link itself, so JavaScript may be off."""
        link = self.page.get_by_role("link", name="Download as text")
        assert link.get_attribute("download")
        kind, _, text = (link.get_attribute("href") or "").partition(",")
        assert kind == "data:text/plain;charset=utf-8"
        return unquote(text)
