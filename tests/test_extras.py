from __future__ import annotations

import subprocess
import sys
from importlib import import_module

import pytest
from django.core.exceptions import ImproperlyConfigured

from django_mfa import extras


def test_a_package_that_is_there_is_imported():
    assert extras.require("json").loads("1") == 1


def test_a_missing_package_is_named_with_the_pip_line():
    with pytest.raises(extras.MissingExtra) as caught:
        extras.require("no_such_package", extra="sms-twilio")
    assert str(caught.value) == (
        "'no_such_package' is not installed. Run:"
        ' pip install "django-mfa-suite[sms-twilio]"'
    )
    assert isinstance(caught.value, ImproperlyConfigured)
    assert isinstance(caught.value.__cause__, ImportError)


def test_a_missing_package_of_the_bare_install_names_the_distribution():
    with pytest.raises(extras.MissingExtra, match=r'pip install "django-mfa-suite"$'):
        extras.require("no_such_package")


def test_a_lazy_package_is_imported_when_a_name_is_looked_at():
    lazy = extras.lazy("no_such_package", extra="geoip")
    with pytest.raises(extras.MissingExtra, match="geoip"):
        lazy.anything  # noqa: B018  # the look is what is tested


def test_a_lazy_package_keeps_what_it_found():
    lazy = extras.lazy("json")
    assert lazy.loads is lazy.loads
    assert "loads" in vars(lazy)


def test_a_lazy_package_has_no_names_but_its_own():
    with pytest.raises(AttributeError):
        extras.lazy("json").no_such_name  # noqa: B018  # the look is what is tested


def test_a_function_is_loaded_when_it_is_called():
    missing = extras.later("no_such_package.somewhere.act")
    assert (missing.__module__, missing.__name__) == (
        "no_such_package.somewhere",
        "act",
    )
    with pytest.raises(extras.MissingExtra):
        missing()
    assert extras.later("json.loads")("[1]", parse_int=str) == ["1"]


def test_what_is_heavy_is_not_imported_at_the_start():
    program = (
        "import sys, django\n"
        "from django.conf import settings\n"
        "apps = ['auth', 'contenttypes', 'sessions']\n"
        "apps = ['django.contrib.' + app for app in apps]\n"
        "settings.configure(INSTALLED_APPS=[*apps, 'django_mfa'])\n"
        "django.setup()\n"
        "import django_mfa.middleware, django_mfa.urls\n"
        "from django.urls.resolvers import RegexPattern, URLResolver\n"
        "URLResolver(RegexPattern(''), 'django_mfa.urls')._populate()\n"
        "heavy = {'webauthn', 'cryptography', 'qrcode', 'pyotp', 'rest_framework',"
        " 'twilio', 'boto3', 'geoip2', 'sklearn', 'django.contrib.admin',"
        " 'phonenumbers', 'django_mfa.factors.sms.gateways',"
        " 'django_mfa.checks.settings', 'django_mfa.flows.enrol',"
        " 'django_mfa.notifications.mail', 'django_mfa.web.views.login'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program],
        capture_output=True,
        check=True,
        text=True,
    )
    assert done.stdout.strip() == "[]"


def test_the_api_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "rest_framework", None)
    for name in ("django_mfa.api.urls", "django_mfa.api.views"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    with pytest.raises(extras.MissingExtra, match=r'"django-mfa-suite\[api\]"$'):
        import_module("django_mfa.api.urls")
