from __future__ import annotations

from importlib import metadata

import pytest
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import Group
from django.core import checks as django_checks
from django.db import OperationalError

from django_mfa import checks
from django_mfa.checks import neighbours
from django_mfa.policy.models import Policy

MODEL = "django.contrib.auth.backends.ModelBackend"


class Rules(ModelBackend):
    """Knows permissions that no table holds."""

    def has_perm(self, user_obj, perm, obj=None):
        raise NotImplementedError


SESSIONS, AUTH = checks.BEFORE
OURS = checks.MIDDLEWARE


def ids(found) -> list[str]:
    return [message.id for message in found]


def say(settings, **values) -> None:
    settings.DJANGO_MFA = values


def test_every_check_is_registered():
    registered = django_checks.registry.registry.get_checks(
        include_deployment_checks=True
    )
    found = [(each.__module__, each.__name__) for each in registered]
    assert {name for name in checks.__all__ if name.startswith("check_")} == set(
        checks.CHECKS
    )
    for name, module in checks.CHECKS.items():
        assert found.count((f"django_mfa.checks.{module}", name)) == 1
        assert callable(getattr(checks, name))


@pytest.mark.django_db  # Django 6.1 looks at the database as well
def test_the_test_project_has_nothing_to_say():
    found = django_checks.run_checks()
    assert [each for each in found if str(each.id).startswith("django_mfa.")] == []


@pytest.mark.parametrize(
    "value",
    [
        {"ENCRYPTION_KEYS": [""]},
        {"ENCRYPTION_KEYS": ["x" * 31]},
        {"ENCRYPTION_KEYS": ["x" * 32, 5]},
        {"RECOVERY_CODES": {"COUNT": 0}},
        {"RECOVERY_CODES": {"LENGTH": 5}},
        {"RECOVERY_CODES": {"ALPHABET": "AAAAAAAA"}},
        {"RECOVERY_CODES": {"ALPHABET": ""}},
    ],
)
def test_secrets_that_can_be_guessed_stop_the_site(settings, value):
    say(settings, **value)
    assert ids(checks.check_settings()) == ["django_mfa.E002"]


def test_what_is_no_setting_stops_the_site(settings):
    say(settings, GRACE_DAY=3, TOTP={"DIGITS": "6"})
    found = checks.check_settings()
    assert ids(found) == ["django_mfa.E001"] * 2
    assert "Did you mean 'GRACE_DAYS'?" in str(found[0].hint)
    # One slip is said once: the other checks wait for it to be mended.
    assert checks.check_factors() == []
    assert checks.check_deploy() == []


def test_without_the_setting_all_is_well(settings):
    del settings.DJANGO_MFA
    assert checks.check_settings() == []


