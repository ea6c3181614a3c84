from __future__ import annotations

import pytest

from django_mfa.audit.models import AuditEvent
from django_mfa.factors.totp.models import TOTPDevice
from django_mfa.testing import add_totp, totp_code
from tests.browser import Browser

pytestmark = pytest.mark.usefixtures("clock")

#: What may have become of the sealed secret, or of the keys.
TROUBLES = {
    "cut": lambda sealed: sealed[:-10],
    "flipped": lambda sealed: (
        sealed[:-8] + ("A" if sealed[-8] != "A" else "B") + sealed[-7:]
    ),
    "empty": lambda sealed: "",
    "no dots": lambda sealed: "x" * 40,
    "another version": lambda sealed: "2" + sealed[1:],
    "an unknown key": lambda sealed: "1.ffffffff." + sealed.split(".", 2)[2],
    "not ASCII": lambda sealed: sealed[:-4] + "éé",
    "no token": lambda sealed: sealed.rpartition(".")[0] + ".",
    "in clear": lambda sealed: "JBSWY3DPEHPK3PXP",
}


def rekey(settings, *keys):
    settings.DJANGO_MFA = {**settings.DJANGO_MFA, "ENCRYPTION_KEYS": list(keys)}


def spoil(person, name):
    device = person.totp
    TOTPDevice.objects.filter(pk=device.pk).update(
        sealed_secret=TROUBLES[name](device.sealed_secret)
    )


def check_kept(person, code, browser=None):
    """A clear word, nothing charged, the device kept, recovery codes work."""
    before = TOTPDevice.objects.filter(user=person.user).values().get()
    browser = person.begin(browser)
    response = browser.code(code)
    assert response.status_code == 503
    assert response.context["error"].code == "key_trouble"
    assert "Traceback" not in response.text
    assert TOTPDevice.objects.filter(user=person.user).values().get() == before
    row = AuditEvent.objects.filter(event="key_trouble").latest("id")
    assert row.user_id == person.user.pk
    assert row.device == str(person.totp.public_id)
    assert not browser.is_in
    browser.code(person.codes[0])
    assert browser.is_in
    return browser


@pytest.mark.parametrize("name", TROUBLES)
def test_F03_a_spoilt_secret_is_kept_and_other_factors_work(alice, name):
    code = totp_code(alice.secret)
    spoil(alice, name)
    browser = check_kept(alice, code)
    for page in ("security", "recovery_codes", "disable", "setup"):
        assert browser.page(page).status_code == 200
    assert browser.page("device", alice.totp.public_id).status_code == 200
    assert browser.send("device", alice.totp.public_id, name="New").status_code == 302
    # The owner puts another in its place.
    shown = browser.page("setup", "totp").context["show"]["secret"].replace(" ", "")
    assert browser.send("setup", "totp", code=totp_code(shown)).status_code == 302
    assert browser.send("device_remove", alice.totp.public_id).status_code == 302


def test_F03_the_wrong_key_opens_nothing_and_breaks_nothing(alice, settings):
    code = totp_code(alice.secret)
    settings.SECRET_KEY = "another" * 10
    check_kept(alice, code)


def test_F03_a_key_that_was_taken_away_and_given_back(alice, settings, clock):
    rekey(settings, "first")
    secret = add_totp(alice.user, name="Sealed with the first")
    TOTPDevice.objects.filter(user=alice.user).exclude(
        name="Sealed with the first"
    ).delete()
    rekey(settings, "second")
    check_kept(alice, totp_code(secret))
    rekey(settings, "second", "first")
    browser = alice.begin()
    browser.code(totp_code(secret))
    assert browser.is_in


def test_F03_a_rotated_key_opens_what_the_old_one_sealed(alice, settings, clock):
    rekey(settings, "new", settings.SECRET_KEY)
    assert alice.enter().is_in
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "rotated" * 10
    rekey(settings)
    clock.tick(60)
    assert alice.enter().is_in


def test_F03_a_secret_of_another_row_does_not_open(alice, bob):
    """Who can write to the database puts a secret they know into alice's row."""
    known = totp_code(bob.secret)
    sealed = bob.totp.sealed_secret
    TOTPDevice.objects.filter(user=alice.user).update(sealed_secret=sealed)
    check_kept(alice, known)


def test_F03_a_row_given_to_another_user_does_not_open(alice, bob):
    TOTPDevice.objects.filter(user=alice.user).delete()
    code = totp_code(bob.secret)
    TOTPDevice.objects.filter(user=bob.user).update(user=alice.user)
    check_kept(alice, code)


def test_F03_one_spoilt_device_of_two_does_not_hide_the_other(alice):
    second = add_totp(alice.user, name="Tablet")
    spoil(alice, "cut")
    browser = alice.begin()
    browser.code(totp_code(second))
    assert browser.is_in


def test_F03_a_wrong_code_beside_a_spoilt_device_is_no_free_guess(alice, settings):
    """Two devices, one of them spoilt: guesses at the other one are limited."""
    settings.DJANGO_MFA = {**settings.DJANGO_MFA, "LIMITS": {"ADDRESS_FAILURES": 0}}
    add_totp(alice.user, name="Tablet")
    spoil(alice, "cut")
    browser = alice.begin()
    for _ in range(30):
        browser.code("000000")
    charged = sum(TOTPDevice.objects.values_list("failures_total", flat=True))
    assert charged == 5


def test_F03_at_step_up_and_at_the_set_up(alice, clock, settings):
    browser = alice.enter()
    shown = browser.page("setup", "totp").context["show"]["secret"].replace(" ", "")
    clock.tick(60)
    code = totp_code(alice.secret)
    settings.SECRET_KEY_FALLBACKS = []
    rekey(settings, "quite another")
    assert browser.send("step_up", code=code).status_code == 503
    assert browser.page("setup", "totp").status_code == 503
    assert browser.send("setup", "totp", code=totp_code(shown)).status_code == 503
    assert browser.is_in
    rekey(settings)
    assert browser.send("step_up", code=code).status_code == 302


@pytest.mark.parametrize("page", ["verify", "setup"])
def test_F03_a_program_is_not_told_which_key_it_is(alice, page):
    browser = alice.enter() if page == "setup" else alice.begin()
    if page == "setup":
        browser.page("setup", "totp")
    for device in TOTPDevice.objects.all():
        sealed = TROUBLES["an unknown key"](device.sealed_secret)
        TOTPDevice.objects.filter(pk=device.pk).update(sealed_secret=sealed)
    browser.defaults["HTTP_ACCEPT"] = "application/json"
    args = ["totp"] if page == "setup" else []
    response = browser.send(page, *args, code="123456")
    assert response.status_code == 503
    assert "ffffffff" not in response.text
    assert "key_id" not in response.text


def test_F03_a_browser_is_told_what_to_do(alice):
    spoil(alice, "cut")
    browser = Browser()
    browser.begin(alice.user)
    response = browser.code("123456")
    assert "It is kept" in response.text
    assert "recovery_code" in response.text or "recovery code" in response.text
