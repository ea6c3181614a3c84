"""The pages of passkeys, as a browser without scripts would see them."""

from __future__ import annotations

import json

import pytest
from django.template import Context, Template
from django.test import RequestFactory

from django_mfa.accounts.service import user_handle
from django_mfa.factors.passkey.models import Passkey
from django_mfa.factors.passkey.reading import decode
from django_mfa.session import MFASession
from django_mfa.testing import FakeAuthenticator, add_passkey, add_totp, mfa_login
from django_mfa.testing.kit import session_context
from django_mfa.trusted_devices.models import TrustedDevice

ORIGIN = "https://testserver"


@pytest.fixture
def authenticator():
    return FakeAuthenticator("testserver", ORIGIN)


@pytest.fixture
def signed_in(client, user):
    add_totp(user)
    mfa_login(client, user)
    return client


def begin(client, path):
    return client.post(f"/mfa/{path}/begin/", "{}", "application/json").json()


def form(answer, **more):
    return {"credential": json.dumps(answer), **more}


def test_the_set_up_page_asks_nothing_by_itself(signed_in):
    page = signed_in.get("/mfa/setup/passkey/")
    assert page.status_code == 200
    assert b'data-mfa-passkey="create"' in page.content
    assert b"<script>" not in page.content


def test_a_set_up_asks_for_what_was_promised(signed_in, user):
    known = add_passkey(user)
    asked = begin(signed_in, "setup/passkey")
    assert len(decode(asked["challenge"])) >= 32
    assert len(decode(asked["user"]["id"])) == 64
    assert asked["timeout"] == 300_000
    assert [each["alg"] for each in asked["pubKeyCredParams"]] == [-8, -7, -257]
    assert asked["attestation"] == "none"
    assert asked["authenticatorSelection"]["userVerification"] == "preferred"
    excluded = [each["id"] for each in asked["excludeCredentials"]]
    assert excluded == [known.credential_id]
    assert begin(signed_in, "setup/passkey")["challenge"] != asked["challenge"]


def test_a_passkey_alone_must_check_its_user(client, db):
    asked = begin(client, "login/passkey")
    assert asked["userVerification"] == "required"
    assert asked["allowCredentials"] == []
    assert len(decode(asked["challenge"])) >= 32


def test_a_form_adds_a_passkey_with_its_name(signed_in, authenticator):
    answer = authenticator.create(begin(signed_in, "setup/passkey"))
    page = signed_in.post("/mfa/setup/passkey/", form(answer, name="Laptop"))
    assert (page.status_code, page["Location"]) == (302, "/mfa/")
    assert Passkey.objects.get().name == "Laptop"


def test_a_name_that_is_none_is_left_out(signed_in, authenticator):
    answer = authenticator.create(begin(signed_in, "setup/passkey"))
    signed_in.post("/mfa/setup/passkey/", form(answer, name="x\u202e"))
    assert Passkey.objects.get().name == "Passkey"


@pytest.mark.parametrize("name", [7, True, ["Laptop"], {"a": 1}, None], ids=repr)
def test_a_name_of_another_kind_is_left_out(signed_in, authenticator, name):
    answer = authenticator.create(begin(signed_in, "setup/passkey"))
    body = {"credential": answer, "name": name}
    signed_in.post("/mfa/setup/passkey/", json.dumps(body), "application/json")
    assert Passkey.objects.get().name == "Passkey"


@pytest.mark.parametrize(
    ("more", "trusted"),
    [({"trust": True}, 1), ({"trust": False}, 0), ({"trust": "1"}, 0), ({}, 0)],
    ids=str,
)
def test_a_passkey_has_this_browser_trusted_where_that_is_wanted(
    client, user, authenticator, settings, more, trusted
):
    settings.DJANGO_MFA = {**settings.DJANGO_MFA, "TRUSTED_DEVICES": {"ENABLED": True}}
    add_passkey(user, authenticator)
    given = {"username": user.get_username(), "password": "pw"}
    client.post("/mfa/login/", given)
    answer = authenticator.get(begin(client, "verify/passkey"))
    body = json.dumps({"credential": answer, **more})
    client.post("/mfa/verify/passkey/", body, "application/json")
    assert client.session["_auth_user_id"] == str(user.pk)
    assert TrustedDevice.objects.count() == trusted


def test_names_are_told_apart_and_say_who_keeps_it(user, authenticator):
    authenticator.aaguid = bytes.fromhex("ea9b8d664d011d213ce4b6b48cb575d4")
    names = [add_passkey(user, authenticator).name for _ in range(2)]
    assert names == ["Google Password Manager", "Google Password Manager 2"]
    key = FakeAuthenticator("testserver", ORIGIN, transports=("usb", "nfc"))
    assert add_passkey(user, key).name == "Security key"


def test_a_refusal_is_said_on_the_page(signed_in, authenticator):
    answer = authenticator.create(begin(signed_in, "setup/passkey"))
    signed_in.post("/mfa/setup/passkey/", form(answer))
    page = signed_in.post("/mfa/setup/passkey/", form(answer))
    assert page.status_code == 400
    assert b"was refused" in page.content


