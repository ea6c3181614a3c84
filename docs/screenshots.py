"""Take the pictures of the documentation: the test project in a real browser.

    python docs/screenshots.py

It needs Playwright and a `chromium` on the path. The site runs on a free port with a
database of its own, and both are gone afterwards.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyotp
from playwright.sync_api import Browser, Page, expect, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
PICTURES = ROOT / "docs" / "_static" / "screenshots"
PASSWORD = "example-bank"
DESK = {"width": 880, "height": 640}
WIDE = {"width": 1440, "height": 640}
PHONE = {"width": 360, "height": 720}


@contextmanager
def site() -> Iterator[str]:
    """The test project with its demo users; the address is what comes out."""
    with tempfile.TemporaryDirectory() as folder:
        env = {**os.environ, "DATABASE_URL": f"sqlite:///{folder}/site.sqlite3"}
        for command in ("migrate", "demo_data"):
            manage = [sys.executable, "manage.py", command, "-v0"]
            subprocess.run(manage, cwd=ROOT, env=env, check=True, capture_output=True)
        port = free_port()
        serve = [sys.executable, "manage.py", "runserver", "--noreload", str(port)]
        with subprocess.Popen(
            serve,
            cwd=ROOT,
            env=env,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as server:
            try:
                wait_for(port)
                yield f"http://localhost:{port}"
            finally:
                server.terminate()


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(port: int) -> None:
    """Until the server answers; `TimeoutError` if it does not within 20 seconds."""
    for _ in range(200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise TimeoutError(port)


def picture(page: Page, name: str, *, whole: bool = True) -> None:
    """Keep the page as it is, or what of it is in the window."""
    page.screenshot(
        path=PICTURES / f"{name}.png", full_page=whole, animations="disabled"
    )


def give_password(page: Page, name: str, path: str = "/mfa/login/") -> None:
    """Type name and password."""
    page.goto(path)
    page.fill("[name=username]", name)
    page.fill("[name=password]", PASSWORD)
    with page.expect_navigation():
        page.keyboard.press("Enter")


def give_code(page: Page, code: str, name: str = "") -> None:
    """Type a code, and the name of a device if it is asked for."""
    page.fill("[name=code]", code)
    if name:
        page.fill("[name=name]", name)
    with page.expect_navigation():
        page.keyboard.press("Enter")


def set_up(
    page: Page, name: str, shot: str = "", path: str = "/mfa/setup/totp/"
) -> pyotp.TOTP:
    """Set up an app, which then shows the codes."""
    page.goto(path)
    if shot:
        picture(page, shot)
    secret = re.search(r"secret=([A-Z2-7]+)", page.content())
    assert secret
    app = pyotp.TOTP(secret[1])
    give_code(page, app.now(), name)
    return app


def story_of_alice(browser: Browser, address: str) -> None:
    """From a password to two devices, and back in on another day."""
    page = new_page(browser, address)
    give_password(page, "alice")
    app = set_up(page, "Phone", shot="setup")
    picture(page, "codes")
    page.get_by_role("button", name="I have saved them").click()
    page.wait_for_url("**/mfa/")
    set_up(page, "Tablet")
    page.goto("/mfa/")
    picture(page, "security")
    page.emulate_media(color_scheme="dark")
    page.set_viewport_size(PHONE)
    picture(page, "security-phone")
    page = new_page(browser, address)
    give_password(page, "alice")
    picture(page, "verify")
    # The code of now is spent; the next one is accepted already.
    give_code(page, app.at(int(time.time()) + app.interval))
    expect(page).to_have_url(re.compile("/profile/$"))


def new_page(browser: Browser, address: str) -> Page:
    """A page of a browser that was never here."""
    return browser.new_page(base_url=address, viewport=DESK)


def story_of_root(browser: Browser, address: str) -> None:
    """An administrator is asked for a factor too, and looks at the log."""
    page = new_page(browser, address)
    give_password(page, "root", "/admin/login/?next=/admin/")
    page.emulate_media(color_scheme="dark")
    set_up(page, "Phone", shot="admin-setup", path="/mfa/setup/totp/?next=/admin/")
    page.emulate_media(color_scheme="light")
    page.goto("/admin/django_mfa/auditevent/")
    page.set_viewport_size(WIDE)
    picture(page, "audit", whole=False)
    page = new_page(browser, address)
    give_password(page, "root", "/admin/login/?next=/admin/")
    picture(page, "admin-verify")


def main() -> None:
    """All pictures."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    with site() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        story_of_alice(browser, address)
        story_of_root(browser, address)
        browser.close()


if __name__ == "__main__":
    main()
