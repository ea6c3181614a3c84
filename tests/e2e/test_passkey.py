"""Passkeys in Chromium, with virtual authenticators."""

from __future__ import annotations

import re
from base64 import b64encode
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from django_mfa.accounts.models import MFAAccount
from django_mfa.audit.models import AuditEvent
from django_mfa.factors.passkey.models import Passkey, digest_of
from django_mfa.factors.passkey.reading import encode
from tests.e2e.visitor import LOGIN, SECURITY, VERIFY, Visitor

pytestmark = pytest.mark.django_db(transaction=True)

SETUP = "/mfa/setup/passkey/"
INSIDE = "/profile/"

PASSKEY = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}
SYNCED = {"defaultBackupEligibility": True, "defaultBackupState": True}
KEY = {
    "transport": "usb",
    "hasResidentKey": False,
    "hasUserVerification": False,
    "isUserVerified": False,
}
U2F = {**KEY, "protocol": "u2f"}


class Authenticator:
    """A virtual authenticator of one page."""

    def __init__(self, page: Page, **options: Any) -> None:
        self.cdp = page.context.new_cdp_session(page)
        self.cdp.send("WebAuthn.enable", {})
        added = self.cdp.send(
            "WebAuthn.addVirtualAuthenticator", {"options": {**PASSKEY, **options}}
        )
        self.id = added["authenticatorId"]

    def call(self, name: str, **arguments: Any) -> Any:
        return self.cdp.send(
            f"WebAuthn.{name}", {"authenticatorId": self.id, **arguments}
        )

    def credentials(self) -> list[dict[str, Any]]:
        return list(self.call("getCredentials")["credentials"])

    def rest(self) -> None:
        """Nobody touches it: what is asked waits."""
        self.call("setAutomaticPresenceSimulation", enabled=False)

    def wake(self) -> None:
        self.call("setAutomaticPresenceSimulation", enabled=True)


@pytest.fixture
def visitor(page, alice) -> Visitor:
    return Visitor(page)


def register(visitor: Visitor, **options: Any) -> Authenticator:
    """Sign in by password, and add a passkey as the first second step."""
    device = Authenticator(visitor.page, **options)
    device.rest()  # else it answers by itself what the sign-in page offers
    visitor.enter_password()
    visitor.sees(INSIDE)
    visitor.page.goto(SETUP)
    device.wake()
    visitor.press("Create a passkey")
    expect(visitor.page.get_by_role("heading", level=1)).to_have_text(
        re.compile("recovery codes")
    )
    device.rest()
    return device


def open_login(visitor: Visitor, query: str = "") -> None:
    """Open the page, and wait until its passkeys wait in the autofill."""
    visitor.page.goto(f"{LOGIN}{query}")
    visitor.page.wait_for_selector("[data-offering=yes]")


def use(visitor: Visitor, device: Authenticator, button: str) -> None:
    device.wake()
    visitor.press(button)


def leave(visitor: Visitor, device: Authenticator) -> None:
    device.rest()
    visitor.sign_out()


@pytest.mark.parametrize(
    "shape", [{}, SYNCED, KEY, U2F], ids=["passkey", "synced", "key", "u2f"]
)
def test_every_kind_is_added_and_asked_for_after_the_password(visitor, shape):
    device = register(visitor, **shape)
    stored = Passkey.objects.get()
    assert stored.backed_up is bool(shape == SYNCED)
    assert stored.verified_at_first is shape.get("isUserVerified", True)
    visitor.page.goto(SECURITY)
    said = "Synced" if shape == SYNCED else "On one device"
    expect(visitor.page.get_by_text(said, exact=True)).to_be_visible()
    leave(visitor, device)
    visitor.enter_password()
    visitor.sees(VERIFY)
    use(visitor, device, "Use your passkey")
    visitor.sees(INSIDE)
    stored.refresh_from_db()
    assert stored.uses == 1


