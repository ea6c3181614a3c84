from __future__ import annotations

import uuid

import pytest

from django_mfa import conf
from django_mfa.errors import AlreadyRegistered, FactorNotAvailable
from django_mfa.factors.passkey import problems
from django_mfa.factors.passkey.factor import PasskeyFactor
from django_mfa.factors.passkey.models import Passkey
from django_mfa.factors.totp import TOTPFactor
from django_mfa.testing import FakeAuthenticator, add_passkey
from django_mfa.values import Asking, Purpose
from tests.factors.passkey.test_attestation import ATTESTED, root_of

pytestmark = pytest.mark.django_db


def test_no_text_that_is_typed_proves_a_passkey(passkey):
    assert passkey.verify_token("123456") is False


def test_a_site_may_ask_for_one_kind_of_authenticator(user, settings):
    settings.DJANGO_MFA = {"PASSKEY": {"RP_ID": "localhost", "ATTACHMENT": "platform"}}
    asking = Asking(
        purpose=Purpose.ENROL, browser="b", host="localhost", user_pk=user.pk, user=user
    )
    options = PasskeyFactor().ask(asking)
    selection = options["authenticatorSelection"]
    assert selection["authenticatorAttachment"] == "platform"


def test_a_site_says_what_new_passkeys_are_like(user, settings):
    asking = Asking(
        purpose=Purpose.ENROL, browser="b", host="localhost", user_pk=user.pk, user=user
    )
    settings.DJANGO_MFA = {"PASSKEY": {"RP_ID": "localhost"}}
    usual = PasskeyFactor().ask(asking)
    assert usual["authenticatorSelection"] == {
        "residentKey": "preferred",
        "requireResidentKey": False,
        "userVerification": "preferred",
    }
    assert (usual["hints"], usual["attestation"]) == ([], "none")
    assert usual["timeout"] == 300_000
    settings.DJANGO_MFA = {
        "PASSKEY": {
            "RP_ID": "localhost",
            "RP_NAME": "Example Bank",
            "RESIDENT_KEY": "required",
            "USER_VERIFICATION": "required",
            "HINTS": ["security-key"],
            "TIMEOUT": 60,
            "ATTESTATION": "indirect",
        }
    }
    asked = PasskeyFactor().ask(asking)
    assert asked["authenticatorSelection"] == {
        "residentKey": "required",
        "requireResidentKey": True,
        "userVerification": "required",
    }
    assert (asked["hints"], asked["attestation"]) == (["security-key"], "indirect")
    assert (asked["timeout"], asked["rp"]["name"]) == (60_000, "Example Bank")


def test_files_of_roots_that_are_there_are_fine(tmp_path):
    file = tmp_path / "roots.pem"
    file.write_text(root_of(ATTESTED))
    passkey = conf.Passkey(
        ATTESTATION="direct", ATTESTATION_ROOTS={"packed": [str(file), "/no/such"]}
    )
    said = [text for text, _hint in problems.impossible(passkey)]
    assert said == ["PASSKEY: there is no file /no/such."]


@pytest.mark.parametrize("text", ["", "x", "-----BEGIN CERTIFICATE-----\nAAAA\n"])
def test_files_without_a_certificate_are_named(tmp_path, text):
    file = tmp_path / "roots.pem"
    file.write_text(text)
    passkey = conf.Passkey(ATTESTATION_ROOTS={"packed": str(file)})
    said = [text for text, _hint in problems.impossible(passkey)]
    assert said == [f"PASSKEY: {file} holds no certificate."]


def test_a_model_that_is_none_is_named():
    passkey = conf.Passkey(
        AAGUIDS_DENIED=["EE882879721C491397753DFCCE97072A", "yubikey"],
        PROVIDERS={"ee882879-721c-4913-9775-3dfcce97072": "Key"},
    )
    said = [text for text, _hint in problems.impossible(passkey)]
    assert said == [
        "PASSKEY.AAGUIDS_DENIED holds ['yubikey'], which name no model.",
        "PASSKEY.PROVIDERS holds ['ee882879-721c-4913-9775-3dfcce97072'],"
        " which name no model.",
    ]


def test_a_factor_that_asks_nothing_cannot_be_asked():
    asking = Asking(purpose=Purpose.LOGIN, browser="b", host="h", user_pk=1)
    with pytest.raises(FactorNotAvailable):
        TOTPFactor().ask(asking)


def test_the_unique_index_refuses_a_second_passkey_with_the_same_id(passkey):
    rows = type(passkey).objects
    twin = rows.get(pk=passkey.pk)
    twin.pk, twin.public_id = None, uuid.uuid4()
    twin._state.adding = True
    with pytest.raises(AlreadyRegistered):
        twin.confirm(None)
    assert rows.count() == 1


@pytest.mark.django_db
def test_only_confirmed_passkeys_in_use_are_open(user):
    add_passkey(user, FakeAuthenticator("testserver", "https://testserver"))
    rows = Passkey.objects.filter(Passkey.open_now())
    assert rows.count() == 1
    Passkey.objects.update(confirmed=False)
    assert not rows.exists()
