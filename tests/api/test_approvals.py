from __future__ import annotations

import pytest

from django_mfa.approvals import service
from django_mfa.approvals.drafts import Draft
from django_mfa.approvals.models import Approval
from django_mfa.testing import FakeAuthenticator, add_passkey, add_totp, totp_code


@pytest.fixture
def waiting(user):
    """What `user` was asked to approve."""
    draft = Draft.of(
        "transfer",
        None,
        "Send 100 EUR",
        {"amount": "100 EUR"},
        second_person=False,
        permission="",
    )
    return service.ask(draft, user, "")[0]


@pytest.fixture
def inside(program, user, secret, moving):
    program.enter(user, secret)
    moving.tick(60)
    return program


def test_what_waits_is_shown_and_approved(inside, waiting, secret):
    (shown,) = inside.get("mfa/approvals").json()["approvals"]
    assert shown["summary"] == "Send 100 EUR"
    assert shown["shown"] == {"amount": "100 EUR"}
    asked = inside.post(
        "mfa/approvals/challenge", {"id": shown["id"], "method": "totp"}
    )
    assert asked.json() == {"method": "totp", "detail": "Enter the code."}
    response = inside.post(
        "mfa/approvals", {"id": shown["id"], "code": totp_code(secret)}
    )
    assert response.status_code == 200, response.content
    assert Approval.objects.get().approved_at
    assert inside.is_verified
    assert inside.get("mfa/approvals").json()["approvals"] == []


def test_a_passkey_signs_exactly_that(inside, user, waiting, settings):
    settings.DJANGO_MFA = {
        **settings.DJANGO_MFA,
        "PASSKEY": {"RP_ID": "testserver", "ORIGINS": ["https://testserver"]},
    }
    key = FakeAuthenticator("testserver", "https://testserver")
    add_passkey(user, key)
    about = {"id": str(waiting.public_id), "method": "passkey"}
    options = inside.post("mfa/approvals/challenge", about).json()["options"]
    response = inside.post("mfa/approvals", {**about, "credential": key.get(options)})
    assert response.status_code == 200, response.content
    assert Approval.objects.get().factor == "passkey"


def test_no_is_said_without_a_proof_and_once(inside, waiting):
    about = {"id": str(waiting.public_id)}
    assert inside.post("mfa/approvals/refuse", about).status_code == 200
    assert Approval.objects.get().refused_at
    again = inside.post("mfa/approvals/refuse", about)
    assert (again.status_code, again.json()["code"]) == (409, "approval_void")


def test_E03_what_others_were_asked_is_not_there(program, make_user, waiting, moving):
    bob = make_user("bob")
    secret = add_totp(bob)
    program.enter(bob, secret)
    moving.tick(60)
    about = {"id": str(waiting.public_id)}
    for path, more in (
        ("mfa/approvals", {"code": totp_code(secret)}),
        ("mfa/approvals/challenge", {"method": "totp"}),
        ("mfa/approvals/refuse", {}),
    ):
        response = program.post(path, {**about, **more})
        assert response.status_code == 404, response.content
        assert response.json()["code"] == "approval_not_found"
    assert Approval.objects.get().is_waiting