@pytest.mark.parametrize("shape", [{}, SYNCED], ids=["passkey", "synced"])
def test_somebody_signs_in_without_a_password_by_the_button(visitor, shape):
    device = register(visitor, **shape)
    leave(visitor, device)
    open_login(visitor)
    use(visitor, device, "Sign in with a passkey")
    visitor.sees(INSIDE)
    passed = AuditEvent.objects.filter(event="challenge_passed").order_by("id").last()
    assert passed
    assert passed.details["purpose"] == "passwordless"


@pytest.mark.parametrize("shape", [{}, SYNCED], ids=["passkey", "synced"])
def test_somebody_signs_in_by_the_autofill_of_the_name(visitor, shape):
    device = register(visitor, **shape)
    leave(visitor, device)
    device.wake()
    visitor.page.goto(LOGIN)
    visitor.sees(INSIDE)


def test_a_browser_that_is_trusted_by_passkey_is_not_asked_again(visitor, settings):
    settings.DJANGO_MFA = {**settings.DJANGO_MFA, "TRUSTED_DEVICES": {"ENABLED": True}}
    device = register(visitor)
    leave(visitor, device)
    for trusts in (False, True):
        visitor.enter_password()
        visitor.sees(VERIFY)
        if trusts:
            visitor.page.get_by_label("Trust this browser").check()
        use(visitor, device, "Use your passkey")
        visitor.sees(INSIDE)
        leave(visitor, device)
    visitor.enter_password()
    visitor.sees(INSIDE)


def test_after_a_stale_passkey_the_autofill_offers_another(visitor):
    device = register(visitor)
    leave(visitor, device)
    (stale,) = device.credentials()
    # Chromium takes them in the order of their ids; the one that counts comes last.
    last = b"\xff" * 16
    named = dict.fromkeys(("credentialId", "userHandle"), b64encode(last).decode())
    device.call("addCredential", credential={**stale, **named})
    MFAAccount.objects.update(user_handle=encode(last))
    Passkey.objects.update(credential_id=encode(last), digest=digest_of(last))
    device.wake()
    visitor.page.goto(LOGIN)
    visitor.sees(INSIDE)
    refused = AuditEvent.objects.get(event="challenge_failed")
    assert refused.reason == "unknown_credential"


def test_signing_in_goes_on_to_where_somebody_wanted(visitor):
    device = register(visitor)
    leave(visitor, device)
    open_login(visitor, "?next=/transfer/")
    use(visitor, device, "Sign in with a passkey")
    visitor.sees("/transfer/")


def test_a_key_that_checks_nobody_does_not_sign_in_alone(visitor):
    device = register(visitor, **KEY)
    leave(visitor, device)
    visitor.page.goto(LOGIN)
    use(visitor, device, "Sign in with a passkey")
    visitor.hears(re.compile("cancelled|took too long|cannot do"))
    visitor.sees(LOGIN)


@pytest.mark.parametrize(
    "shape", [{}, SYNCED, KEY, U2F], ids=["passkey", "synced", "key", "u2f"]
)
def test_a_step_up_by_passkey(visitor, shape):
    device = register(visitor, **shape)
    leave(visitor, device)
    visitor.enter_password()
    use(visitor, device, "Use your passkey")
    visitor.sees(INSIDE)
    visitor.page.goto("/mfa/step-up/?next=/transfer/")
    visitor.press("Use your passkey")
    visitor.sees("/transfer/")
    last = AuditEvent.objects.filter(event="challenge_passed").order_by("id").last()
    assert last
    assert last.details["purpose"] == "step_up"


def test_the_same_device_twice_is_said_to_be_there_already(visitor):
    device = register(visitor)
    visitor.page.goto(SETUP)
    use(visitor, device, "Create a passkey")
    visitor.hears("has a passkey for your account already")
    expect(visitor.page.get_by_role("button", name="Create a passkey")).to_be_focused()
    assert Passkey.objects.count() == 1