IMPOSSIBLE = [
    {"TOTP": {"DIGITS": 7}},
    {"TOTP": {"ALGORITHM": "MD5"}},
    {"TOTP": {"PERIOD": 0}},
    {"TOTP": {"WINDOW": -1}},
    {"TOTP": {"WINDOW": 11}},
    {"LIMITS": {"DEVICE_CAP": 0}},
    {"LIMITS": {"DEVICE_CAP": 101, "MAX_DEVICES": 0}},
    {"LIMITS": {"RECOVERY_CAP": 0}},
    {"LIMITS": {"RECOVERY_CAP": 101}},
    {"LIMITS": {"FAILURES": 0}},
    {"LIMITS": {"MAX_DEVICES": 6}},
    {"LIMITS": {"LOCK": 0}},
    {"LIMITS": {"FAILURE_WINDOW": 0}},
    {"LIMITS": {"ADDRESS_WINDOW": 0}},
    {"LIMITS": {"ADDRESS_FAILURES": -1}},
    {"LIMITS": {"TRUSTED_PROXIES": -1}},
    {"LIMITS": {"MAX_DEVICES": -1}},
    {"RECOVERY_CODES": {"COUNT": 101}},
    {"RECOVERY_CODES": {"LENGTH": 64}},
    {"RECOVERY_CODES": {"ALPHABET": "ABCDEFGH-JKLMNPQR"}},
    {"RECOVERY_CODES": {"ALPHABET": "ABCDEFGH JKLMNPQR"}},
    {"RECOVERY_CODES": {"ALPHABET": "äöüßABCDEFGHJKLMNP"}},
    {"RECOVERY_CODES": {"WARN_AT": -1}},
    {"RECOVERY_CODES": {"COST": 0}},
    {"RECOVERY_CODES": {"COST": 21}},
    {"PENDING_LOGIN_TTL": 0},
    {"SETUP_TTL": 0},
    {"GRACE_DAYS": -1},
    {"REMINDER_DAYS": ["3"]},
    {"REMINDER_DAYS": [-1]},
    {"POLICY_SNAPSHOT": -1},
    {"STEP_UP": {"MAX_AGE": 0}},
    {"STEP_UP": {"FORM_TTL": 0}},
    {"SESSIONS": {"PROOF_AGE": -1}},
    {"SESSIONS": {"ABSOLUTE_AGE": -1}},
    {"SESSIONS": {"BIND": ["ip"]}},
    {"TRUSTED_DEVICES": {"DAYS": 0}},
    {"TRUSTED_DEVICES": {"MAX": 0}},
    {"APPROVALS": {"TTL": 0}},
    {"APPROVALS": {"SECOND_PERSON_TTL": 0}},
    {"CONTENT_SECURITY_POLICY": "default-src 'self'\nSet-Cookie: a=b"},
    {"POLICIES": ["staff"]},
    {"POLICIES": [{"who": "staff", "grace_days": -1}]},
    {"POLICIES": [{"who": "staff", "grace_days": True}]},
    {"APP_PASSWORDS": {"SCOPES": {}}},
    {"APP_PASSWORDS": {"SCOPES": {"read mail": "Read mail"}}},
    {"APP_PASSWORDS": {"SCOPES": {1: "Read mail"}}},
    {"APP_PASSWORDS": {"MAX_AGE_DAYS": -1}},
    {"APP_PASSWORDS": {"MAX_PER_USER": 0}},
    {"POLICIES": ["staff"]},
    {"POLICIES": [{"grace_days": 3}]},
    {"POLICIES": [{"who": "staff", "grace_days": "3"}]},
    {"POLICIES": [{"who": "staff", "grace_days": None}]},
    {"GRACE_DAYS": -1},
    {"GRACE_DAYS": 10**12},
    {"REMINDER_DAYS": ["x"]},
    {"REMINDER_DAYS": [-1]},
    {"PENDING_LOGIN_TTL": 0},
    {"STEP_UP": {"MAX_AGE": 0}},
    {"SESSIONS": {"PROOF_AGE": -1}},
    {"SESSIONS": {"BIND": ["browsr"]}},
    {"SESSIONS": {"BIND": [["browser"]]}},
    {"APPROVALS": {"TTL": 0}},
    {"TRUSTED_DEVICES": {"MAX": 0}},
    {"SSO": {"AMR_MAP": {"mfa": "aal2"}}},
    {"SSO": {"AMR_MAP": {"mfa": {"acr": "AAL2"}}}},
    {"SSO": {"AMR_MAP": {"mfa": {"phising_resistant": True}}}},
    {"SSO": {"AMR_MAP": {"mfa": {"phishing_resistant": "no"}}}},
]


@pytest.mark.parametrize("values", IMPOSSIBLE, ids=str)
def test_an_impossible_value_stops_the_site(settings, values):
    say(settings, **values)
    (found,) = checks.check_settings()
    assert found.id == "django_mfa.E002"
    assert isinstance(found, django_checks.Error)
    assert found.hint
    # One slip is said once here as well.
    assert checks.check_policies() == []


