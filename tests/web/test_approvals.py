from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from typing import Any

import pytest
from django.contrib.auth.models import Permission

from django_mfa.approvals.models import Approval
from django_mfa.testing import (
    FakeAuthenticator,
    add_passkey,
    add_phone,
    add_totp,
    freeze,
    mfa_login,
    totp_code,
)
from testproject.site.models import Payment
from tests.browser import Browser
from tests.sent import last_sms


@pytest.fixture
def moving():
    with freeze(1_800_000_001) as clock:
        yield clock


class Person:
    def __init__(self, user, moving):
        self.user, self.moving, self.secret = user, moving, add_totp(user)
        self.browser = Browser().enter(user, self.secret)

    def code(self):
        self.moving.tick(30)
        return totp_code(self.secret)


@pytest.fixture
def alice(make_user, moving):
    return Person(make_user("alice"), moving)


@pytest.fixture
def boss(make_user, moving):
    user = make_user("boss")
    user.user_permissions.add(Permission.objects.get(codename="approve_payment"))
    return Person(user, moving)


ORIGIN = "https://testserver"
BIG = {"recipient": "Bob", "amount": "5000.00"}


@pytest.mark.parametrize("payee", ["Bob\u200b", "\u202ebob", "Bob\u2060"])
def test_no_sign_of_what_is_approved_is_hidden(alice, payee):
    browser = alice.browser
    page = browser.get(browser.post("/transfer/", {**BIG, "recipient": payee}).url)
    text = page.content.decode()
    assert payee not in text
    assert "[U+20" in text
    assert dict(Approval.objects.get().fields)["To"] == payee
    plain = browser.post("/transfer/", BIG).url
    assert b"[U+" not in browser.get(plain).content
    assert b"[U+20" in browser.page("approvals").content


def test_a_big_transfer_is_approved_exactly_as_shown_and_sent_once(alice):
    browser = alice.browser
    place = browser.post("/transfer/", BIG).url
    assert place.startswith("/mfa/approve/")
    page = browser.get(place)
    assert "€ 5000.00" in page.content.decode()
    done = browser.post(place, {"code": alice.code()})
    assert done.url.startswith("/transfer/")
    assert "receipt" not in browser.session  # nothing posted is run by itself
    changed = browser.post("/transfer/", {**BIG, "amount": "50000"})
    assert changed.url.startswith("/mfa/approve/")
    assert browser.post("/transfer/", BIG).url == "/transfer/receipt/"
    assert browser.post("/transfer/", BIG).url.startswith("/mfa/approve/")


def test_a_program_is_told_what_to_approve(alice):
    headers = {"accept": "application/json"}
    response = alice.browser.post("/transfer/", BIG, headers=headers)
    assert response.status_code == 403
    told = response.json()
    assert told["code"] == "approval_required"
    assert told["fields"] == {"To": "Bob", "Amount": "€ 5000.00"}
    assert told["approval"] == str(Approval.objects.get().public_id)


def test_what_was_typed_before_a_step_up_is_shown_again_once(alice):
    browser = alice.browser
    alice.moving.tick(901)
    place = browser.post("/transfer/", {**BIG, "csrfmiddlewaretoken": "x"}).url
    assert place == "/mfa/step-up/?next=%2Ftransfer%2F"
    assert "Bob" not in str(browser.session["_mfa_form"])
    assert browser.post(place, {"code": alice.code()}).url == "/transfer/"
    assert 'value="Bob"' in browser.get("/transfer/").content.decode()
    assert 'value="Bob"' not in browser.get("/transfer/").content.decode()
    assert "receipt" not in browser.session


def test_what_was_typed_is_forgotten_after_five_minutes(alice):
    alice.moving.tick(901)
    place = alice.browser.post("/transfer/", BIG).url
    alice.moving.tick(301)
    alice.browser.post(place, {"code": alice.code()})
    assert 'value="Bob"' not in alice.browser.get("/transfer/").content.decode()


