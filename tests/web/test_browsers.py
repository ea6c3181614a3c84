from __future__ import annotations

import pytest

from django_mfa.audit.models import AuditEvent
from django_mfa.policy.models import Policy
from django_mfa.testing import add_totp, freeze, totp_code
from django_mfa.trusted_devices import service
from django_mfa.trusted_devices.models import TrustedDevice
from tests.browser import Browser

AGENT = "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"


@pytest.fixture
def trusting(settings, user):
    settings.DJANGO_MFA = {
        **settings.DJANGO_MFA,
        "TRUSTED_DEVICES": {"ENABLED": True, "MAX": 2},
    }
    with freeze(1_800_000_001) as moving:
        secret = add_totp(user)

        def again():
            moving.tick(30)
            browser = Browser(headers={"user-agent": AGENT}).begin(user)
            assert b'name="trust"' in browser.page("verify").content
            browser.code(totp_code(secret), trust="1")
            return browser

        yield again


def test_a_browser_is_listed_renamed_and_trusted_no_more(trusting):
    browser = trusting()
    page = browser.page("trusted_browsers").content.decode()
    assert "Firefox on Linux" in page
    assert "This browser" in page
    row = TrustedDevice.objects.get()
    browser.send("trusted_browser", row.public_id, name="At home")
    assert "At home" in browser.page("trusted_browsers").content.decode()
    browser.send("trusted_browser", row.public_id, revoke="1")
    assert not TrustedDevice.objects.exists()
    assert browser.send("trusted_browser", row.public_id, name="x").status_code == 404


def test_trust_and_its_end_are_told_to_the_log(trusting):
    browser = trusting()
    browser.send("trusted_browser", TrustedDevice.objects.get().public_id, revoke="1")
    trusting().send("trusted_browsers")
    rows = AuditEvent.objects.filter(event__contains="trusted").order_by("id")
    made = ("browser_trusted", "", {"name": "Firefox on Linux"})
    assert list(rows.values_list("event", "reason", "details")) == [
        *(made, ("browser_untrusted", "revoked", {})),
        *(made, ("browser_untrusted", "revoked_all", {})),
    ]


def test_the_oldest_makes_room(trusting):
    for _browser in range(3):
        trusting()
    assert TrustedDevice.objects.count() == 2


def test_all_at_once(trusting):
    trusting()
    trusting().send("trusted_browsers")
    assert not TrustedDevice.objects.exists()


def test_the_browsers_of_another_person_are_not_there(trusting, make_user):
    trusting()
    row = TrustedDevice.objects.get()
    bob = make_user("bob")
    browser = Browser().enter(bob, add_totp(bob))
    response = browser.send("trusted_browser", row.public_id, revoke="1")
    assert response.status_code == 404
    assert TrustedDevice.objects.exists()


def test_sign_ins_are_listed(trusting):
    page = trusting().page("sign_ins").content.decode()
    assert "Firefox on Linux" in page
    assert "Phone" in page


def test_a_browser_needs_a_name(trusting):
    browser = trusting()
    row = TrustedDevice.objects.get()
    browser.send("trusted_browser", row.public_id, name="  ")
    row.refresh_from_db()
    assert row.name == "Firefox on Linux"
    page = browser.page("trusted_browsers").content.decode()
    assert "Name: This field is required." in page


def test_it_is_said_for_how_long_a_browser_is_trusted(trusting, user, settings):
    trusting()
    for days, said in ((30, "for 30 days"), (1, "for 1 day\n")):
        trusts = {"ENABLED": True, "DAYS": days}
        settings.DJANGO_MFA = {**settings.DJANGO_MFA, "TRUSTED_DEVICES": trusts}
        page = Browser().begin(user).page("verify").content.decode()
        assert f"Trust this browser {said}" in page


def test_what_a_policy_forbids_meanwhile_is_not_trusted(trusting, user):
    Policy.objects.create(
        name="No trust", who="everyone", required=False, trust_allowed=False
    )
    secret = add_totp(user, name="Other")
    browser = Browser().begin(user)
    assert b'name="trust"' not in browser.page("verify").content
    browser.code(totp_code(secret), trust="1")
    assert browser.is_in
    assert not TrustedDevice.objects.exists()


def test_a_browser_that_was_revoked_meanwhile_is_asked(trusting, user):
    trusting()
    row = TrustedDevice.objects.get()
    row.user = user
    assert service.seen(row, "")
    TrustedDevice.objects.all().delete()
    assert not service.seen(row, "")
    assert service.recognise(user, []) is None