POSSIBLE = [
    {"TOTP": {"DIGITS": 8, "ALGORITHM": "SHA512", "PERIOD": 1, "WINDOW": 0}},
    {"TOTP": {"ALGORITHM": "SHA256", "WINDOW": 10}},
    {"LIMITS": {"DEVICE_CAP": 100, "MAX_DEVICES": 1, "RECOVERY_CAP": 100}},
    {"LIMITS": {"DEVICE_CAP": 1, "RECOVERY_CAP": 1, "FAILURES": 1}},
    {"APP_PASSWORDS": {"SCOPES": {"mail.read:all": "Read mail"}}},
    {"APP_PASSWORDS": {"MAX_AGE_DAYS": 0, "MAX_PER_USER": 1}},
    {"RECOVERY_CODES": {"LENGTH": 63, "COUNT": 100, "COST": 20, "WARN_AT": 0}},
    {"RECOVERY_CODES": {"COUNT": 1, "COST": 1, "ALPHABET": "abcdefghijkLMNOPQ"}},
    {"LIMITS": {"ADDRESS_FAILURES": 0, "MAX_DEVICES": 0}},
    {"SESSIONS": {"BIND": ["browser", "address"]}},
    {"REMINDER_DAYS": [], "GRACE_DAYS": 0, "POLICY_SNAPSHOT": 0},
    {"POLICIES": []},
    {"POLICIES": [{"who": "everyone"}, {"who": len, "grace_days": 0}]},
    {"GRACE_DAYS": 0, "REMINDER_DAYS": [], "STEP_UP": {"MAX_AGE": 1}},
    {"SESSIONS": {"BIND": ["address", "browser"], "PROOF_AGE": 0}},
    {
        "SSO": {
            "AMR_MAP": {"hwk": {"acr": "aal3", "phishing_resistant": True}, "otp": {}}
        }
    },
]


@pytest.mark.parametrize("values", POSSIBLE, ids=str)
def test_a_possible_value_does_not(settings, values):
    say(settings, **values)
    assert checks.check_settings() == []


def test_a_site_without_the_middleware_is_stopped(settings):
    settings.MIDDLEWARE = [SESSIONS, AUTH]
    (found,) = checks.check_middleware()
    assert found.id == "django_mfa.E003"
    assert OURS in str(found.hint)


@pytest.mark.parametrize(
    ("order", "early"),
    [
        ([SESSIONS, AUTH, OURS], []),
        ([SESSIONS, OURS, AUTH], [AUTH]),
        ([OURS, SESSIONS, AUTH], [SESSIONS, AUTH]),
        ([OURS], [SESSIONS, AUTH]),
        ([SESSIONS, OURS], [AUTH]),
    ],
)
def test_a_wrong_order_stops_the_site(settings, order, early):
    settings.MIDDLEWARE = order
    found = checks.check_middleware()
    assert ids(found) == ["django_mfa.E004"] * len(early)
    for message, name in zip(found, early, strict=True):
        assert name in message.msg
        assert name in str(message.hint)


@pytest.mark.urls("tests.test_checks")
def test_a_site_without_the_pages_is_stopped():
    (found,) = checks.check_urls()
    assert found.id == "django_mfa.E005"


urlpatterns: list = []


def test_a_site_without_addresses_is_said_by_django(settings):
    settings.ROOT_URLCONF = "tests.test_clock"
    assert checks.check_urls() == []


@pytest.mark.parametrize(
    "names",
    [
        ["no_such"],
        ["no.such.Factor"],
        ["django_mfa.factors.totp.NoFactor"],
        ["recovery_code"],
        [],
        ["django_mfa.clock.now", "totp"],
        [3],
    ],
    ids=str,
)
def test_a_factor_that_is_none_stops_the_site(settings, names):
    say(settings, FACTORS=names)
    (found,) = checks.check_factors()
    assert found.id == "django_mfa.E006"
    assert found.hint


def test_right_factors_do_not(settings):
    say(settings, FACTORS=["totp"])
    assert checks.check_factors() == []


@pytest.mark.parametrize("name", checks.OTHERS)
def test_another_app_for_the_same_is_warned_of(monkeypatch, name):
    monkeypatch.setattr("django.apps.apps.is_installed", lambda app: app == name)
    (found,) = checks.check_others()
    assert found.id == "django_mfa.W002"
    assert name in found.msg


def test_the_distribution_of_the_same_module_is_warned_of(monkeypatch):
    monkeypatch.setattr(neighbours.metadata, "distribution", lambda name: name)
    (found,) = checks.check_others()
    assert found.id == "django_mfa.W001"
    assert "django-mfa-suite" in str(found.hint)


