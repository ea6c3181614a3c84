"""U08, U09: what is not strong enough, and the page that says what would be."""

from __future__ import annotations

import pytest

from django_mfa.testing import (
    FakeAuthenticator,
    add_passkey,
    mfa_login,
    totp_code,
)
from tests.browser import Browser

pytestmark = [
    pytest.mark.urls("tests.policy_pages"),
    pytest.mark.usefixtures("clock"),
]

SIXTEEN_MINUTES = 16 * 60


@pytest.fixture
def trusted(settings, clock, alice):
    """A browser that is signed in because alice trusts it, with no proof."""
    settings.DJANGO_MFA = {**settings.DJANGO_MFA, "TRUSTED_DEVICES": {"ENABLED": True}}
    browser = alice.begin()
    browser.code(totp_code(alice.secret), trust="1")
    browser.post("/logout/")
    clock.tick(60)
    browser.begin(alice.user)
    assert browser.is_in
    return browser


def test_U09_the_page_lists_what_would_do_and_how_to_add_it(alice):
    browser = alice.enter()
    response = browser.get("/p/resistant/")
    assert response.url == "/mfa/step-up/?next=%2Fp%2Fresistant%2F&factors=passkey"
    page = browser.get(response.url)
    assert page.status_code == 200
    text = page.content.decode()
    assert (
        "This page accepts only some ways to verify, and you have set up none of them yet."
        in text
    )
    assert 'href="/mfa/setup/passkey/?next=%2Fp%2Fresistant%2F"' in text
    assert 'name="code"' not in text
    assert browser.get("/mfa/setup/passkey/").status_code == 200


def test_U09_another_weak_proof_does_not_help_and_is_not_asked_for(alice, clock):
    browser = alice.enter()
    clock.tick(30)
    place = browser.get("/p/resistant/").url
    browser.post(place, {"code": totp_code(alice.secret)})
    assert browser.get("/p/resistant/").url == place
    assert b'name="code"' not in browser.get(place).content


def test_U09_with_a_stale_proof_the_way_to_add_one_leads_through_a_step_up(
    alice, clock
):
    browser = alice.enter()
    clock.tick(SIXTEEN_MINUTES)
    response = browser.get("/mfa/setup/passkey/?next=/p/resistant/")
    assert response.status_code == 302
    page = browser.get(response.url)
    assert b'name="code"' in page.content
    back = browser.post(response.url, {"code": totp_code(alice.secret)})
    assert browser.get(back.url).status_code == 200
    assert "/mfa/setup/passkey/" in back.url


def test_U09_a_strong_proof_is_enough(alice):
    add_passkey(alice.user, FakeAuthenticator("testserver", "https://testserver"))
    browser = Browser()
    mfa_login(browser, alice.user, "passkey")
    assert browser.get("/p/resistant/").content == b"seen"


def test_where_nothing_will_do_nothing_is_asked_for(alice, settings):
    settings.DJANGO_MFA = {**settings.DJANGO_MFA, "FACTORS": ["totp", "recovery_code"]}
    browser = alice.enter()
    response = browser.get("/p/resistant/")
    assert response.url == "/mfa/step-up/?next=%2Fp%2Fresistant%2F&factors=none"
    text = browser.get(response.url).content.decode()
    assert "You cannot add one yourself." in text
    assert 'name="code"' not in text
    said = browser.get("/p/resistant/", headers={"accept": "application/json"})
    assert said.status_code == 403
    assert said.json()["methods"] == []


@pytest.mark.parametrize("path", ["/p/any/", "/p/step_up/", "/p/class/", "/p/async/"])
def test_U08_trust_does_not_pass_a_step_up(trusted, alice, path):
    response = trusted.get(path)
    assert response.url.startswith("/mfa/step-up/")
    assert b'name="code"' in trusted.get(response.url).content
    trusted.post(response.url, {"code": totp_code(alice.secret)})
    assert trusted.get(path).content == b"seen"


def test_U08_trust_does_not_pass_a_strong_policy(trusted, alice, settings):
    rule = {"who": "everyone", "allowed_factors": ["recovery_code"], "grace_days": 0}
    settings.DJANGO_MFA = {
        **settings.DJANGO_MFA,
        "POLICIES": [{**rule, "trust_allowed": False}],
    }
    assert not trusted.is_in
    assert trusted.is_waiting
    trusted.code(alice.codes[0])
    assert trusted.is_in


def test_U08_trust_does_not_make_factors_changeable(trusted, alice):
    for page in ("setup", "recovery_codes"):
        response = trusted.page(page)
        assert response.status_code in (200, 302)
        if response.status_code == 302:
            assert response.url.startswith("/mfa/step-up/")
    assert trusted.get("/mfa/setup/totp/").url.startswith("/mfa/step-up/")
    assert alice.totp.confirmed
