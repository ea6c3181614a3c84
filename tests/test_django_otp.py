"""What was written for django-otp goes on to work, and stays guarded."""

from __future__ import annotations

import pytest
from django.conf import settings as site
from django.test import AsyncClient
from django_otp.forms import OTPAuthenticationForm, OTPTokenForm

from django_mfa.accounts.models import MFAAccount
from django_mfa.factors.recovery_code.models import RecoveryCodeSet
from django_mfa.factors.totp.models import TOTPDevice
from django_mfa.testing import (
    add_recovery_codes,
    add_totp,
    freeze,
    mfa_login,
    totp_code,
)
from tests.stories import last_told, told
from tests.test_middleware import AsyncBrowser

OTP = "django_otp.middleware.OTPMiddleware"
OURS = "django_mfa.middleware.MFAMiddleware"

pytestmark = pytest.mark.urls("tests.pages")


@pytest.fixture(autouse=True)
def moving():
    with freeze(1_700_000_010) as frozen:
        yield frozen


@pytest.fixture(params=["without", "before ours", "after ours"])
def order(request, settings):
    """The middleware of django-otp, where a site may have it."""
    names = list(site.MIDDLEWARE)
    place = {"before ours": 0, "after ours": 1}.get(request.param)
    if place is not None:
        names.insert(names.index(OURS) + place, OTP)
    settings.MIDDLEWARE = names


def form(user, token: str, device=None) -> dict[str, str]:
    return {
        "username": user.get_username(),
        "password": "pw",
        "otp_token": token,
        "otp_device": device.persistent_id if device else "",
        "next": "/t/otp-admin/",
    }


@pytest.mark.usefixtures("order")
def test_otp_required_knows_who_showed_a_factor(client, user):
    assert client.get("/t/otp/").status_code == 302
    client.force_login(user)
    assert client.get("/t/otp/").status_code == 302
    mfa_login(client, user)
    assert client.get("/t/otp/").content.decode() == user.get_username()


@pytest.mark.usefixtures("order")
def test_otp_required_does_not_know_who_is_held(client, user):
    add_totp(user)
    client.force_login(user)
    assert client.get("/t/otp/").status_code == 302


@pytest.mark.usefixtures("order")
def test_is_verified_is_there_for_everybody(client, user):
    assert client.get("/t/verified/").content == b"False False"
    client.force_login(user)
    assert client.get("/t/verified/").content == b"False False"
    mfa_login(client, user)
    assert client.get("/t/verified/").content == b"True True"


@pytest.mark.usefixtures("order")
def test_is_verified_is_there_on_the_event_loop(client, user):
    browser = AsyncBrowser()
    assert browser.get("/t/averified/").content == b"False False"
    mfa_login(client, user)
    browser.client = AsyncClient()
    browser.client.cookies = client.cookies
    assert browser.get("/t/averified/").content == b"True True"


@pytest.mark.usefixtures("order")
def test_a_code_given_on_our_page_opens_the_admin_of_django_otp(client, superuser):
    assert client.get("/t/otp-admin/").status_code == 302
    mfa_login(client, superuser)
    assert client.get("/t/otp-admin/").status_code == 200


@pytest.mark.usefixtures("order")
def test_the_form_of_django_otp_signs_in_to_its_admin(client, superuser):
    secret = add_totp(superuser)
    device = TOTPDevice.objects.get()
    data = form(superuser, totp_code(secret), device)
    response = client.post("/t/otp-admin/login/", data)
    assert (response.status_code, response["Location"]) == (302, "/t/otp-admin/")
    assert client.get("/t/otp-admin/").status_code == 200
    assert client.get("/transfer/").status_code == 200
    assert client.session["otp_device_id"] == device.persistent_id
    device.refresh_from_db()
    assert device.uses == 1
    assert told() == ["challenge_passed"]
    row = last_told()
    assert (row.user, row.factor, row.device) == (
        superuser,
        "totp",
        str(device.public_id),
    )
    assert (row.details, row.address) == ({"purpose": "login"}, "127.0.0.1")


@pytest.mark.usefixtures("order")
def test_the_form_of_django_otp_takes_a_recovery_code(client, superuser):
    add_totp(superuser)
    written = add_recovery_codes(superuser)
    data = form(superuser, written[0], RecoveryCodeSet.objects.get())
    assert client.post("/t/otp-admin/login/", data).status_code == 302
    assert client.get("/t/otp-admin/").status_code == 200
    assert RecoveryCodeSet.objects.get().left == 9
    assert told() == ["challenge_passed", "recovery_code_used"]
    assert last_told().details == {"left": 9}


@pytest.mark.parametrize("token", ["", "000000", "123", "x" * 99])
def test_the_form_of_django_otp_lets_nobody_in_with_less(client, superuser, token):
    add_totp(superuser)
    data = form(superuser, token, TOTPDevice.objects.get())
    assert client.post("/t/otp-admin/login/", data).status_code == 200
    assert client.get("/t/otp-admin/").status_code == 302
    assert "_auth_user_id" not in client.session


def test_guesses_by_the_form_of_django_otp_count_and_lock(client, superuser):
    secret = add_totp(superuser)
    device = TOTPDevice.objects.get()
    wrong = totp_code(secret, 1_700_000_010 + 6000)
    for _ in range(5):
        client.post("/t/otp-admin/login/", form(superuser, wrong, device))
    assert MFAAccount.objects.get().locked_until is not None
    assert TOTPDevice.objects.get().failures == 5
    response = client.post(
        "/t/otp-admin/login/", form(superuser, totp_code(secret), device)
    )
    assert response.status_code == 200
    assert "temporarily disabled" in response.content.decode()
    assert TOTPDevice.objects.get().uses == 0


def test_a_code_spent_on_our_page_is_refused_by_the_form(client, superuser):
    secret = add_totp(superuser)
    code = totp_code(secret)
    client.force_login(superuser)
    assert client.post("/mfa/verify/", {"code": code}).status_code == 302
    client.logout()
    data = form(superuser, code, TOTPDevice.objects.get())
    assert client.post("/t/otp-admin/login/", data).status_code == 200


def test_the_device_of_another_person_verifies_nobody(client, superuser, make_user):
    eve = make_user("eve")
    secret = add_totp(eve)
    add_totp(superuser)
    data = form(superuser, totp_code(secret), TOTPDevice.objects.get(user=eve))
    assert client.post("/t/otp-admin/login/", data).status_code == 200
    assert client.get("/t/otp-admin/").status_code == 302


def test_the_forms_of_django_otp_offer_our_devices_by_name(user):
    add_totp(user, name="Phone")
    add_recovery_codes(user)
    choices = dict(OTPTokenForm.device_choices(user))
    assert choices[TOTPDevice.objects.get().persistent_id] == "Phone"
    assert choices[RecoveryCodeSet.objects.get().persistent_id] == "Recovery codes"


def test_the_form_for_any_login_page_asks_for_a_code(user):
    secret = add_totp(user)
    data = form(user, totp_code(secret), TOTPDevice.objects.get())
    good = OTPAuthenticationForm(None, data)
    assert good.is_valid()
    assert good.get_user().otp_device == TOTPDevice.objects.get()
    assert not OTPAuthenticationForm(None, data).is_valid()
