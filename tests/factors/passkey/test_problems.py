from __future__ import annotations

from typing import Any

import pytest
from django.core.checks import run_checks

from django_mfa import conf
from django_mfa.factors.passkey import problems


def passkey(**given: Any) -> conf.Passkey:
    return conf.Passkey(**given)


def ids(settings, *, deploy: bool = False, **given: Any) -> set[str]:
    settings.DJANGO_MFA = {**settings.DJANGO_MFA, "PASSKEY": given}
    found = run_checks(include_deployment_checks=deploy)
    return {str(each.id) for each in found if str(each.id).startswith("django_mfa")}


def test_the_defaults_are_fine():
    assert list(problems.impossible(passkey())) == []
    assert list(problems.bad_names(passkey())) == []


@pytest.mark.parametrize(
    "name",
    [
        "https://example.com",
        "example.com:8000",
        "example.com/path",
        "192.0.2.1",
        "[::1]",
        "Example.com",
        "example.com.",
        "bücher.example",
        "intranet",
    ],
)
def test_an_rp_id_that_browsers_refuse_is_an_error(settings, name):
    assert "django_mfa.E007" in ids(settings, RP_ID=name)


@pytest.mark.parametrize("name", ["example.com", "localhost", "rp.localhost", ""])
def test_a_domain_is_an_rp_id(settings, name):
    assert "django_mfa.E007" not in ids(settings, RP_ID=name)


@pytest.mark.parametrize(
    "origin",
    [
        "example.com",
        "http://example.com",
        "https://example.com/",
        "https://example.com/path",
        "https://user@example.com",
        "https://Example.com",
        "ftp://example.com",
        "https://",
        7,
    ],
)
def test_an_origin_that_no_browser_sends_is_an_error(settings, origin):
    assert "django_mfa.E007" in ids(settings, RP_ID="example.com", ORIGINS=[origin])


@pytest.mark.parametrize(
    "origin",
    [
        "https://example.com",
        "https://example.com:8443",
        "http://localhost:8000",
        "android:apk-key-hash:abcDEF_-",
    ],
)
def test_an_origin_of_site_or_app_is_fine(settings, origin):
    assert "django_mfa.E007" not in ids(settings, ORIGINS=[origin])


def test_origins_that_are_computed_cannot_be_looked_at():
    assert list(problems.bad_names(passkey(ORIGINS=lambda host: ["?"]))) == []
    for path in ("django.utils.html.escape", "testproject.site.people.names"):
        assert list(problems.bad_names(passkey(ORIGINS=path, RP_ID=path))) == []


def test_one_origin_may_stand_without_a_list(settings):
    for found in ("https://example.com", ["https://example.com"]):
        assert "django_mfa.E007" not in ids(settings, ORIGINS=found)
    local = {"RP_ID": "localhost", "ORIGINS": "http://localhost:8000"}
    assert "django_mfa.W109" in ids(settings, deploy=True, **local)


@pytest.mark.parametrize(
    "given",
    [
        {"ORIGINS": "no.such.path"},
        {"ORIGINS": "example.com"},
        {"ORIGINS": "https://example.com/"},
        {"RP_ID": "testproject.site.people.no_such_name"},
        {"RP_ID": "example..com"},
        {"RP_ID": "exam ple.com"},
    ],
    ids=str,
)
def test_a_path_that_leads_nowhere_is_an_error(settings, given):
    assert "django_mfa.E007" in ids(settings, **given)


@pytest.mark.parametrize(
    "given",
    [
        {"USER_VERIFICATION": "always"},
        {"RESIDENT_KEY": "yes"},
        {"ATTACHMENT": "usb"},
        {"CLONE": "ignore"},
        {"ATTESTATION": "full"},
        {"HINTS": ["phone"]},
        {"ALGORITHMS": [-7, -35]},
        {"ALGORITHMS": []},
        {"TIMEOUT": 0},
        {"TIMEOUT": 601},
        {"MDS_ROOT": "/no/such/file.pem"},
        {"ATTESTATION_ROOTS": {"packed": ["/no/such/file.pem"]}},
        {"ATTESTATION": "direct"},
    ],
    ids=str,
)
def test_what_cannot_be_is_an_error(settings, given):
    assert "django_mfa.E002" in ids(settings, **given)


def test_a_site_without_a_name_is_told_that_passkeys_are_not_offered(settings):
    settings.ALLOWED_HOSTS = ["*", ".example.com"]
    assert "django_mfa.W003" in ids(settings)
    assert "django_mfa.W003" not in ids(settings, RP_ID="example.com")
    settings.DJANGO_MFA = {"FACTORS": ["totp"]}
    assert "django_mfa.W003" not in {each.id for each in run_checks()}


@pytest.mark.parametrize(
    ("number", "given"),
    [
        (106, {"CLONE": "log"}),
        (107, {"TOP_ORIGINS": ["https://partner.example"]}),
        (108, {"AAGUIDS_ALLOWED": ["x"]}),
        (109, {"ORIGINS": ["http://localhost:8000"]}),
        (110, {"DECOYS": False}),
    ],
)
def test_what_is_less_safe_is_said_on_deployment(settings, number, given):
    assert f"django_mfa.W{number}" in ids(settings, deploy=True, **given)
    assert f"django_mfa.W{number}" not in ids(settings, deploy=True)
