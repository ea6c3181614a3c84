"""Passkeys in Chromium, with virtual authenticators."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.visitor import Visitor

pytestmark = pytest.mark.django_db(transaction=True)

PASSKEY = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


class Authenticator:
    """A virtual authenticator of one page."""

    def __init__(self, page: Page, **options) -> None:
        self.page = page
        self.cdp = page.context.new_cdp_session(page)
        self.cdp.send("WebAuthn.enable", {})
        added = self.cdp.send(
            "WebAuthn.addVirtualAuthenticator", {"options": {**PASSKEY, **options}}
        )
        self.id = added["authenticatorId"]

    def call(self, name: str, **arguments):
        return self.cdp.send(
            f"WebAuthn.{name}", {"authenticatorId": self.id, **arguments}
        )

    def credentials(self) -> list[dict]:
        return self.call("getCredentials")["credentials"]


def test_first(page, alice):
    visitor = Visitor(page)
    visitor.enter_password()
    device = Authenticator(page)
    page.goto("/mfa/setup/passkey/")
    visitor.press("Create a passkey")
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("recovery"))
    assert len(device.credentials()) == 1
    page.goto("/mfa/")
    print(page.inner_text("main"))
    visitor.sign_out()
    device.call("setAutomaticPresenceSimulation", enabled=False)
    visitor.enter_password()
    visitor.sees("/mfa/verify/")
    device.call("setAutomaticPresenceSimulation", enabled=True)
    visitor.press("Use your passkey")
    visitor.sees("/profile/")
    visitor.sign_out()
    device.call("setAutomaticPresenceSimulation", enabled=False)
    page.goto("/mfa/login/")
    device.call("setAutomaticPresenceSimulation", enabled=True)
    visitor.press("Sign in with a passkey")
    visitor.sees("/profile/")
    visitor.sign_out()
    page.goto("/mfa/login/")
    visitor.sees("/profile/")