def test_a_passkey_gets_the_name_that_was_typed(visitor):
    device = Authenticator(visitor.page)
    device.rest()
    visitor.enter_password()
    visitor.sees(INSIDE)
    visitor.page.goto(SETUP)
    device.wake()
    visitor.page.get_by_label("Name of the device").fill("Laptop")
    visitor.press("Create a passkey")
    expect(visitor.page.get_by_role("heading", level=1)).to_have_text(
        re.compile("recovery codes")
    )
    assert Passkey.objects.get().name == "Laptop"


def test_what_is_cancelled_is_said_and_can_be_tried_again(visitor):
    device = register(visitor)
    leave(visitor, device)
    visitor.enter_password()
    visitor.sees(VERIFY)
    kept = device.credentials()[0]
    device.call("removeCredential", credentialId=kept["credentialId"])
    use(visitor, device, "Use your passkey")
    visitor.hears("It was cancelled, or this device has no passkey for this site.")
    expect(visitor.page.get_by_role("button", name="Use your passkey")).to_be_focused()
    device.call("addCredential", credential=kept)
    visitor.press("Use your passkey")
    visitor.sees(INSIDE)


def test_what_takes_too_long_is_said(visitor, settings):
    device = register(visitor)
    leave(visitor, device)
    settings.DJANGO_MFA = {**settings.DJANGO_MFA, "PASSKEY": {"TIMEOUT": 2}}
    visitor.enter_password()
    visitor.sees(VERIFY)
    visitor.press("Use your passkey")
    expect(visitor.page.get_by_role("status")).to_have_text(
        re.compile("answer the question")
    )
    visitor.hears("It took too long.")


@pytest.mark.parametrize(
    ("bits", "reason"),
    [
        ({"isBogusSignature": True}, "signature"),
        ({"isBadUV": True}, None),
        ({"isBadUP": True}, "user_not_present"),
    ],
    ids=str,
)
def test_what_is_forged_is_refused(visitor, bits, reason):
    device = register(visitor)
    leave(visitor, device)
    open_login(visitor)
    device.call("setResponseOverrideBits", **bits)
    use(visitor, device, "Sign in with a passkey")
    visitor.hears("was refused")
    visitor.sees(LOGIN)
    told = AuditEvent.objects.filter(event="challenge_failed").order_by("id").last()
    assert told
    assert told.reason == (reason or "user_not_verified")


def test_a_passkey_that_did_not_know_its_user_signs_nobody_in_alone(visitor):
    device = register(visitor)
    leave(visitor, device)
    open_login(visitor)
    device.call("setUserVerified", isUserVerified=False)
    use(visitor, device, "Sign in with a passkey")
    visitor.hears(re.compile("cancelled|took too long|cannot do"))
    visitor.sees(LOGIN)
    assert not AuditEvent.objects.filter(event="challenge_passed").exists()


@pytest.mark.parametrize(
    ("bits", "reason"),
    [
        ({"isBogusSignature": True}, "signature"),
        ({"isBadUP": True}, "user_not_present"),
    ],
    ids=str,
)
def test_a_second_factor_that_is_forged_is_refused(visitor, bits, reason):
    device = register(visitor)
    leave(visitor, device)
    visitor.enter_password()
    visitor.sees(VERIFY)
    device.call("setResponseOverrideBits", **bits)
    use(visitor, device, "Use your passkey")
    visitor.hears("was refused")
    visitor.sees(VERIFY)
    told = AuditEvent.objects.filter(event="challenge_failed").order_by("id").last()
    assert told
    assert told.reason == reason


def test_a_copy_that_fell_behind_is_refused(visitor, new_context):
    device = register(visitor)
    leave(visitor, device)
    copy = device.credentials()[0]
    visitor.enter_password()
    use(visitor, device, "Use your passkey")
    visitor.sees(INSIDE)
    other = Visitor(new_context().new_page())
    clone = Authenticator(other.page)
    clone.rest()
    other.page.goto("/")
    clone.call("addCredential", credential=copy)
    other.enter_password()
    other.sees(VERIFY)
    use(other, clone, "Use your passkey")
    other.hears("was refused")
    told = AuditEvent.objects.filter(event="challenge_failed").order_by("id").last()
    assert told
    assert told.reason == "possible_clone"


