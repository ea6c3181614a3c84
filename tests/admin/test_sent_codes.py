from __future__ import annotations

import pytest

from django_mfa.testing import add_email, add_phone, mfa_login

pytest.importorskip("phonenumbers")

NUMBER, ADDRESS = "+447700900123", "somebody.else@example.org"


@pytest.fixture
def admin(client, superuser):
    mfa_login(client, superuser)
    return client


@pytest.fixture
def devices(user):
    return [add_phone(user, NUMBER), add_email(user, ADDRESS)]


def test_phones_and_addresses_are_shown_by_what_may_be_shown(admin, devices):
    for device in devices:
        base = f"/admin/django_mfa/{device._meta.model_name}/"
        for url in (base, f"{base}{device.pk}/change/"):
            page = admin.get(url)
            assert page.status_code == 200
            text = page.content.decode()
            assert device.masked in text
            for secret in (NUMBER, NUMBER[3:], ADDRESS, device.digest):
                assert secret not in text
            assert device.sealed_destination not in text


@pytest.mark.parametrize("secret", ["digest", "sealed_destination", "masked"])
def test_an_address_may_not_filter_by_what_is_not_shown(admin, devices, secret):
    for device in devices:
        base = f"/admin/django_mfa/{device._meta.model_name}/"
        found = admin.get(base, {f"{secret}__startswith": "a"})
        assert found.status_code in (302, 400)


def test_they_are_not_changed_here(admin, devices):
    for device in devices:
        url = f"/admin/django_mfa/{device._meta.model_name}/{device.pk}/change/"
        assert admin.post(url, {"name": "x"}).status_code == 403
