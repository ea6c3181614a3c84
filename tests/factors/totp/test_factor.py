from __future__ import annotations

from urllib.parse import unquote

import pyotp
import pytest
from django.test import TestCase

from django_mfa.factors.totp import codes
from django_mfa.factors.totp.factor import TOTPFactor, issuer
from django_mfa.factors.totp.models import TOTPDevice
from django_mfa.testing import FactorContract, add_totp, freeze, totp_code

FACTOR = TOTPFactor()


class TestContract(FactorContract, TestCase):
    slug = "totp"
    # Two whole steps after the window of one, wherever in a step it began.
    expires_after = 90

    def enrol(self, user):
        self.secret = add_totp(user)

    def right(self, user):
        return totp_code(self.secret)

    def wrong(self, user):
        return "000000" if totp_code(self.secret) != "000000" else "111111"


def test_a_set_up_shows_one_secret_in_three_ways(user):
    setup = FACTOR.begin(user, host="bank.example")
    device = TOTPDevice.objects.get()
    assert setup.device == device
    assert not device.confirmed
    secret = setup.show["secret"]
    assert secret == device.secret
    assert setup.show["secret_in_groups"] == codes.grouped(secret)
    assert pyotp.parse_uri(setup.show["uri"]).secret == secret
    assert setup.show["qr"].startswith("<svg ")
    assert user.get_username() in unquote(setup.show["uri"])
    assert secret not in repr(setup)


def test_a_set_up_that_waits_is_shown_again(user):
    first = FACTOR.begin(user, host="h")
    second = FACTOR.begin(user, host="h", waiting=first.device)
    assert first.device == second.device
    assert first.show == second.show


def test_a_new_device_has_the_shape_the_settings_say(user, settings):
    settings.DJANGO_MFA = {"TOTP": {"DIGITS": 8, "PERIOD": 60, "ALGORITHM": "SHA256"}}
    setup = FACTOR.begin(user, host="h")
    found = pyotp.parse_uri(setup.show["uri"])
    assert isinstance(found, pyotp.TOTP)
    device = TOTPDevice.objects.get()
    assert (device.digits, device.period, device.algorithm) == (8, 60, "SHA256")
    assert (found.digits, found.interval, found.digest().name) == (8, 60, "sha256")


def test_a_set_up_shows_the_shape_in_which_it_began(user, settings):
    before = FACTOR.begin(user, host="h")
    settings.DJANGO_MFA = {
        **settings.DJANGO_MFA,
        "TOTP": {"DIGITS": 8, "PERIOD": 60, "ALGORITHM": "SHA256"},
    }
    after = FACTOR.begin(user, host="h", waiting=before.device)
    assert after.show["uri"] == before.show["uri"]


@pytest.mark.parametrize("response", ["123456", "123 456", "12345678", "1234-5678"])
def test_six_or_eight_digits_have_the_shape_of_a_code(response):
    assert FACTOR.has_shape(response) is True


@pytest.mark.parametrize("response", ["", "12345", "1234567", "ABCD-EFGH", "١٢٣٤٥٦"])
def test_other_texts_have_not(response):
    assert not FACTOR.has_shape(response)


@pytest.mark.parametrize("response", [None, 123456, 123456.0, True, b"123456", [], {}])
def test_what_is_no_text_has_not(response):
    assert FACTOR.has_shape(response) is False


def test_the_app_calls_the_site_what_the_settings_say(settings):
    settings.DJANGO_MFA = {"TOTP": {"ISSUER": "bank.example"}, "SITE_NAME": "Bank"}
    assert issuer("host:8000") == "bank.example"
    settings.DJANGO_MFA = {"TOTP": {"ISSUER": str.upper}, "SITE_NAME": "Bank"}
    assert issuer("host:8000") == "HOST:8000"
    settings.DJANGO_MFA = {"SITE_NAME": "Bank"}
    assert issuer("host:8000") == "Bank"


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("bank.example", "bank.example"),
        ("localhost:8000", "localhost"),
        ("[::1]:8000", "[::1]"),
        ("[::1]", "[::1]"),
        ("", "Django"),
    ],
)
def test_a_site_without_name_is_called_by_its_host(settings, host, name):
    settings.DJANGO_MFA = {}
    assert issuer(host) == name


def test_a_proof_by_app_says_one_time_password(user):
    add_totp(user)
    with freeze(1_000_000):
        proof = FACTOR.proof(TOTPDevice.objects.get(), None)
    device = TOTPDevice.objects.get()
    assert (proof.factor, proof.device) == ("totp", str(device.public_id))
    assert (proof.at, proof.acr, proof.amr) == (1_000_000, "aal2", ("otp",))
    assert not proof.phishing_resistant