def test_our_own_distribution_is_not_taken_for_another(monkeypatch):
    asked = []

    def missing(name):
        asked.append(name)
        raise metadata.PackageNotFoundError

    monkeypatch.setattr(neighbours.metadata, "distribution", missing)
    assert checks.check_others() == []
    assert asked == ["django-mfa"]


SAFE = {"ENCRYPTION_KEYS": ["k" * 40], "POLICIES": [{"who": "staff"}]}


def test_a_careful_site_is_not_warned(settings):
    say(settings, **SAFE)
    assert checks.check_deploy() == []


@pytest.mark.parametrize(
    ("number", "values"),
    [
        (101, {"ENCRYPTION_KEYS": []}),
        (102, {"RECOVERY_CODES": {"COST": 13}}),
        (104, {"LIMITS": {"ADDRESS_FAILURES": 0}}),
        (105, {"POLICIES": []}),
        (112, {"TOTP": {"WINDOW": 2}}),
        (113, {"LIMITS": {"FAILURES": 6}}),
        (113, {"LIMITS": {"FAILURE_WINDOW": 899}}),
        (113, {"LIMITS": {"LOCK": 1799}}),
        (113, {"LIMITS": {"DEVICE_CAP": 21, "MAX_DEVICES": 4}}),
        (114, {"STEP_UP": {"MAX_AGE": 901}}),
        (115, {"NOTICES": {"ENABLED": False}}),
        (116, {"APP_PASSWORDS": {"MAX_AGE_DAYS": 0}}),
        (117, {"TRUSTED_DEVICES": {"ENABLED": True, "DAYS": 31}}),
    ],
)
def test_a_less_safe_choice_is_warned_of(settings, number, values):
    say(settings, **{**SAFE, **values})
    (found,) = checks.check_deploy()
    assert found.id == f"django_mfa.W{number}"
    assert isinstance(found, django_checks.Warning)
    assert found.hint


@pytest.mark.parametrize(
    "values",
    [
        {"TOTP": {"WINDOW": 0}},
        {"LIMITS": {"FAILURES": 3, "FAILURE_WINDOW": 901, "LOCK": 1801}},
        {"LIMITS": {"DEVICE_CAP": 10}},
        {"STEP_UP": {"MAX_AGE": 60}},
        {"APP_PASSWORDS": {"MAX_AGE_DAYS": 0, "ENABLED": False}},
        {"TRUSTED_DEVICES": {"DAYS": 31}},
        {"SENDS": {"USER_HOUR": 0}},  # nothing is sent
    ],
    ids=str,
)
def test_a_choice_that_is_as_safe_is_not(settings, values):
    say(settings, **{**SAFE, **values})
    assert checks.check_deploy() == []


@pytest.mark.parametrize(
    ("sends", "named"),
    [
        ({}, ""),
        ({"KEEP_DAYS": 0}, ""),
        ({"USER_DAY": 0, "BREAKER_SENDS": 0}, "USER_DAY, BREAKER_SENDS"),
    ],
)
def test_sending_without_a_limit_is_warned_of(settings, sends, named):
    sms = {"GATEWAYS": ["twilio"], "COUNTRIES": ["DE"]}
    say(settings, **SAFE, FACTORS=["totp", "sms"], SMS=sms, SENDS=sends)
    found = [each for each in checks.check_deploy() if each.id == "django_mfa.W135"]
    assert len(found) == bool(named)
    assert all(named in each.msg for each in found)


@pytest.mark.parametrize("name", ["default", "limits"])
def test_a_cache_that_forgets_is_warned_of(settings, name):
    say(settings, **SAFE)
    settings.CACHES = {
        "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
        name: {"BACKEND": "django.core.cache.backends.dummy.DummyCache"},
    }
    settings.RATELIMIT_USE_CACHE = name
    (found,) = checks.check_deploy()
    assert found.id == "django_mfa.W104"


def test_sessions_in_cookies_are_warned_of(settings):
    say(settings, **SAFE)
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"
    assert ids(checks.check_deploy()) == ["django_mfa.W103"]