def test_a_payment_takes_two_persons(alice, boss):
    alice.browser.post("/payments/new/", {"payee": "Bob", "amount": "10"})
    payment = Payment.objects.get()
    place = alice.browser.post(f"/payments/{payment.pk}/").url
    page = alice.browser.get(place)
    assert b"second person" in page.content
    assert alice.browser.post(place, {"code": alice.code()}).status_code == 403
    assert b"Pay" in boss.browser.page("approvals").content
    assert boss.browser.get(place).status_code == 200
    assert boss.browser.post(place, {"code": boss.code()}).status_code == 302
    Payment.objects.update(amount="11")
    assert alice.browser.post(f"/payments/{payment.pk}/").url != "/payments/"
    Payment.objects.update(amount="10")
    assert alice.browser.post(f"/payments/{payment.pk}/").url == "/payments/"
    payment.refresh_from_db()
    assert payment.released_at


def test_with_a_passkey_the_challenge_carries_the_digest(make_user, moving):
    user, passkey = make_user("key"), FakeAuthenticator("testserver", ORIGIN)
    add_passkey(user, passkey)
    browser: Any = Browser()
    mfa_login(browser, user, "passkey")
    place = browser.post("/transfer/", BIG).url.partition("?")[0]
    asked = browser.post(f"{place}passkey/begin/").json()
    options = asked.get("options", asked)
    options = options.get("publicKey", options)
    row = Approval.objects.get()
    challenge = urlsafe_b64decode(options["challenge"] + "==")
    assert challenge[32:].hex() == row.bound_digest
    answer = {"credential": json.dumps(passkey.get(options))}
    browser.post("/transfer/", {**BIG, "amount": "9000"})
    other = Approval.objects.latest("pk")
    browser.post(f"/mfa/approve/{other.public_id}/passkey/", answer)
    other.refresh_from_db()
    assert other.approved_at is None
    asked = browser.post(f"{place}passkey/begin/").json()
    options = asked.get("options", asked)
    options = options.get("publicKey", options)
    answer = {"credential": json.dumps(passkey.get(options))}
    browser.post(f"{place}passkey/", answer)
    row.refresh_from_db()
    assert row.factor == "passkey"


def asked_to_approve(browser, **more):
    """The address of the approval of a big transfer, with the factor named."""
    place = browser.post("/transfer/", {**BIG, **more}).url.partition("?")[0]
    return f"{place}sms/"


@pytest.mark.usefixtures("sends")
def test_a_code_that_is_sent_approves_what_it_was_sent_for_and_nothing_else(alice):
    add_phone(alice.user)
    browser = alice.browser
    first = asked_to_approve(browser)
    alice.moving.tick(1)
    second = asked_to_approve(browser, amount="6000.00")
    assert first != second
    assert browser.get(f"{first}send/").url == first
    sent = browser.post(f"{first}send/")
    assert sent.url.partition("?")[0] == first
    assert "on its way" in browser.get(first).text
    assert "on its way" not in browser.get(second).text
    browser.post(second, {"code": last_sms()})
    assert not Approval.objects.exclude(approved_at=None).exists()
    browser.post(first, {"code": last_sms()})
    assert Approval.objects.exclude(approved_at=None).count() == 1


def test_refusing_takes_no_code(alice):
    place = alice.browser.post("/transfer/", BIG).url
    assert alice.browser.post(place, {"refuse": "1"}).status_code == 302
    assert b"refused" in alice.browser.get(place).content
    assert alice.browser.post(place, {"code": alice.code()}).status_code == 409


def test_another_persons_request_is_not_there(alice, boss):
    place = alice.browser.post("/transfer/", BIG).url
    assert boss.browser.get(place).status_code == 404


def test_who_has_no_factor_sets_one_up_first(make_user, client):
    client.force_login(make_user("carol"))
    assert client.post("/transfer/", BIG).url.startswith("/mfa/setup/")
