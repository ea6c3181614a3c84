"""A program gets a password of its own, with JavaScript and without."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from django_mfa.errors import AppPasswordRefused
from django_mfa.flows import app_passwords as flow
from django_mfa.session import Context
from tests.e2e.visitor import SECURITY, Visitor

NO_SCRIPT = pytest.mark.browser_context_args(java_script_enabled=False)
PAGE = "/mfa/app-passwords/"


@pytest.fixture(
    params=[
        pytest.param("script", id="with JavaScript"),
        pytest.param("none", id="without", marks=NO_SCRIPT),
    ]
)
def script(request) -> bool:
    return bool(request.param == "script")


@pytest.fixture
def visitor(alice, signed_in, script, page) -> Visitor:
    signed_in(page.context, alice)
    return Visitor(page)


def secret_on(page) -> str:
    shown = page.get_by_role("main").locator("code").first.inner_text()
    assert re.fullmatch(r"djmfa_[0-9a-f]{12}_[0-9a-f]{32}", shown)
    return shown


def test_one_is_made_used_and_revoked(  # noqa: PLR0915  # a story
    visitor, script, shot
):
    page = visitor.page
    page.goto(SECURITY)
    visitor.follow("Manage app passwords")
    visitor.sees(PAGE)
    shot(page, "app-passwords-none")
    # Browsers see to the name by themselves; nothing may be chosen.
    page.get_by_label("Name").fill("Mail on my laptop")
    visitor.send("Make app password")
    visitor.hears("Choose what the app password may do.")
    shot(page, "app-passwords-wrong")
    expect(page.get_by_label("Name")).to_have_value("Mail on my laptop")
    page.get_by_label("See your data").check()
    page.get_by_label("Lasts").select_option("90 days")
    visitor.send("Make app password")
    secret = secret_on(page)
    copy = page.get_by_role("button", name="Copy", exact=True)
    expect(copy).to_be_visible(visible=script)
    shot(page, "app-password-new")

    row = flow.use(Context(address="203.0.113.9"), secret)
    assert (row.name, row.scopes) == ("Mail on my laptop", ["read"])
    visitor.follow("Done")
    visitor.sees(PAGE)
    main = page.get_by_role("main")
    expect(main).to_contain_text("203.0.113.9")
    expect(main).not_to_contain_text(secret[-32:])
    shot(page, "app-passwords")

    visitor.send("Revoke Mail on my laptop")
    visitor.sees(PAGE)
    expect(page.get_by_role("status").first).to_contain_text("was revoked")
    expect(main).to_contain_text("You have none.")
    with pytest.raises(AppPasswordRefused):
        flow.use(Context(), secret)


@pytest.mark.browser_context_args(permissions=["clipboard-read", "clipboard-write"])
def test_one_is_copied(alice, signed_in, page):
    signed_in(page.context, alice)
    page.goto(PAGE)
    page.get_by_label("Name").fill("Backup")
    page.get_by_label("See your data").check()
    Visitor(page).send("Make app password")
    page.get_by_role("button", name="Copy", exact=True).click()
    expect(page.get_by_text("The app password is copied.")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.strip() == secret_on(page)


@pytest.mark.browser_context_args(
    color_scheme="dark", viewport={"width": 360, "height": 720}
)
def test_on_a_phone_in_the_dark_nothing_sticks_out(alice, signed_in, page, shot):
    signed_in(page.context, alice)
    page.goto(PAGE)
    page.get_by_label("Name").fill("W" * 64)
    for box in page.get_by_role("checkbox").all():
        box.check()
    Visitor(page).send("Make app password")
    for name in ("app-password-new-phone", "app-passwords-phone"):
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= 360, name
        shot(page, name)
        page.goto(PAGE)
