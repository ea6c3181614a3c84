"""Into the admin, past pages that look like the admin."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from django_mfa.testing import add_totp, freeze
from tests.e2e.phone import Phone
from tests.e2e.test_everybody import CHECKS
from tests.e2e.test_passkey import Authenticator, use
from tests.e2e.visitor import Visitor

pytestmark = pytest.mark.django_db(transaction=True)

NO_SCRIPT = pytest.mark.browser_context_args(java_script_enabled=False)
ARABIC = pytest.mark.browser_context_args(locale="ar")
STALE = 901
#: Whether the middle of the page is dark.
IS_DARK = """() => {
    const [red] = getComputedStyle(document.body).backgroundColor.match(/\\d+/g);
    return Number(red) < 128;
}"""
Look = Callable[[str], None]


@pytest.fixture
def root(page, superuser) -> Visitor:
    return Visitor(page, "root")


def looks_like_the_admin(page: Page) -> None:
    expect(page.get_by_role("banner")).to_contain_text("Django administration")
    expect(page.get_by_role("navigation", name="Breadcrumbs")).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_be_visible()


def enter_password(visitor: Visitor, path: str = "/admin/") -> None:
    visitor.page.goto(path)
    visitor.page.locator("[name=username]").fill(visitor.name)
    visitor.page.locator("[name=password]").fill(visitor.password)
    with visitor.page.expect_navigation():
        visitor.page.keyboard.press("Enter")


def enrols(visitor: Visitor, look: Look) -> Phone:
    """From the password to the admin, by way of the set-up."""
    page = visitor.page
    enter_password(visitor)
    look("choice")
    page.locator(".mfa-choices a[href*=totp]").click()
    look("set-up")
    phone = Phone.of(page.locator(".mfa-secret").inner_text().replace(" ", ""))
    give(visitor, phone.wrong_code())
    look("set-up-wrong")
    give(visitor, phone.code())
    look("codes")
    with page.expect_navigation():
        page.locator("form[action$='/saved/'] button").click()
    visitor.sees("/admin/")
    return phone


def give(visitor: Visitor, code: str) -> None:
    visitor.page.locator("[name=code]").fill(code)
    with visitor.page.expect_navigation():
        visitor.page.keyboard.press("Enter")


def fails(visitor: Visitor, phone: Phone, look: Look) -> None:
    """The challenge in every way it goes wrong, up to the lock; and the way out."""
    page = visitor.page
    page.context.clear_cookies()
    enter_password(visitor)
    look("challenge")
    asked = page.url
    with page.expect_navigation():
        page.locator(".mfa-others a").click()
    look("recovery-code")
    page.goto(asked)
    give(visitor, phone.wrong_code())
    look("challenge-wrong")
    for _ in range(4):
        give(visitor, phone.wrong_code())
    expect(page.locator("main time")).to_be_visible()  # when to try again
    look("locked")
    with page.expect_navigation():
        page.locator("form[action$='/cancel/'] button").click()
    visitor.sees("/admin/login/")


@pytest.mark.parametrize(
    ("scheme", "language"),
    [
        ("light", "en"),
        ("dark", "en"),
        pytest.param("dark", "ar", marks=ARABIC),
    ],
)
def test_every_page_passes_axe_keeps_its_edges_and_fits(root, shot, scheme, language):
    page, found = root.page, {}
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")

    def look(name: str) -> None:
        shot(page, f"admin-look-{name}-{scheme}-{language}")
        assert page.locator("#header #site-name").count() == 1, name
        found[name] = {check.__name__: check(page) for check in CHECKS}

    fails(root, enrols(root, look), look)
    assert len(found) == 8
    assert {name: what for name, what in found.items() if any(what.values())} == {}


@pytest.mark.parametrize("script", [True, pytest.param(False, marks=NO_SCRIPT)])
def test_a_person_gets_in_and_back_in_without_leaving_the_look(root, script):
    page = root.page
    phone = enrols(root, lambda _: looks_like_the_admin(page))
    page.context.clear_cookies()
    enter_password(root, "/admin/auth/user/")
    looks_like_the_admin(page)
    expect(page.get_by_role("banner")).not_to_contain_text("root")
    expect(page.get_by_role("link", name="Users")).to_have_count(0)
    give(root, phone.code())
    root.sees("/admin/auth/user/")


def test_a_step_up_is_given_in_the_look_of_the_view_that_asks(root, superuser, alice):
    phone = Phone.of(add_totp(superuser))
    about = f"/admin/{alice._meta.label_lower.replace('.', '/')}/{alice.pk}"
    with freeze() as clock:
        enter_password(root)
        give(root, phone.code())
        root.sees("/admin/")
        clock.tick(STALE)
        phone.ahead += STALE
        root.page.goto(f"{about}/mfa/reset/")
        looks_like_the_admin(root.page)
        give(root, phone.wrong_code())
        looks_like_the_admin(root.page)
        give(root, phone.code())
        root.sees(f"{about}/mfa/reset/")
        clock.tick(STALE)
        root.page.goto(f"{about}/mfa/reset/")
        root.follow("Cancel")
        root.sees("/admin/")


def test_a_passkey_is_set_up_and_used_on_the_way_into_the_admin(root):
    page = root.page
    device = Authenticator(page)
    device.rest()
    enter_password(root)
    root.follow("Passkey")
    looks_like_the_admin(page)
    use(root, device, "Create a passkey")
    expect(page.get_by_role("heading", level=1)).to_have_text(
        re.compile("recovery codes")
    )
    looks_like_the_admin(page)
    device.rest()
    root.send("I have saved them")
    root.sees("/admin/")
    page.context.clear_cookies()
    enter_password(root)
    looks_like_the_admin(page)
    use(root, device, "Use your passkey")
    root.sees("/admin/")


def test_the_theme_that_was_chosen_in_the_admin_holds(root, superuser, shot):
    add_totp(superuser)
    page = root.page
    page.emulate_media(color_scheme="light")
    enter_password(root)
    surfaces: list[Any] = []
    for _ in range(3):
        page.locator(".theme-toggle").click()
        theme = page.evaluate("document.documentElement.dataset.theme")
        surfaces.append((theme, page.evaluate(IS_DARK)))
    assert surfaces == [("dark", True), ("light", False), ("auto", False)]
    page.locator(".theme-toggle").click()
    page.goto("/mfa/verify/?next=/admin/")
    assert page.evaluate(IS_DARK)
    shot(page, "admin-look-chosen-dark")
    assert CHECKS[0](page) == []


def test_the_qr_code_can_be_read_there_in_the_dark(root):
    root.page.emulate_media(color_scheme="dark")
    enter_password(root)
    root.follow("Authenticator app")
    assert Phone.scan(root.page).account == "root"


def test_the_codes_are_printed_without_the_header_of_the_admin(root):
    def look(name: str) -> None:
        if name == "codes":
            root.page.emulate_media(media="print")
            expect(root.page.locator("#header")).to_be_hidden()
            expect(root.page.locator(".mfa-codes li").first).to_be_visible()
            root.page.emulate_media(media="screen")

    enrols(root, look)
