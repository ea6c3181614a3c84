"""The front end of one page at /app/: the API, as a person meets it."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from django_mfa.app_passwords.models import AppPassword
from django_mfa.factors.passkey.models import Passkey
from django_mfa.testing import add_phone, freeze
from tests.e2e.phone import Phone
from tests.e2e.test_everybody import CHECKS
from tests.e2e.test_passkey import Authenticator
from tests.sent import last_sms, other_than

pytestmark = pytest.mark.django_db(transaction=True)

LATER = 901


class App:
    """Somebody at the app, who goes by headings, labels and what is read out."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def open(self) -> App:
        self.page.goto("/app/")
        return self

    def sees(self, heading: str) -> None:
        found = self.page.get_by_role("heading", level=1)
        expect(found).to_have_text(heading)
        expect(self.page).to_have_title(f"{heading} · Example Bank")

    def hears(self, text: str | re.Pattern[str]) -> None:
        expect(self.page.get_by_role("alert").filter(has_text=text)).to_be_visible()

    def is_told(self, text: str) -> None:
        # That of the page; a dialog that is about to close has one of its own.
        expect(self.page.get_by_role("status").first).to_have_text(text)

    def press(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).click()

    def fill(self, label: str, text: str) -> None:
        self.page.get_by_label(label, exact=True).fill(text)

    def password(self, name: str = "alice", password: str = "pw") -> None:
        self.fill("Username", name)
        self.fill("Password", password)
        self.press("Sign in")

    def code(self, code: str) -> None:
        self.fill("Code", code)
        self.press("Verify")

    def enter(self, phone: Phone) -> None:
        self.open().password()
        self.sees("Your second step")
        self.code(phone.code())
        self.sees("Your account")

    def adds_phone(self) -> Phone:
        self.press("Add an authenticator app")
        self.sees("Scan this with your app")
        phone = Phone.scan(self.page)
        self.fill("Code", phone.code())
        self.press("Finish")
        return phone

    def saves_codes(self) -> list[str]:
        self.sees("Your recovery codes")
        codes = self.page.get_by_role("main").locator("li code").all_inner_texts()
        self.press("I have saved them")
        self.sees("Your account")
        return codes

    def signs_out(self) -> None:
        self.press("Sign out")
        self.sees("Sign in")

    def makes_app_password(self, name: str = "Backup") -> None:
        self.fill("What it is for", name)
        self.page.get_by_label("See your data").check()
        self.press("Make app password")

    @property
    def dialog(self) -> Locator:
        return self.page.get_by_role("dialog")


@pytest.fixture
def app(page, alice) -> App:
    return App(page)


def test_the_whole_story(app, shot):  # noqa: PLR0915  # a story
    device = Authenticator(app.page)
    app.open()
    app.sees("Sign in")
    expect(app.page.get_by_label("Username")).to_be_focused()
    app.password(password="no")
    app.hears("password")
    app.password()
    app.sees("Your account")
    expect(app.page.get_by_role("heading", level=1)).to_be_focused()

    phone = app.adds_phone()
    codes = app.saves_codes()
    assert len(codes) == 10
    expect(app.page.get_by_text("Verified", exact=True)).to_be_visible()

    app.press("Add a passkey")
    app.is_told("Passkey is set up.")
    assert Passkey.objects.count() == 1

    app.makes_app_password()
    app.sees("Your new app password")
    shot(app.page, "app-new-app-password")
    secret = app.page.get_by_role("main").locator("code").inner_text()
    assert re.fullmatch(r"djmfa_[0-9a-f]{12}_[0-9a-f]{32}", secret)
    app.press("Done")
    app.sees("Your account")
    expect(app.page.get_by_role("main")).not_to_contain_text(secret)
    app.press("Revoke Backup")
    app.is_told("The app password was revoked.")
    assert not AppPassword.objects.filter(revoked=None).exists()

    app.signs_out()
    app.password()
    app.sees("Your second step")
    app.code(phone.wrong_code())
    app.hears("Invalid verification code")
    app.code(phone.code())
    app.sees("Your account")

    app.signs_out()
    app.password()
    app.code(codes[0])
    app.sees("Your account")

    app.signs_out()
    app.password()
    app.press("Use your passkey")
    app.sees("Your account")

    app.signs_out()
    app.press("Sign in with a passkey")
    app.sees("Your account")

    app.press("Remove Phone")
    app.is_told("The device was removed.")
    assert len(device.credentials()) == 1


