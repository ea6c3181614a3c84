from __future__ import annotations

import json

import pytest
from django.test import Client

from django_mfa.factors.totp.models import TOTPDevice
from django_mfa.testing import totp_code
from tests.programs import Program

BASE = "/api/v1/auth/"


@pytest.fixture
def browser(user, secret):
    return Program("v1/auth").enter(user, secret)


def test_a_session_without_its_csrf_token_changes_nothing(browser, user):
    device = TOTPDevice.objects.get(user=user)
    for method, path, data in (
        ("delete", f"mfa/devices/{device.public_id}", None),
        ("delete", "mfa/disable", None),
        ("post", "mfa/backup-codes/regenerate", {}),
        ("post", "mfa/totp/setup", {}),
        ("patch", f"mfa/devices/{device.public_id}", {"name": "x"}),
        ("post", "mfa/sign-out-others", {}),
    ):
        response = getattr(browser.client, method)(
            BASE + path,
            json.dumps(data) if data is not None else "",
            content_type="application/json",
        )
        assert response.status_code == 403, path
        assert response.json()["code"] == "csrf_failed"
    device.refresh_from_db()
    assert device.name == "Phone"
    assert browser.is_verified


def test_a_sign_in_by_session_wants_it_too(user):
    client = Client(enforce_csrf_checks=True)
    response = client.post(
        BASE + "login",
        json.dumps({"username": user.get_username(), "password": "pw"}),
        content_type="application/json",
    )
    assert response.status_code == 403
    assert response.json()["code"] == "csrf_failed"
    assert "_auth_user_id" not in client.session


def test_a_sign_in_that_waits_wants_it_too(user, secret):
    from django_mfa.testing import totp_code

    program = Program("v1/auth")
    program.login(user)
    response = program.client.post(
        BASE + "mfa/verify",
        json.dumps({"code": totp_code(secret)}),
        content_type="application/json",
    )
    assert response.status_code == 403
    assert not program.is_in


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"]
)
def test_what_is_no_json_changes_nothing(browser, user, kind):
    device = TOTPDevice.objects.get(user=user)
    body = json.dumps({"name": "x"})
    headers = browser._csrf()
    for method, path in (
        ("patch", f"mfa/devices/{device.public_id}"),
        ("post", "mfa/backup-codes/regenerate"),
        ("post", "login"),
        ("post", "mfa/step-up"),
        ("delete", "mfa/disable"),
    ):
        response = browser.client.generic(
            method.upper(), BASE + path, body, content_type=kind, headers=headers
        )
        assert response.status_code == 415, (path, response.content)
        assert response.json()["code"] == "unsupported_media_type"
    device.refresh_from_db()
    assert device.name == "Phone"
    assert browser.is_verified


def test_no_header_makes_another_method_of_it(browser, user):
    headers = {**browser._csrf(), "X-HTTP-Method-Override": "DELETE"}
    response = browser.client.post(
        BASE + "mfa/disable", content_type="application/json", headers=headers
    )
    assert response.status_code == 405
    response = browser.client.post(
        BASE + "mfa/disable?_method=DELETE",
        '{"_method": "DELETE"}',
        content_type="application/json",
        headers=headers,
    )
    assert response.status_code == 405
    assert TOTPDevice.objects.filter(user=user).exists()


def test_limits_hold_whatever_a_client_sends(user, secret):
    from tests.browser import wrong_code

    program = Program("token")
    for number in range(12):
        program.token = ""
        program.login(user)
        response = program.answer(
            "mfa/verify",
            {"code": wrong_code(secret)},
            headers={
                "X-Forwarded-For": f"198.51.100.{number}",
                "X-HTTP-Method-Override": "GET",
                "X-Request-Id": f"a{number}",
                "Cookie": f"sessionid=x{number}",
            },
        )
    assert response.status_code == 429
    assert int(response.headers["Retry-After"]) > 0


def test_a_sign_in_that_waits_is_told_of_its_missing_csrf_token(user, secret):
    browser = Program("v1/auth")
    browser.login(user)
    response = browser.client.post(
        BASE + "mfa/verify",
        {"code": totp_code(secret)},
        content_type="application/json",
    )
    assert response.status_code == 403
    assert response.json()["code"] == "csrf_failed"
    assert browser.answer("mfa/verify", {"code": totp_code(secret)}).status_code == 200
