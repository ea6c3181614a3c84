from __future__ import annotations

import pytest

from django_mfa.checks import check_issuers
from django_mfa.clients.issuer import Issuer


@pytest.fixture
def issuers(settings):
    def name(*names):
        settings.DJANGO_MFA = {"API": {"ISSUERS": names}}
        return [(each.id, each.msg) for each in check_issuers()]

    return name


def test_issuers_that_are_there_are_fine(issuers):
    assert issuers("session") == []
    assert issuers("session", "django_mfa.clients.issuer.Issuer") == []


def test_an_issuer_must_be_named(issuers):
    assert issuers() == [
        ("django_mfa.E009", 'DJANGO_MFA["API"]["ISSUERS"]: No issuer is named.')
    ]


@pytest.mark.parametrize(
    "name", ["jwtt", "django_mfa.nothing.X", "django_mfa.conf.get"]
)
def test_what_is_no_issuer_is_told(issuers, name):
    assert [code for code, _text in issuers(name)] == ["django_mfa.E009"]


def test_tokens_want_their_table(issuers, settings):
    settings.INSTALLED_APPS = [
        app for app in settings.INSTALLED_APPS if app != "rest_framework.authtoken"
    ]
    (_code, text), *rest = issuers("token")
    assert "table" in text
    assert not rest


def test_jwt_wants_its_package(issuers, monkeypatch):
    monkeypatch.setattr("django_mfa.clients.problems.find_spec", lambda name: None)
    (_code, text), *rest = issuers("jwt")
    assert "simplejwt" in text
    assert not rest


def test_an_issuer_by_default_knows_nobody():
    issuer = Issuer()
    assert issuer.authenticators() == ()
    assert issuer.store_of(None, None, whole=True) is None
    assert issuer.renew(None, None) == {}
    with pytest.raises(NotImplementedError):
        issuer.issue(None, None)
