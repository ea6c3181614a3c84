from __future__ import annotations

from operator import attrgetter

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import override_settings

from django_mfa import conf
from django_mfa.factors import registry

#: Sites rely on these without a word in their settings: they do not move by accident.
PROMISED = {
    "APPROVALS.TTL": 300,
    "GRACE_DAYS": 7,
    "LIMITS.ADDRESS_FAILURES": 10,
    "LIMITS.ADDRESS_WINDOW": 300,
    "LIMITS.DEVICE_CAP": 20,
    "LIMITS.FAILURES": 5,
    "LIMITS.FAILURE_WINDOW": 900,
    "LIMITS.LOCK": 1800,
    "LIMITS.TRUSTED_PROXIES": 0,
    "PASSKEY.ALGORITHMS": (-8, -7, -257),
    "PASSKEY.ATTESTATION": "none",
    "PASSKEY.CLONE": "refuse",
    "PASSKEY.CONDITIONAL_CREATE": False,
    "PASSKEY.SATISFIES_MFA": True,
    "PASSKEY.TIMEOUT": 300,
    "PASSKEY.TOP_ORIGINS": (),
    "PASSKEY.USER_VERIFICATION": "preferred",
    "PENDING_LOGIN_TTL": 900,
    "POLICY_SNAPSHOT": 10,
    "RECOVERY_CODES.COUNT": 10,
    "RECOVERY_CODES.LENGTH": 8,
    "RECOVERY_CODES.WARN_AT": 3,
    "REMINDER_DAYS": (3, 1),
    "SENT_CODES.EMAIL_TTL": 600,
    "SENT_CODES.LENGTH": 6,
    "SENT_CODES.RESEND_AFTER": 60,
    "SENT_CODES.SMS_TTL": 300,
    "SENT_CODES.TRIES": 3,
    "SETUP_TTL": 600,
    "SMS.TIMEOUT": 10,
    "STEP_UP.FORM_TTL": 300,
    "STEP_UP.KEEP_FORM": False,
    "STEP_UP.MAX_AGE": 900,
    "TOTP.ALGORITHM": "SHA1",
    "TOTP.DIGITS": 6,
    "TOTP.PERIOD": 30,
    "TOTP.WINDOW": 1,
    "TRUSTED_DEVICES.DAYS": 30,
    "TRUSTED_DEVICES.ENABLED": False,
}


def greet(host: str) -> str:
    return f"Bank at {host}"


def values(group):
    return [values(each) if conf.is_group(each) else each for each in group]


def test_settings_are_read_and_not_written():
    with pytest.raises(AttributeError, match="DJANGO_MFA"):
        conf.get().LIMITS.FAILURES = 1000


def test_without_the_setting_all_defaults_hold(settings):
    del settings.DJANGO_MFA
    assert values(conf.get()) == values(conf.Settings())


@pytest.mark.parametrize(("name", "value"), PROMISED.items())
def test_defaults_are_as_promised(settings, name, value):
    del settings.DJANGO_MFA
    assert attrgetter(name)(conf.get()) == value


def test_the_default_factors_and_policies_are_as_promised(settings):
    del settings.DJANGO_MFA
    assert list(registry.factors()) == ["passkey", "totp", "recovery_code"]
    assert [dict(each) for each in conf.get().POLICIES] == [
        {"who": "staff", "grace_days": 0}
    ]


def test_what_the_site_says_takes_the_place_of_a_default(settings):
    settings.DJANGO_MFA = {"GRACE_DAYS": 3, "TOTP": {"DIGITS": 8}}
    assert conf.get().GRACE_DAYS == 3
    assert conf.get().TOTP.DIGITS == 8
    assert conf.get().TOTP.PERIOD == 30


def test_the_setting_is_read_at_use():
    with override_settings(DJANGO_MFA={"GRACE_DAYS": 3}):
        assert conf.get().GRACE_DAYS == 3
    assert conf.get().GRACE_DAYS == 7


def test_what_was_read_is_kept_while_the_setting_stays(settings):
    settings.DJANGO_MFA = {"GRACE_DAYS": 3}
    assert conf.get() is conf.get()


def test_that_a_site_says_nothing_is_kept_as_well(settings):
    del settings.DJANGO_MFA
    assert conf.get() is conf.get()


def test_another_setting_does_not_make_it_read_anew(settings):
    read = conf.get()
    settings.LANGUAGE_CODE = "de"
    assert conf.get() is read