def test_two_tabs_do_not_disturb_each_other(visitor, context: BrowserContext):
    device = register(visitor)
    leave(visitor, device)
    visitor.enter_password()
    visitor.sees(VERIFY)
    second = Visitor(context.new_page())
    second.page.goto(VERIFY)
    other = Authenticator(second.page)
    other.rest()
    other.call("addCredential", credential=device.credentials()[0])
    second.press("Use your passkey")  # asks, and waits for ever
    expect(second.page.get_by_role("status")).to_have_text(
        re.compile("answer the question")
    )
    visitor.page.bring_to_front()
    use(visitor, device, "Use your passkey")
    visitor.sees(INSIDE)


def test_without_javascript_there_is_another_way(visitor, new_context, codes, phone):
    register_second(visitor, phone)
    plain = Visitor(new_context(java_script_enabled=False).new_page())
    plain.enter_password()
    plain.page.goto("/mfa/verify/passkey/")
    assert "Passkeys need JavaScript" in plain.page.inner_text("noscript")
    expect(plain.page.get_by_role("button", name="Use your passkey")).to_be_hidden()
    plain.follow("Recovery code")
    plain.enter_code(codes[0])
    plain.sees(INSIDE)


def register_second(visitor: Visitor, phone: Any) -> Authenticator:
    """Add a passkey to an account that has a phone."""
    device = Authenticator(visitor.page)
    device.rest()
    visitor.sign_in(phone)
    visitor.sees(INSIDE)
    visitor.page.goto(SETUP)
    device.wake()
    visitor.press("Create a passkey")
    visitor.sees(SECURITY)
    device.rest()
    return device


def test_an_unknown_passkey_is_forgotten_by_the_browser(visitor):
    device = register(visitor)
    leave(visitor, device)
    open_login(visitor)
    Passkey.objects.all().delete()
    use(visitor, device, "Sign in with a passkey")
    visitor.hears("not known here any more")
    assert device.credentials() == []


def test_a_passkey_that_is_removed_is_forgotten_by_the_browser(visitor):
    device = register(visitor)
    page = visitor.page
    page.goto(SECURITY)
    page.get_by_role("link", name="Change or remove").click()
    visitor.follow("Remove")
    visitor.press("Remove")
    visitor.sees(SECURITY)
    page.wait_for_selector("[data-told=yes]", state="attached")
    assert device.credentials() == []


def test_the_keeper_of_passkeys_learns_the_name_of_their_owner(visitor, alice):
    device = register(visitor)
    alice.first_name, alice.last_name = "Alice", "Adams"
    alice.save()
    visitor.page.goto(SECURITY)
    visitor.page.wait_for_selector("[data-told=yes]", state="attached")
    assert device.credentials()[0]["userDisplayName"] == "Alice Adams"
    assert MFAAccount.objects.get(pk=alice.pk).user_handle


def test_a_browser_without_webauthn_says_so(visitor, new_context):
    context = new_context()
    context.add_init_script("delete window.PublicKeyCredential")
    plain = Visitor(context.new_page())
    plain.enter_password()
    plain.page.goto(SETUP)
    plain.hears("This browser cannot use passkeys.")
    expect(plain.page.get_by_role("button", name="Create a passkey")).to_be_hidden()


def test_a_browser_without_the_json_methods_works(visitor, new_context):
    context = new_context()
    context.add_init_script(
        "if (window.PublicKeyCredential) {"
        "delete PublicKeyCredential.parseCreationOptionsFromJSON;"
        "delete PublicKeyCredential.parseRequestOptionsFromJSON;"
        "delete PublicKeyCredential.prototype.toJSON; }"
    )
    older = Visitor(context.new_page())
    device = register(older)
    leave(older, device)
    open_login(older)
    use(older, device, "Sign in with a passkey")
    older.sees(INSIDE)