def test_a_first_passkey_brings_recovery_codes(client, user, authenticator):
    client.post("/mfa/login/", {"username": user.get_username(), "password": "pw"})
    answer = authenticator.create(begin(client, "setup/passkey"))
    page = client.post("/mfa/setup/passkey/", form(answer))
    assert page.status_code == 200
    assert b"recovery codes" in page.content


def test_a_form_answers_for_the_second_step(client, user, authenticator):
    add_passkey(user, authenticator)
    client.post("/mfa/login/", {"username": user.get_username(), "password": "pw"})
    page = client.get("/mfa/verify/")
    assert b'data-mfa-passkey="get"' in page.content
    bad = client.post("/mfa/verify/passkey/", form({}))
    assert bad.status_code == 400
    answer = authenticator.get(begin(client, "verify/passkey"))
    good = client.post("/mfa/verify/passkey/", form(answer, next="/transfer/"))
    assert (good.status_code, good["Location"]) == (302, "/transfer/")


def test_a_form_confirms_a_step_up(client, user, authenticator):
    add_passkey(user, authenticator)
    mfa_login(client, user, "passkey")
    answer = authenticator.get(begin(client, "step-up/passkey"))
    page = client.post("/mfa/step-up/passkey/", form(answer))
    assert (page.status_code, page["Location"]) == (302, "/mfa/")


def test_a_form_signs_in_and_stays_on_this_site(client, user, authenticator):
    add_passkey(user, authenticator)
    answer = authenticator.get(begin(client, "login/passkey"))
    page = client.post("/mfa/login/passkey/", form(answer, next="//evil.example"))
    assert (page.status_code, page["Location"]) == (302, "/profile/")


def test_a_refused_form_is_a_page(client, db):
    page = client.post("/mfa/login/passkey/", form({}))
    assert page.status_code == 400
    assert b"was refused" in page.content
    assert client.post("/mfa/login/passkey/").status_code == 400
    assert client.get("/mfa/login/passkey/")["Location"] == "/mfa/login/"


def test_where_more_is_owed_the_next_page_asks_for_it(
    client, user, authenticator, settings
):
    settings.DJANGO_MFA = {
        **settings.DJANGO_MFA,
        "PASSKEY": {"SATISFIES_MFA": False},
    }
    add_passkey(user, authenticator)
    add_totp(user)
    answer = authenticator.get(begin(client, "login/passkey"))
    page = client.post(
        "/mfa/login/passkey/",
        json.dumps({"credential": answer}),
        "application/json",
    )
    assert page.json() == {"next": "/mfa/verify/"}


def test_a_site_without_passwordless_shows_no_button(client, db, settings):
    settings.DJANGO_MFA = {"PASSKEY": {"PASSWORDLESS": False}}
    page = client.get("/mfa/login/")
    assert b"data-mfa-passkey" not in page.content
    assert b'"username webauthn"' not in page.content


def test_what_still_counts_is_told_to_the_browser_of_the_owner(
    client, user, authenticator
):
    passkey = add_passkey(user, authenticator)
    assert client.get("/mfa/passkeys/accepted/").status_code == 302
    mfa_login(client, user, "passkey")
    found = client.get("/mfa/passkeys/accepted/").json()
    assert found["allAcceptedCredentialIds"] == [passkey.credential_id]
    assert found["userId"] == user_handle(user)


def test_browsers_find_origins_and_pages(client, settings):
    settings.DJANGO_MFA = {
        "PASSKEY": {"RP_ID": "a.example", "ORIGINS": ["https://b.example"]}
    }
    assert client.get("/.well-known/webauthn").json() == {
        "origins": ["https://b.example"]
    }
    pages = client.get("/.well-known/passkey-endpoints").json()
    assert pages["enroll"].endswith("/mfa/setup/passkey/")
    assert client.post("/.well-known/webauthn").status_code == 405


def test_without_a_name_there_are_no_origins(client, settings):
    settings.ALLOWED_HOSTS = ["*"]
    settings.DJANGO_MFA = {}
    assert client.get("/.well-known/webauthn").status_code == 404


def rendered(user) -> str:
    request = RequestFactory().get("/")
    ctx = session_context(user=user)
    request.session, request.user = ctx.require_session().store, user
    assert MFASession(request).user() == user
    template = Template("{% load mfa %}{% mfa_passkey_upgrade %}")
    return template.render(Context({"request": request, "csrf_token": "t"}))


def test_the_tag_for_an_upgrade_is_empty_unless_it_is_wanted(user):
    assert rendered(user).strip() == ""


def test_the_tag_for_an_upgrade_asks_the_browser(signed_in, user, settings):
    settings.DJANGO_MFA = {
        **settings.DJANGO_MFA,
        "PASSKEY": {"CONDITIONAL_CREATE": True},
    }
    request = RequestFactory().get("/")
    request.session = signed_in.session
    request.user = user
    template = Template("{% load mfa %}{% mfa_passkey_upgrade %}")
    html = template.render(Context({"request": request, "csrf_token": "t"}))
    assert 'data-mfa-passkey="upgrade"' in html
