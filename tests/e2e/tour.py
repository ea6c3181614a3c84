"""Every page of the package, and those of the test site, in the states they have."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page

from tests.e2e.phone import Phone
from tests.e2e.visitor import SECURITY, VERIFY, Visitor

Look = Callable[[str], None]


def before_signing_in(visitor: Visitor, look: Look) -> None:
    page = visitor.page
    page.goto("/")
    look("home")
    page.goto("/mfa/login/?next=/transfer/")
    look("login")
    visitor.password = "no"
    visitor.enter_password()
    look("login-wrong")
    visitor.password = "pw"


def setting_up(visitor: Visitor, look: Look) -> Phone:
    """From the security page of somebody without a factor to the recovery codes."""
    page = visitor.page
    visitor.enter_password()
    look("profile-unprotected")
    page.goto(SECURITY)
    look("security-off")
    page.goto("/mfa/recovery-codes/")
    look("recovery-codes-none")
    visitor.page.goto("/mfa/step-up/")
    look("step-up-password")
    page.goto("/mfa/setup/")
    look("setup")
    visitor.follow("Authenticator app")
    look("setup-totp")
    phone = Phone.scan(page)
    visitor.enter_code(phone.wrong_code(), send="Finish")
    look("setup-totp-wrong")
    page.get_by_label("Name of the device").fill("My phone")
    visitor.enter_code(phone.code(), send="Finish")
    look("recovery-codes-new")
    visitor.send("I have saved them")
    look("security-saved")
    return phone


def looking_after(visitor: Visitor, look: Look) -> None:
    """The pages of somebody who has a factor."""
    page = visitor.page
    page.goto(SECURITY)
    look("security")
    visitor.follow("Change or remove My phone")
    look("device")
    visitor.follow("Remove this device")
    look("device-remove")
    for name in ("disable", "recovery-codes", "step-up", "setup"):
        page.goto(f"/mfa/{name}/")
        look(f"protected-{name}")
    page.goto("/mfa/devices/00000000-0000-0000-0000-000000000000/")
    look("not-found")
    for name in ("trusted-browsers", "sign-ins", "approvals"):
        page.goto(f"/mfa/{name}/")
        look(name)
    page.goto("/mfa/step-up/?factors=passkey")
    look("step-up-lacks")
    page.goto("/transfer/")
    look("transfer")
    visitor.fill({"recipient": "Bob", "amount": "5000"})
    look("approve")
    visitor.send("No, do not do this")
    look("approve-refused")


def signing_in(visitor: Visitor, phone: Phone, look: Look) -> None:
    """The second step, in every way it goes wrong."""
    visitor.enter_password()
    look("verify")
    visitor.enter_code("?")
    look("verify-malformed")
    visitor.page.goto(f"{VERIFY}recovery_code/")
    look("verify-recovery-code")
    visitor.page.goto(VERIFY)
    for _ in range(4):
        visitor.enter_code(phone.wrong_code())
    look("verify-wrong")
    visitor.enter_code(phone.wrong_code())
    look("verify-locked")


def held_for_enrolment(visitor: Visitor, staff: Any, look: Look) -> None:
    visitor.page.context.clear_cookies()
    visitor.name = staff.get_username()
    visitor.enter_password()
    look("must-set-up")


def in_the_admin(page: Page, user: Any, look: Look) -> None:
    """The pages that the package adds to the admin; somebody is signed in."""
    about = f"/admin/{user._meta.label_lower.replace('.', '/')}/{user.pk}"
    page.goto("/admin/django_mfa/auditevent/")
    look("admin-audit-log")
    page.locator("#result_list tbody a").first.click()
    look("admin-event")
    page.goto(f"{about}/mfa/")
    look("admin-user")
    page.goto(f"{about}/mfa/reset/")
    look("admin-reset")
    page.goto(f"{about}/mfa/sign-out/")
    look("admin-sign-out")
    page.goto("/admin/django_mfa/policy/add/")
    look("admin-policy")
    page.goto("/admin/django_mfa/totpdevice/")
    look("admin-totp")


def whole(page: Page, staff: Any, look: Look) -> None:
    """All of it; `look` is called on each page with its name."""
    visitor = Visitor(page)
    before_signing_in(visitor, look)
    phone = setting_up(visitor, look)
    looking_after(visitor, look)
    visitor.sign_out()
    signing_in(visitor, phone, look)
    held_for_enrolment(visitor, staff, look)
