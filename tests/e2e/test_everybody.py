"""Pages for everybody: axe, narrow screens, dark and forced colours, keyboards."""

from __future__ import annotations

import re
from importlib.resources import files
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from django_mfa.signals import challenge_failed
from django_mfa.testing import session_context
from tests.e2e import tour
from tests.e2e.phone import QR, Phone
from tests.e2e.visitor import SECURITY, VERIFY, Visitor

AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text()
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
RUN_AXE = """([tags, leaving]) => axe.run(
    {include: [document], exclude: leaving},
    {runOnly: {type: 'tag', values: tags}, resultTypes: ['violations']})"""
#: Colours that still change are not the ones people read.
AT_REST = """() => Promise.allSettled(
    document.getAnimations().map(each => each.finished))"""
#: Django's own parts of the admin.
DJANGOS = ["#header", "#nav-sidebar", ".breadcrumbs", "#changelist-filter"]

#: What a page shows that can be pressed, and that has neither border nor outline; the
#: boxes to tick are drawn by the browser.
WITHOUT_EDGE = """() => [...document.querySelectorAll('main button, main input')]
    .filter(each => each.checkVisibility() && !['hidden', 'checkbox'].includes(each.type))
    .filter(each => {
        const style = getComputedStyle(each);
        return style.textDecorationLine === 'none'
            && (style.borderStyle === 'none' || style.borderWidth === '0px');
    }).map(each => each.outerHTML)"""

FOCUS_IS_SEEN = """() => {
    const style = getComputedStyle(document.activeElement);
    return style.outlineStyle !== 'none' || style.boxShadow !== 'none';
}"""


NARROW = {"width": 320, "height": 640}
WIDE = {"width": 1280, "height": 720}


def violations(page: Page) -> list[Any]:
    # `evaluate` is not held up by the page's Content-Security-Policy.
    page.evaluate(AXE)
    page.evaluate(AT_REST)
    leaving = [part for part in DJANGOS if page.locator(part).count()]
    found = page.evaluate(RUN_AXE, [TAGS, leaving])["violations"]
    return [(each["id"], [node["html"] for node in each["nodes"]]) for each in found]


def without_edge(page: Page) -> list[str]:
    """The fields and buttons that cannot be made out in forced colours."""
    page.emulate_media(forced_colors="active")
    found: list[str] = page.evaluate(WITHOUT_EDGE)
    page.emulate_media(forced_colors="none")
    return found


def too_wide(page: Page) -> list[int]:
    """The width, where one must scroll sideways in a narrow window."""
    page.set_viewport_size(NARROW)
    width = page.evaluate("document.documentElement.scrollWidth")
    fits = width <= page.evaluate("innerWidth")
    page.set_viewport_size(WIDE)
    return [] if fits else [width]


CHECKS = (violations, without_edge, too_wide)


@pytest.mark.usefixtures("alice")
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_passes_axe_keeps_its_edges_and_fits(page, staff, shot, scheme):
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    found = {}

    def look(name: str) -> None:
        shot(page, f"{name}-{scheme}")
        found[name] = {check.__name__: check(page) for check in CHECKS}

    tour.whole(page, staff, look)
    assert {name: what for name, what in found.items() if any(what.values())} == {}


@pytest.fixture
def administrator(page, superuser, signed_in) -> Page:
    signed_in(page.context, superuser)
    return page


def test_the_pages_in_the_admin_pass_axe(administrator, alice, codes, shot):
    found = {}

    def look(name: str) -> None:
        for scheme in ("light", "dark"):
            administrator.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            shot(administrator, f"{name}-{scheme}")
            found[name, scheme] = violations(administrator)

    challenge_failed.emit(session_context(user=alice), alice, reason="wrong")
    tour.in_the_admin(administrator, alice, look)
    assert {name: what for name, what in found.items() if what} == {}


def test_the_page_of_a_user_in_the_admin_fits(administrator, alice, codes):
    challenge_failed.emit(session_context(user=alice), alice, reason="wrong")
    about = alice._meta.label_lower.replace(".", "/")
    administrator.goto(f"/admin/{about}/{alice.pk}/mfa/")
    assert too_wide(administrator) == []
    administrator.set_viewport_size(NARROW)
    assert violations(administrator) == []


