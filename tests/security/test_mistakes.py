"""Mistakes that other packages made, where no other file here tells of them."""

from __future__ import annotations

from itertools import product

import pytest
from django.contrib.auth.tokens import default_token_generator
from django.contrib.auth.views import PasswordResetConfirmView
from django.urls import path, reverse
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from django_mfa.audit.models import AuditEvent
from django_mfa.factors.passkey.models import Passkey
from django_mfa.factors.recovery_code.models import RecoveryCodeSet
from django_mfa.factors.totp.models import TOTPDevice
from django_mfa.flows import reset
from django_mfa.session import Context
from django_mfa.testing import FakeAuthenticator, add_totp, totp_code
from testproject.urls import urlpatterns as pages
from tests.browser import Browser

pytestmark = pytest.mark.usefixtures("clock")

NEW = "A-new-1-of-mine"


def by_link(**options):
    return PasswordResetConfirmView.as_view(
        template_name="site/plain.html", success_url="/profile/", **options
    )


urlpatterns = [
    path("reset/<uidb64>/<token>/", by_link(), name="reset"),
    path("enter/<uidb64>/<token>/", by_link(post_reset_login=True), name="enter"),
    *pages,
]


# CVE-2023-26481: a password reset that goes past the second factor


@pytest.mark.urls(__name__)
@pytest.mark.parametrize("name", ["reset", "enter"])
def test_A03_a_new_password_by_mail_removes_no_factor_and_opens_nothing(alice, name):
    uid = urlsafe_base64_encode(force_bytes(alice.user.pk))
    link = reverse(name, args=[uid, default_token_generator.make_token(alice.user)])
    browser = Browser()
    form = browser.get(link)["Location"]
    done = browser.post(form, {"new_password1": NEW, "new_password2": NEW})
    assert done.status_code == 302
    alice.user.refresh_from_db()
    assert alice.user.check_password(NEW)
    assert not browser.is_in

    browser.begin(alice.user, NEW)
    assert not browser.is_in
    assert browser.is_waiting
    assert TOTPDevice.objects.get().is_usable
    assert RecoveryCodeSet.objects.get().codes.filter(used_at=None).count() == 10
    browser.code(totp_code(alice.secret))
    assert browser.is_in


# CVE-2022-42731: a challenge of a registration that could be answered again


def test_W03_a_challenge_for_registering_is_answered_once(alice):
    browser = alice.enter()

    def send(credential):
        return browser.post(
            reverse("django_mfa:setup", args=["passkey"]),
            {"credential": credential},
            content_type="application/json",
        )

    asked = browser.post(reverse("django_mfa:setup_begin", args=["passkey"])).json()
    first, second = (
        FakeAuthenticator("testserver", "https://testserver").create(asked)
        for _ in range(2)
    )
    assert send(first).status_code == 200
    refused = send(second)
    assert refused.status_code == 400
    assert refused.json()["code"] == "invalid_response"
    assert Passkey.objects.count() == 1
    failed = AuditEvent.objects.get(event="challenge_failed")
    assert failed.reason == "challenge_spent"


# CVE-2026-49443: a step that was passed by sending nothing


@pytest.mark.parametrize(
    ("page", "factor"),
    [
        *product(["verify", "step_up"], ["", "totp", "recovery_code", "passkey"]),
        *product(["setup"], ["totp", "passkey"]),
    ],
)
def test_a_form_without_a_field_passes_no_step(alice, clock, page, factor):
    browser = alice.begin() if page == "verify" else alice.enter()
    if page == "step_up":
        clock.tick(1000)
    passed = AuditEvent.objects.filter(event="challenge_passed").count()
    response = browser.send(page, *filter(None, [factor]))
    assert response.status_code in (200, 400, 404)
    assert AuditEvent.objects.filter(event="challenge_passed").count() == passed
    assert not AuditEvent.objects.filter(event="device_confirmed").exists()
    assert browser.is_in is (page != "verify")
    if page == "step_up":
        assert browser.page("disable").status_code == 302


# A browser that stayed trusted after what ends it


def removed(browser, alice):
    add_totp(alice.user, name="Tablet")
    browser.send("device_remove", alice.totp.public_id)


def renewed(browser, alice):
    browser.send("recovery_codes")


def reset_by_an_administrator(browser, alice):
    reset.reset(Context(), alice.user, "Lost the phone")
    add_totp(alice.user)


@pytest.mark.parametrize("change", [removed, renewed, reset_by_an_administrator])
def test_T02_a_change_of_factors_ends_the_trust(alice, clock, settings, change):
    settings.DJANGO_MFA = {**settings.DJANGO_MFA, "TRUSTED_DEVICES": {"ENABLED": True}}
    trusted = alice.begin()
    trusted.code(totp_code(alice.secret), trust="1")
    trusted.post("/logout/")
    assert trusted.begin(alice.user).is_in
    clock.tick(60)
    change(alice.enter(), alice)
    trusted.post("/logout/")
    trusted.begin(alice.user)
    assert trusted.is_waiting
    assert not trusted.is_in
