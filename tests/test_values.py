from __future__ import annotations

import json

import pytest

from django_mfa.values import SPENT, Proof, Purpose, Verdict, visible

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
        "notice",
    ]


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("\u202e0001", "[U+202E]0001"),
        ("1\u200b000", "1[U+200B]000"),
        ("alice\u200d", "alice[U+200D]"),
        ("alice\ufe0f", "alice[U+FE0F]"),
        ("alice\u3164", "alice[U+3164]"),
        ("\U000e0041", "[U+E0041]"),
        ("a\x1bb\x85", "a[U+001B]b[U+0085]"),
        ("\u2066a\u2069", "[U+2066]a[U+2069]"),
        ("a\u2028b", "a[U+2028]b"),
    ],
)
def test_signs_that_nobody_sees_are_shown_by_their_number(text, seen):
    assert visible(text) == seen


@pytest.mark.parametrize(
    "text",
    [
        *(
            "100\u202f000,00\u00a0\u20ac",
            "two\nlines\tand a tab",
            "Zo\u00eb",
            "\u5c71\u7530",
        ),
        *(
            "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
            "\u0915\u094d\u200d\u0937",
        ),
        "\u2764\ufe0f\u200d\U0001f525",
    ],
)
def test_texts_of_all_scripts_stay_as_they_are(text):
    assert visible(text) == text