def test_settings_cannot_be_assigned_to():
    with pytest.raises(AttributeError):
        conf.get().GRACE_DAYS = 3  # type: ignore[misc]  # that is the point


WRONG = [
    ({"GRACE_DAY": 1}, "['GRACE_DAY'] is not a setting.", "mean 'GRACE_DAYS'"),
    ({"grace_days": 1}, "['grace_days'] is not a setting.", "mean 'GRACE_DAYS'"),
    ({"QQ": 1}, "['QQ'] is not a setting.", "Known: FACTORS, "),
    ({3: 1}, "[3] is not a setting.", "Known: FACTORS, "),
    ({"TOTP": {"DIGIT": 8}}, "['TOTP']['DIGIT'] is not", "mean 'DIGITS'"),
    ({"TOTP": None}, "['TOTP'] must be a dict.", "Write"),
    ({"TOTP": {"DIGITS": "6"}}, "['DIGITS'] must be of type int.", "default is 6"),
    ({"GRACE_DAYS": True}, "['GRACE_DAYS'] must be of type int.", "default is 7"),
    ({"GRACE_DAYS": 1.5}, "['GRACE_DAYS'] must be of type int.", "default is 7"),
    ({"AUDIT": {"LOG": 1}}, "['LOG'] must be of type bool.", "default is True"),
    (
        {"FACTORS": "totp"},
        "must be of type tuple or list.",
        "even alone. The default is",
    ),
    ({"ENCRYPTION_KEYS": "k"}, "must be of type tuple or list.", "default is ()"),
    ({"SITE_NAME": 3}, "['SITE_NAME'] must be", "default is None"),
    ({"CONTENT_SECURITY_POLICY": None}, "must be of type str.", "The default is"),
    ({"FACTORS": 1}, "['FACTORS'] must be of type tuple or list.", "The default is"),
    ({"SITE_NAME": 1}, "['SITE_NAME'] must be of type str.", "default is None"),
    ({"APP_PASSWORDS": {"SCOPES": ["read"]}}, "must be of type dict.", "The default"),
    (None, "DJANGO_MFA must be a dict.", "Write DJANGO_MFA = {...}."),
    ([], "DJANGO_MFA must be a dict.", "Write DJANGO_MFA = {...}."),
]


@pytest.mark.parametrize(("value", "message", "hint"), WRONG)
def test_a_slip_of_the_pen_is_said_with_a_hint(value, message, hint):
    (problem,) = conf.problems(value)
    assert message in problem.message
    assert hint in problem.hint


@pytest.mark.parametrize(("value", "message", "hint"), WRONG)
def test_a_setting_that_cannot_be_read_is_an_error_at_use(
    settings, value, message, hint
):
    settings.DJANGO_MFA = value
    with pytest.raises(ImproperlyConfigured) as caught:
        conf.get()
    assert message in str(caught.value)
    assert hint in str(caught.value)


def test_all_problems_are_found_at_once():
    found = list(conf.problems({"A": 1, "GRACE_DAYS": "", "LIMITS": {"LOCK": None}}))
    assert len(found) == 3


def test_the_defaults_have_no_problems():
    assert list(conf.problems({})) == []


RIGHT = [
    {"FACTORS": ["totp"]},
    {"FACTORS": ("totp",)},
    {"SITE_NAME": None},
    {"SITE_NAME": "Bank"},
    {"TOTP": {"ISSUER": greet}},
    {"AUDIT": {"LOG": False}},
    {"TOTP": {}},
]


@pytest.mark.parametrize("value", RIGHT)
def test_a_right_value_is_taken(value):
    assert list(conf.problems(value)) == []


def shapes(shape=conf.Settings):
    yield shape
    for default in shape():
        if conf.is_group(default):
            yield from shapes(type(default))


def test_every_key_is_written_in_capitals():
    names = [name for shape in shapes() for name in shape.declared()]
    assert names == [name.upper() for name in names]


def test_a_plain_text_is_what_it_is():
    assert conf.resolve("Bank", "host") == "Bank"
    assert conf.resolve(None, "host") is None


def test_a_callable_is_called():
    assert conf.resolve(greet, "example.com") == "Bank at example.com"


def test_a_dotted_path_is_imported_and_called():
    path = f"{__name__}.greet"
    assert conf.resolve(path, "example.com") == "Bank at example.com"


@pytest.mark.parametrize("name", ["example.com", "Example.Bank.", "v1.2 of all", "."])
def test_a_text_with_a_dot_that_leads_nowhere_is_a_text(name):
    assert conf.resolve(name, "host") == name
