from __future__ import annotations

from django_mfa.audit.models import AuditEvent
from django_mfa.testing import add_totp, mfa_login
from django_mfa.web.views.sign_ins import CHANGES
from tests.browser import Browser


def test_changes_of_ones_account_stand_beside_the_sign_ins(user):
    browser = Browser().enter(user, add_totp(user))
    device = user.mfa_totpdevice_set.get()
    browser.send("device", device.public_id, name="Old phone")
    page = browser.page("sign_ins").content.decode()
    assert "A second step of your account was renamed" in page
    assert "Old phone" in page


def test_the_changes_of_others_are_not_shown(user, make_user):
    AuditEvent.objects.create(event="device_renamed", user=user, device_name="Old")
    bob = make_user("bob")
    browser = Browser().enter(bob, add_totp(bob))
    assert "There are none yet." in browser.page("sign_ins").content.decode()


def test_the_security_page_leads_to_them(client, user):
    mfa_login(client, user)
    assert b"/sign-ins/#mfa-changes" in client.get("/mfa/").content


def test_a_reminder_is_no_change():
    assert "enrolment_reminded" not in CHANGES
    assert {"device_confirmed", "factors_reset", "browser_trusted"} <= set(CHANGES)