def test_the_checks_find_what_is_wrong(page):
    page.goto("/mfa/login/")
    page.evaluate("document.querySelector('label').remove()")
    page.evaluate("document.querySelector('main h1').style = 'width: 40rem'")
    page.evaluate(
        "document.querySelector('main button').classList.remove('mfa-button')"
    )
    page.evaluate("document.querySelector('main button').style = 'border: 0'")
    assert [bool(check(page)) for check in CHECKS] == [True, True, True]


@pytest.mark.parametrize(
    "media",
    [
        {"color_scheme": "light"},
        {"color_scheme": "dark"},
        {"color_scheme": "dark", "forced_colors": "active"},
        {"color_scheme": "light", "contrast": "more"},
    ],
    ids=str,
)
def test_the_qr_code_can_be_read_in_every_colour_scheme(page, alice, media):
    page.emulate_media(**media)
    visitor = Visitor(page)
    visitor.enter_password()
    page.goto("/mfa/setup/totp/")
    assert Phone.scan(page).account == "alice"


def test_the_qr_code_can_be_read_on_a_narrow_screen(page, alice):
    page.set_viewport_size(NARROW)
    Visitor(page).enter_password()
    page.goto("/mfa/setup/totp/")
    assert Phone.scan(page).account == "alice"


class Keyboard:
    """Hands that use no mouse."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def type(self, text: str) -> None:
        self.page.keyboard.type(text)

    def press(self, key: str) -> None:
        self.page.keyboard.press(key)

    def tab_to(self, name: str) -> None:
        """Tab until something of this name has the focus, and shows it."""
        for _ in range(30):
            self.press("Tab")
            assert self.page.evaluate(FOCUS_IS_SEEN), "The focus cannot be seen."
            label = self.page.evaluate(
                "() => document.activeElement.labels?.[0]?.innerText"
                " || document.activeElement.innerText"
            )
            if label and re.sub(r"\s+", " ", label).strip().startswith(name):
                return
        raise AssertionError(f"{name!r} cannot be reached by Tab.")


#: From the profile to the QR code: what is followed, and where that leads.
WAY = {
    "Security page": SECURITY,
    "Set up a second step": "/mfa/setup/",
    "Authenticator app": "/mfa/setup/totp/",
}


def types_password(keys: Keyboard) -> None:
    keys.page.goto("/mfa/login/")
    expect(keys.page.get_by_label("Username")).to_be_focused()
    keys.type("alice")
    keys.tab_to("Password")
    keys.type("pw")
    keys.press("Enter")


@pytest.mark.usefixtures("alice")
def test_a_phone_is_set_up_by_keyboard_alone(page):
    keys, visitor = Keyboard(page), Visitor(page)
    types_password(keys)
    visitor.sees("/profile/")
    for name, path in WAY.items():
        keys.tab_to(name)
        keys.press("Enter")
        visitor.sees(path)
    expect(page.get_by_role("img", name=QR)).to_be_visible()
    phone = Phone.scan(page)
    keys.tab_to("Code")
    keys.type(phone.code())
    keys.press("Enter")
    expect(page.get_by_role("heading", name="Your recovery codes")).to_be_visible()
    keys.tab_to("I have saved them")
    keys.press("Space")
    visitor.sees(SECURITY)


def test_a_code_is_given_by_keyboard_alone(page, phone):
    keys, visitor = Keyboard(page), Visitor(page)
    types_password(keys)
    visitor.sees(VERIFY)
    expect(page.get_by_label("Code")).to_be_focused()
    keys.type(phone.code())
    keys.press("Enter")
    visitor.sees("/profile/")


def test_the_copy_and_print_buttons_need_javascript(page, alice, signed_in):
    signed_in(page.context, alice)
    page.goto("/mfa/recovery-codes/")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    Visitor(page).send("Make new codes")
    visitor = Visitor(page)
    visitor.press("Copy")
    expect(page.get_by_role("status").filter(has_text="copied")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()").split()
    assert copied == visitor.recovery_codes()
    page.evaluate("window.print = () => document.body.dataset.printed = 'yes'")
    visitor.press("Print")
    assert page.evaluate("document.body.dataset.printed") == "yes"


@pytest.mark.browser_context_args(java_script_enabled=False)
def test_without_javascript_no_button_is_shown_that_does_nothing(
    page, alice, signed_in
):
    signed_in(page.context, alice)
    page.goto("/mfa/recovery-codes/")
    Visitor(page).send("Make new codes")
    shown = page.get_by_role("main").get_by_role("button").all_inner_texts()
    assert shown == ["I have saved them"]
