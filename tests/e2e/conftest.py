"""A real browser: Debian's Chromium, driven by Playwright, against a live server."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import (
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    Response,
    expect,
)

from django_mfa.testing import add_recovery_codes, add_totp, mfa_login
from tests.e2e.phone import Phone

# Playwright keeps an event loop running in the thread of the tests.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")

#: Milliseconds to wait for what ought to be there at once; machines of CI are busy.
PATIENCE = 20_000
TOOLS = ("oathtool", "zbarimg")
ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
#: What the browser says of an answer that is not 200; each is asked for by a test.
REFUSED = "Failed to load resource: the server responded with a status of "
expect.set_options(timeout=PATIENCE)

VIOLATIONS = """
document.addEventListener('securitypolicyviolation', event => console.error(
    'CSP: ' + event.violatedDirective + ' refuses ' + (event.blockedURI || 'inline')));
"""


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args):
    chromium = shutil.which(os.environ.get("CHROMIUM", "chromium"))
    missing = [tool for tool in TOOLS if not shutil.which(tool)]
    if chromium is None:
        missing.append("chromium")
    if missing:
        pytest.fail(f"The browser tests need {', '.join(missing)}.", pytrace=False)
    return {**browser_type_launch_args, "executable_path": chromium, "args": ARGS}


class Watch:
    """Notes what must not happen while somebody uses the site."""

    def __init__(self, site: str) -> None:
        self.site = site
        self.noted: list[str] = []

    def over(self, context: BrowserContext) -> None:
        context.add_init_script(VIOLATIONS)
        context.on("console", self.console)
        context.on("weberror", lambda error: self.noted.append(str(error.error)))
        context.on("request", self.request)
        context.on("response", self.response)

    def console(self, message: ConsoleMessage) -> None:
        if message.type not in {"error", "warning"}:
            return
        page, about = message.page, message.location["url"]
        # Browsers ask for an icon unasked; whether there is one is the site's matter.
        known = (
            about.endswith(("/favicon.ico", "/passkey/"))
            or "/api/" in about
            or (page is not None and about == page.url)
        )
        if not (message.text.startswith(REFUSED) and known):
            self.noted.append(f"{message.type}: {message.text} {about}")

    def request(self, request: Request) -> None:
        if not request.url.startswith((self.site, "data:", "blob:")):
            self.noted.append(f"asks elsewhere: {request.url}")

    def response(self, response: Response) -> None:
        if response.status == 500:
            self.noted.append(f"500: {response.url}")


@pytest.fixture
def site(live_server) -> str:
    # WebAuthn refuses 127.0.0.1; the other factors are tested under the same name.
    return str(live_server.url).replace("127.0.0.1", "localhost")


@pytest.fixture
def watch(site):
    """Fail the test for any error, warning or CSP violation in the browser."""
    watch = Watch(site)
    yield watch
    assert watch.noted == []


@pytest.fixture
def new_context(new_context, site, watch) -> Callable[..., BrowserContext]:
    def make(**options: Any) -> BrowserContext:
        context: BrowserContext = new_context(base_url=site, **options)
        context.set_default_timeout(PATIENCE)
        watch.over(context)
        return context

    return make


@pytest.fixture
def context(new_context) -> BrowserContext:
    return new_context()


@pytest.fixture
def alice(make_user):
    """Has a password and nothing else."""
    return make_user("alice", password="pw")


@pytest.fixture
def phone(alice) -> Phone:
    """The phone of alice, whose account it guards."""
    return Phone.of(secret=add_totp(alice))


@pytest.fixture
def codes(alice, phone) -> list[str]:
    """The recovery codes of alice, who has a phone as well."""
    return add_recovery_codes(alice)


@pytest.fixture
def signed_in(site) -> Callable[[BrowserContext, Any], None]:
    """Sign somebody in with a second factor, without walking through the pages."""

    def sign_in(context: BrowserContext, user: Any) -> None:
        client = Client(headers={"host": site.partition("//")[2]})
        mfa_login(client, user)
        key = client.cookies["sessionid"].value
        context.add_cookies([{"name": "sessionid", "value": key, "url": site}])

    return sign_in


@pytest.fixture
def shot() -> Callable[[Page, str], None]:
    """Keep a picture of a page in the folder that E2E_SHOTS names, for human eyes."""
    folder = os.environ.get("E2E_SHOTS")

    def take(page: Page, name: str) -> None:
        if folder:
            page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)

    return take
