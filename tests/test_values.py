from __future__ import annotations

import json

from django_mfa.values import SPENT, Proof, Purpose, Verdict

PROOF = Proof(
    factor="totp",
    device="d1",
    at=1000,
    acr="aal2",
    amr=("otp",),
    phishing_resistant=True,
)


def test_a_proof_survives_the_session():
    data = json.loads(json.dumps(PROOF.as_json()))
    assert Proof.from_json(data) == PROOF


def test_a_proof_resists_phishing_only_if_it_says_so():
    assert not Proof("totp", "d1", 1000, "aal2", ("otp",)).phishing_resistant


def test_a_wrong_answer_is_charged():
    assert Verdict(None, right=False, reason="wrong").is_charged


def test_a_spent_answer_is_not_charged():
    assert not Verdict(None, right=False, reason=SPENT).is_charged


def test_a_right_answer_is_not_charged():
    assert not Verdict(None, right=True).is_charged


def test_purposes_are_written_as_plain_words():
    assert json.dumps({"purpose": Purpose.STEP_UP}) == '{"purpose": "step_up"}'
    assert [str(each) for each in Purpose] == [
        "login",
        "enrol",
        "step_up",
        "passwordless",
        "approval",
    ]