def test_a_reload_goes_on_where_the_sign_in_waits(app, phone):
    app.open().password()
    app.sees("Your second step")
    app.page.reload()
    app.sees("Your second step")
    app.press("Sign in as somebody else")
    app.sees("Sign in")
    app.page.reload()
    app.sees("Sign in")


def test_who_must_set_up_a_second_step_does_that_first(app, staff):
    app.open().password(staff.get_username())
    app.sees("Set up a second step")
    app.adds_phone()
    app.saves_codes()


def test_a_step_up_is_asked_for_and_the_request_repeated_once_confirmed(
    app, phone, shot
):
    with freeze() as clock:
        app.enter(phone)
        clock.tick(LATER)
        phone.ahead = LATER
        app.makes_app_password()
        expect(app.dialog).to_be_visible()
        expect(app.dialog.get_by_label("Code")).to_be_focused()
        shot(app.page, "app-step-up")
        assert not AppPassword.objects.exists()

        app.fill("Code", phone.wrong_code())
        app.press("Confirm")
        expect(app.dialog.get_by_role("alert")).to_contain_text("Invalid")
        assert not AppPassword.objects.exists()

        app.fill("Code", phone.code())
        app.press("Confirm")
        app.sees("Your new app password")
        assert AppPassword.objects.count() == 1


@pytest.mark.parametrize("way", ["button", "Escape"])
def test_a_step_up_that_is_cancelled_changes_nothing(app, phone, way):
    with freeze() as clock:
        app.enter(phone)
        clock.tick(LATER)
        app.makes_app_password()
        expect(app.dialog).to_be_visible()
        if way == "button":
            app.press("Cancel")
        else:
            app.page.keyboard.press("Escape")
        expect(app.dialog).to_have_count(0)
        app.hears("Nothing was changed.")
        assert not AppPassword.objects.exists()
        # The person is back where they were, and what they typed is still there.
        expect(app.page.get_by_label("What it is for")).to_have_value("Backup")


TWO_AT_ONCE = """async () => {
    const { api } = await import('/static/site/app/api.js');
    const make = (name) => api('POST', 'mfa/app-passwords', {name, scopes: ['read']});
    window.both = Promise.all([make('One'), make('Two')]);
}"""


def test_two_requests_share_one_question(app, phone):
    with freeze() as clock:
        app.enter(phone)
        clock.tick(LATER)
        phone.ahead = LATER
        app.page.evaluate(TWO_AT_ONCE)
        expect(app.dialog).to_have_count(1)
        app.fill("Code", phone.code())
        app.press("Confirm")
        made = app.page.evaluate("window.both")
        expect(app.dialog).to_have_count(0)
    assert {each["name"] for each in made} == {"One", "Two"}


def test_a_sign_out_that_does_not_work_is_said(app, phone, watch):
    app.enter(phone)
    app.page.route("**/logout/", lambda route: route.fulfill(status=503))
    app.press("Sign out")
    app.hears("That did not work")
    assert all("/logout/" in noted for noted in watch.noted)
    watch.noted.clear()


def test_a_step_up_by_passkey(app, phone):
    device = Authenticator(app.page)
    with freeze() as clock:
        app.enter(phone)
        app.press("Add a passkey")
        app.is_told("Passkey is set up.")
        clock.tick(LATER)
        app.press("Remove Phone")
        app.dialog.get_by_role("button", name="Use your passkey").click()
        app.is_told("The device was removed.")
    assert len(device.credentials()) == 1


def test_a_step_up_by_password_for_who_has_nothing_else(app, alice):
    with freeze() as clock:
        app.open().password()
        app.sees("Your account")
        clock.tick(LATER)
        app.press("Add an authenticator app")
        expect(app.dialog.get_by_label("Password")).to_be_focused()
        app.dialog.get_by_label("Password").fill("pw")
        app.press("Confirm")
        app.sees("Scan this with your app")