# Policies


def test_a_policy_nobody_can_meet_stops_the_site(settings):
    say(settings, POLICIES=[{"who": "staff", "allowed_factors": ["pigeon"]}])
    assert ids(checks.check_policies()) == ["django_mfa.E008"]
    say(settings, POLICIES=[{"who": "staff", "allowed_factors": ["totp"]}])
    assert checks.check_policies() == []


def test_a_setting_that_cannot_be_read_has_no_policies_to_look_at(settings):
    say(settings, POLICY=[])
    assert checks.check_policies() == []


def test_a_policy_of_the_admin_nobody_can_meet_is_warned_of(db):
    Policy.objects.create(name="Strict", who="staff", minimum_strength="aal9")
    assert ids(checks.check_policy_rows(databases=["default"])) == ["django_mfa.W005"]
    assert checks.check_policy_rows(databases=None) == []
    Policy.objects.update(active=False)
    assert checks.check_policy_rows(databases=["default"]) == []


def test_a_policy_of_the_admin_met_by_codes_on_the_way_alone_is_warned_of(db, settings):
    say(settings, FACTORS=["totp", "sms", "email", "recovery_code"])
    Policy.objects.create(name="Loose", who="staff", allowed_factors=["totp", "sms"])
    assert checks.check_policy_rows(databases=["default"]) == []
    Policy.objects.create(name="Weak", who="staff", allowed_factors=["email", "sms"])
    (found,) = checks.check_policy_rows(databases=["default"])
    assert found.id == "django_mfa.W004"
    assert "Only sms and email can meet policy 'Weak'" in found.msg


@pytest.mark.parametrize(
    ("who", "backends", "warned"),
    [
        ("group:Staff", [MODEL], False),
        ("group:Stuff", [MODEL], True),
        ("permission:auth.add_group", [MODEL], False),
        ("permission:auth.ad_group", [MODEL], True),
        ("permission:no_dot", [MODEL], True),
        ("permission:of.rules", [MODEL, f"{__name__}.Rules"], False),
        ("group:Nobody", [f"{__name__}.Rules"], True),
    ],
)
def test_a_policy_for_a_group_that_is_not_there_is_warned_of(
    db, settings, who, backends, warned
):
    Group.objects.create(name="Staff")
    settings.AUTHENTICATION_BACKENDS = backends
    say(settings, POLICIES=[{"who": who}])
    found = checks.check_policy_rows(databases=["default"])
    assert ids(found) == ["django_mfa.W005"] * warned
    if warned:
        assert "concerns nobody" in found[0].msg


def test_a_policy_of_the_admin_is_held_against_those_of_the_settings(db, settings):
    say(settings, POLICIES=[{"who": "everyone", "allowed_factors": ["totp"]}])
    Policy.objects.create(name="Keys", who="staff", allowed_factors=["passkey"])
    (found,) = checks.check_policy_rows(databases=["default"])
    assert "Nobody can meet policy 'Keys' and those for everyone" in found.msg


def test_a_warning_of_the_settings_hides_none_of_the_admin(db, settings):
    by_mail = {"who": "everyone", "allowed_factors": ["email"]}
    say(settings, FACTORS=["passkey", "email"], POLICIES=[by_mail])
    assert ids(checks.check_policies()) == ["django_mfa.W004"]
    Policy.objects.create(name="Keys", who="staff", allowed_factors=["passkey"])
    assert ids(checks.check_policy_rows(databases=["default"])) == ["django_mfa.W005"]


@pytest.mark.parametrize(
    "policies", [["staff"], [None], [{"who": 5}], {"who": "staff"}]
)
def test_policies_of_another_shape_break_no_check(db, settings, policies):
    say(settings, POLICIES=policies)
    found = [*checks.check_settings(), *checks.check_policies()]
    assert len(found) == 1
    assert checks.check_policy_rows(databases=["default"]) == []


def test_before_the_first_migration_there_are_no_policies(monkeypatch):
    def missing(**kwargs):
        raise OperationalError

    monkeypatch.setattr(Policy.objects, "filter", missing)
    assert checks.check_policy_rows(databases=["default"]) == []
