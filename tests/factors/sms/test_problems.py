from __future__ import annotations

from typing import Any

import pytest

from django_mfa import checks, conf
from django_mfa.factors.sms import problems

pytest.importorskip("phonenumbers")

TWILIO = {
    "TWILIO_ACCOUNT_SID": "AC1",
    "TWILIO_API_KEY": "SK1",
    "TWILIO_API_SECRET": "s",
}


def ids(found) -> list[str]:
    return [each.id.removeprefix("django_mfa.") for each in found]


@pytest.fixture
def say(settings):
    def use(sends: dict[str, Any] | None = None, factors=("totp", "sms"), **sms: Any):
        settings.DJANGO_MFA = {"FACTORS": factors, "SMS": sms, "SENDS": sends or {}}

    return use


@pytest.mark.parametrize(
    "sms",
    [
        {"TIMEOUT": 0},
        {"COUNTRIES": ["Germany"]},
        {"COUNTRIES": ["de"]},
        {"REGION": "49"},
        {"COSTS": {"Germany": 1}},
        {"COSTS": {"DE": "cheap"}},
        {"COSTS": {"DE": -1}},
        {"LOOKUP_FAILS": "maybe"},
    ],
)
def test_values_that_cannot_be_are_errors(say, sms):
    say(**sms)
    assert ids(checks.check_settings()) == ["E002"]


@pytest.mark.parametrize("sends", [{"USER_DAY": -1}, {"BREAKER_ANSWERED": 101}])
def test_budgets_that_cannot_be_are_errors(say, sends):
    say(sends)
    assert ids(checks.check_settings()) == ["E002"]


def test_sensible_settings_are_not(say):
    say(
        {"SITE_DAY": 0},
        COUNTRIES=["DE", "001"],
        REGION="DE",
        COSTS={"DE": "0.075", "*": 1},
        LOOKUP_FAILS="allow",
    )
    assert ids(checks.check_settings()) == []


@pytest.mark.parametrize(
    ("gateways", "more", "wanted"),
    [
        ([], {}, "empty"),
        (["twillio"], {}, "leads to nothing"),
        (["no.such.Gateway"], {}, "leads to nothing"),
        (["twilio"], {"TWILIO_FROM": "x", "TWILIO_AUTH_TOKEN": "t"}, "ACCOUNT_SID"),
        (["twilio"], {"TWILIO_FROM": "x", "TWILIO_ACCOUNT_SID": "AC"}, "AUTH_TOKEN"),
        (["twilio"], {**TWILIO, "TWILIO_FROM": "x", "TWILIO_API_SECRET": ""}, "SECRET"),
        (["twilio"], TWILIO, "TWILIO_FROM"),
        (["twilio_verify"], TWILIO, "TWILIO_VERIFY_SERVICE"),
    ],
)
def test_what_keeps_messages_from_being_sent_is_said(say, gateways, more, wanted):
    say(GATEWAYS=gateways, **more)
    [found] = checks.check_messages()
    assert found.id == "django_mfa.W006"
    assert wanted in found.msg


@pytest.mark.parametrize(
    ("gateways", "more"),
    [
        (["locmem", "console"], {}),
        (["twilio"], {**TWILIO, "TWILIO_FROM": "x"}),
        (["twilio"], {"TWILIO_CLIENT": "my.client", "TWILIO_FROM": "x"}),
        (["twilio_verify"], {**TWILIO, "TWILIO_VERIFY_SERVICE": "VA"}),
        (["aws_sns"], {}),
    ],
)
def test_gateways_that_are_set_up_are_not(say, gateways, more):
    pytest.importorskip("twilio")
    pytest.importorskip("boto3")
    say(GATEWAYS=gateways, **more)
    assert checks.check_messages() == []


def test_without_sms_nothing_is_asked_of_it(say):
    say(factors=("totp",))
    assert checks.check_messages() == []


def test_settings_that_cannot_be_read_are_said_elsewhere(settings):
    settings.DJANGO_MFA = {"FACTOR": []}
    assert checks.check_messages() == []


def test_packages_that_are_missing_are_named(say, monkeypatch):
    monkeypatch.setattr(problems, "find_spec", lambda name: None)
    say(GATEWAYS=["twilio", "aws_sns"], **TWILIO, TWILIO_FROM="x")
    hints = [each.hint for each in checks.check_messages()]
    assert hints == [
        f'pip install "django-mfa-suite[{extra}]"'
        for extra in ("sms", "sms-twilio", "sms-sns")
    ]


@pytest.mark.parametrize(
    ("sms", "number"),
    [
        ({"GATEWAYS": ["twilio", "console"], "COUNTRIES": ["DE"]}, 131),
        ({"GATEWAYS": ["twilio"]}, 132),
        ({"COUNTRIES": ["DE"], "LOOKUP": "a.b", "LOOKUP_FAILS": "allow"}, 133),
    ],
)
def test_less_safe_choices_are_named_before_a_deployment(say, sms, number):
    say(**sms)
    assert [n for n, *_ in problems.less_safe(conf.get().SMS)] == [number]
    assert f"W{number}" in ids(checks.check_deploy())


def test_a_site_of_any_name_is_warned_of(say, settings):
    say(GATEWAYS=["twilio"], COUNTRIES=["DE"])
    settings.ALLOWED_HOSTS = ["*"]
    assert "W134" in ids(checks.check_deploy())


def test_safe_choices_are_not(say):
    say(GATEWAYS=["twilio"], COUNTRIES=["DE"], LOOKUP="a.b")
    assert not list(problems.less_safe(conf.get().SMS))
    say(factors=("totp",))
    assert not {"W131", "W132", "W133"} & set(ids(checks.check_deploy()))
