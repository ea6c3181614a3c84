from __future__ import annotations

import pytest

from django_mfa.checks import check_deploy, check_settings
from django_mfa.conf import SentCodes
from django_mfa.factors.sent_code import problems


def test_the_defaults_are_fine():
    assert list(problems.impossible(SentCodes())) == []
    assert list(problems.less_safe(SentCodes())) == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"LENGTH": 5},
        {"LENGTH": 11},
        {"TRIES": 0},
        {"TRIES": 11},
        {"SMS_TTL": 0},
        {"EMAIL_TTL": -1},
        {"EMAIL_TIMEOUT": 0},
        {"RESEND_AFTER": -1},
        {"DISPATCHER": "pigeon"},
        {"DISPATCHER": "nothing.at.all"},
    ],
)
def test_what_cannot_be_stops_the_site(settings, wrong):
    settings.DJANGO_MFA = {"SENT_CODES": wrong}
    (error,) = check_settings()
    assert error.id == "django_mfa.E002"
    assert "SENT_CODES" in error.msg


@pytest.mark.parametrize("how", ["inline", "django_mfa.conf.get", print])
def test_a_dispatcher_may_be_a_callable_or_its_path(settings, how):
    settings.DJANGO_MFA = {"SENT_CODES": {"DISPATCHER": how}}
    assert check_settings() == []


@pytest.mark.parametrize(
    ("less_safe", "number"),
    [({"SMS_TTL": 601}, 121), ({"TRIES": 4}, 122), ({"RESEND_AFTER": 29}, 123)],
)
def test_what_is_less_safe_is_said_at_deployment(settings, less_safe, number):
    settings.DJANGO_MFA = {"SENT_CODES": less_safe}
    assert f"django_mfa.W{number}" in {each.id for each in check_deploy()}