@pytest.mark.usefixtures("sends")
def test_a_code_by_message_signs_in_and_steps_up(app, alice, shot):
    add_phone(alice)
    with freeze() as clock:
        app.open().password()
        app.sees("Your second step")
        expect(app.page.get_by_role("button", name="Send a mail")).to_be_hidden()
        app.press("Send a text message")
        app.is_told("A code is on its way to ••••••23.")
        shot(app.page, "app-code-sent")
        app.press("Send a text message")
        app.hears("A code was sent a moment ago")
        app.code(other_than(last_sms()))
        app.hears("Invalid verification code")
        app.code(last_sms())
        app.sees("Your account")
        clock.tick(LATER)
        app.press("Remove Phone")
        app.dialog.get_by_role("button", name="Send a text message").click()
        expect(app.dialog.get_by_role("status")).to_contain_text("on its way")
        shot(app.page, "app-step-up-sent")
        app.fill("Code", last_sms())
        app.press("Confirm")
        app.is_told("The device was removed.")


def test_a_session_that_ends_meanwhile_leads_to_the_sign_in(app, phone):
    app.enter(phone)
    app.page.context.clear_cookies(name="sessionid")
    app.press("Remove Phone")
    app.sees("Sign in")
    app.hears("Please start again")


def test_a_passkey_that_is_cancelled_is_said(app, phone):
    device = Authenticator(app.page)
    app.enter(phone)
    app.press("Add a passkey")
    app.is_told("Passkey is set up.")
    app.press("Add a passkey")
    app.hears("has a passkey for your account already")
    device.call("clearCredentials")
    app.signs_out()
    app.press("Sign in with a passkey")
    app.hears("It was cancelled or took too long")


def test_a_bank_that_cannot_be_reached_is_said(app, watch):
    app.open()
    app.sees("Sign in")
    app.page.route("**/api/**", lambda route: route.abort())
    app.password()
    app.hears("cannot be reached")
    assert all("net::ERR_FAILED" in noted for noted in watch.noted)
    watch.noted.clear()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_screen_passes_axe_keeps_its_edges_and_fits(  # noqa: PLR0915  # a tour
    app, staff, shot, scheme
):
    page, found = app.page, {}
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    Authenticator(page)

    def look(name: str) -> None:
        shot(page, f"app-{name}-{scheme}")
        found[name] = {check.__name__: check(page) for check in CHECKS}

    with freeze() as clock:
        app.open()
        app.sees("Sign in")
        look("sign-in")
        app.password(password="no")
        app.hears("password")
        look("sign-in-wrong")
        app.password(staff.get_username())
        app.sees("Set up a second step")
        look("must-set-up")
        app.press("Add an authenticator app")
        app.sees("Scan this with your app")
        look("authenticator-app")
        app.press("Not now")
        app.sees("Set up a second step")
        phone = app.adds_phone()
        app.sees("Your recovery codes")
        look("recovery-codes")
        app.saves_codes()
        app.press("Add a passkey")
        app.is_told("Passkey is set up.")
        app.makes_app_password()
        app.sees("Your new app password")
        look("app-password")
        app.press("Done")
        app.sees("Your account")
        look("account")
        clock.tick(LATER)
        app.press("Revoke Backup")
        expect(app.dialog).to_be_visible()
        look("step-up")
        app.press("Cancel")
        app.signs_out()
        app.password(staff.get_username())
        app.sees("Your second step")
        look("second-step")
        phone.ahead = LATER
        app.code(phone.code())
        app.sees("Your account")
    wrong = {name: what for name, what in found.items() if any(what.values())}
    assert wrong == {}


@pytest.mark.browser_context_args(java_script_enabled=False)
def test_without_javascript_the_way_to_the_site_is_shown(page):
    page.goto("/app/")
    assert "needs JavaScript" in page.inner_text("noscript")


def test_the_description_of_the_api_is_shown_and_tried(page, alice, signed_in, shot):
    signed_in(page.context, alice)
    page.goto("/api/docs/")
    page.get_by_role("link", name="Account", exact=True).click()
    operation = page.locator("#operations-Account-api_v1_auth_mfa_status_get")
    expect(operation).to_be_visible()
    shot(page, "api-docs")
    operation.get_by_role("button").first.click()
    operation.get_by_role("button", name="Try it out").click()
    operation.get_by_role("button", name="Execute").click()
    expect(operation.locator(".live-responses-table")).to_contain_text(
        '"verified": true'
    )
    shot(page, "api-docs-operation")
