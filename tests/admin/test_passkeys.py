from __future__ import annotations

import pytest

from django_mfa.factors.passkey.models import AuthenticatorModel
from django_mfa.testing import FakeAuthenticator, add_passkey, mfa_login

ORIGIN = "https://testserver"


@pytest.fixture
def admin(client, superuser):
    mfa_login(client, superuser)
    return client


@pytest.fixture
def passkey(user):
    aaguid = bytes.fromhex("ea9b8d664d011d213ce4b6b48cb575d4")
    return add_passkey(user, FakeAuthenticator("testserver", ORIGIN, aaguid=aaguid))


def test_passkeys_are_listed_with_who_keeps_them(admin, passkey):
    page = admin.get("/admin/django_mfa/passkey/").content.decode()
    assert "Google Password Manager" in page


def test_a_passkey_is_shown_without_its_key(admin, passkey):
    page = admin.get(f"/admin/django_mfa/passkey/{passkey.pk}/change/")
    assert page.status_code == 200
    text = page.content.decode()
    assert passkey.aaguid in text
    assert passkey.credential_id not in text
    assert "public_key" not in text


def test_a_passkey_is_not_changed_here(admin, passkey):
    url = f"/admin/django_mfa/passkey/{passkey.pk}/change/"
    assert admin.post(url, {"name": "x"}).status_code == 403


def test_models_of_the_metadata_are_listed(admin):
    AuthenticatorModel.objects.create(
        aaguid="x", description="A key", statuses=["REVOKED"], serial=1
    )
    page = admin.get("/admin/django_mfa/authenticatormodel/").content.decode()
    assert "REVOKED" in page
