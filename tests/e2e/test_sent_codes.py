"""A phone set up and used in a real browser; each page for everybody."""

from __future__ import annotations

import pytest

from django_mfa.factors.sms.models import PhoneDevice
from tests.e2e.test_everybody import CHECKS
from tests.e2e.visitor import Visitor
from tests.sent import last_sms, other_than


def story(page, look):
    visitor = Visitor(page)
    setting_up(visitor, page, look)
    # The wait for another code is that of the phone: a minute that has gone by.
    PhoneDevice.objects.update(last_sent=None)
    visitor.sign_out()
    signing_in(visitor, look)


def setting_up(visitor, page, look):
    visitor.enter_password()
    page.goto("/mfa/setup/")
    look("setup-choose-sent")
    visitor.follow("Text message")
    page.get_by_label("Phone number").fill("12345")
    page.get_by_label("Phone number").press("Enter")
    page.wait_for_url("**/send/")
    look("setup-number-wrong")
    page.get_by_label("Phone number").fill("+44 7400 123456")
    visitor.send("Send a code")
    visitor.sees("/mfa/setup/sms/")
    look("setup-code")
    visitor.enter_code(last_sms(), send="Finish")
    visitor.send("I have saved them")
    assert PhoneDevice.objects.get().confirmed


def signing_in(visitor, look):
    visitor.enter_password()
    look("verify-before")
    visitor.send("Send a code to ••••••56")
    visitor.sees("/mfa/verify/sms/")
    look("verify-sent")
    visitor.enter_code(other_than(last_sms()))
    look("verify-sent-wrong")
    visitor.send("Send another code to ••••••56")
    visitor.hears("A code was sent a moment ago")
    look("verify-too-soon")
    visitor.enter_code(last_sms())
    visitor.sees("/profile/")


@pytest.mark.usefixtures("alice", "sends")
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_is_set_up_and_used_and_every_page_is_for_everybody(page, shot, scheme):
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    found = {}

    def look(name):
        shot(page, f"{name}-{scheme}")
        wrong = [each for check in CHECKS for each in check(page)]
        if wrong:
            found[name] = wrong

    story(page, look)
    assert found == {}


@pytest.mark.usefixtures("alice", "sends")
def test_all_of_it_works_without_javascript(new_context):
    story(new_context(java_script_enabled=False).new_page(), lambda name: None)
