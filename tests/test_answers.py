from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from django.http import HttpResponse, JsonResponse
from django.test import RequestFactory

from django_mfa import answers
from django_mfa.errors import (
    EnrolmentRequired,
    InvalidCode,
    MFARequired,
    StepUpRequired,
    TooManyAttempts,
)
from django_mfa.testing import freeze

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


def asking(**headers: str):
    return RequestFactory().get("/", headers=headers)


@pytest.mark.parametrize(
    ("headers", "json_wanted"),
    [
        ({}, False),
        ({"accept": BROWSER}, False),
        ({"accept": "*/*"}, False),
        ({"accept": "application/json"}, True),
        ({"accept": "application/problem+json, */*"}, True),
        ({"accept": "application/json, text/html"}, False),
        ({"x-requested-with": "XMLHttpRequest"}, True),
        ({"x-requested-with": "XMLHttpRequest", "accept": BROWSER}, True),
        ({"x-requested-with": "com.example.app"}, False),
    ],
)
def test_who_asks_for_json_gets_json(headers, json_wanted):
    assert answers.wants_json(asking(**headers)) is json_wanted


def test_an_answer_in_json_is_known():
    assert answers.is_json(JsonResponse({}))
    assert answers.is_json(HttpResponse(content_type="application/problem+json"))
    assert not answers.is_json(HttpResponse())
    response = HttpResponse(status=204)
    del response.headers["Content-Type"]
    assert not answers.is_json(response)


def test_an_error_in_json_has_code_text_and_details():
    response = answers.as_json(InvalidCode(left=2))
    assert response.status_code == 400
    assert json.loads(response.content) == {
        "code": "invalid_code",
        "detail": "Invalid verification code",
        "hint": "Check that it is the newest one and try again.",
        "left": 2,
    }
    assert response.headers["Cache-Control"] == "no-store"
    assert "WWW-Authenticate" not in response.headers
    assert "Retry-After" not in response.headers


@pytest.mark.parametrize("kind", [MFARequired, EnrolmentRequired, StepUpRequired])
def test_a_demand_for_a_proof_is_marked_and_challenges(kind):
    response = answers.as_json(kind(methods=["totp"]))
    body = json.loads(response.content)
    assert response.status_code == 403
    assert (body["mfa_required"], body["methods"]) == (True, ["totp"])
    assert response.headers["WWW-Authenticate"] == (
        'Bearer error="insufficient_user_authentication"'
    )


def test_a_demand_says_how_fresh_a_proof_must_be():
    response = answers.as_json(StepUpRequired(max_age=900))
    assert response.headers["WWW-Authenticate"].endswith(", max_age=900")
    assert json.loads(response.content)["max_age"] == 900
    zero = answers.as_json(StepUpRequired(max_age=0))
    assert zero.headers["WWW-Authenticate"].endswith(", max_age=0")
    none = answers.as_json(StepUpRequired(max_age=None))
    assert "max_age" not in none.headers["WWW-Authenticate"]


def test_the_status_can_be_another():
    assert answers.as_json(MFARequired(), status=401).status_code == 401


def test_a_wait_is_said_in_the_header():
    with freeze(1000):
        error = TooManyAttempts(retry_at=datetime.fromtimestamp(1090, tz=UTC))
        response = answers.as_json(error)
    assert response.status_code == 429
    assert response.headers["Retry-After"] == "90"


@pytest.mark.parametrize(
    ("error", "page"),
    [
        (MFARequired(), "/mfa/verify/"),
        (EnrolmentRequired(), "/mfa/setup/"),
        (StepUpRequired(), "/mfa/step-up/"),
    ],
)
def test_a_person_is_sent_to_where_it_can_be_given(error, page):
    assert answers.owed_page(error).url == page
    assert answers.owed_page(error, "/a/?b=c&d").url == (
        f"{page}?next=%2Fa%2F%3Fb%3Dc%26d"
    )
