from __future__ import annotations

import gc

import pytest
from django.apps import apps
from django.contrib.auth.signals import user_logged_in
from django.core.exceptions import ImproperlyConfigured

import django_mfa.apps
from django_mfa import signals
from django_mfa.flows.gate import meet_login


def receivers(signal) -> list[str]:
    return [key[0] for key, *_ in signal.receivers]


def test_the_gate_is_shut_once_the_app_is_ready():
    assert receivers(user_logged_in).count("django_mfa.gate") == 1
    live = [each for each in user_logged_in._live_receivers(None)[0]]  # noqa: C416
    assert meet_login in live


def test_the_audit_log_listens_to_every_event():
    for name, signal in signals.EVENTS.items():
        assert receivers(signal).count(f"django_mfa.audit.{name}") == 1


def test_getting_ready_twice_connects_nothing_twice():
    before = {name: len(each.receivers) for name, each in signals.EVENTS.items()}
    apps.get_app_config("django_mfa").ready()
    after = {name: len(each.receivers) for name, each in signals.EVENTS.items()}
    assert after == before
    assert receivers(user_logged_in).count("django_mfa.gate") == 1


def test_the_guarded_admin_is_found_where_the_documents_say():
    config = django_mfa.apps.MFAAdminConfig
    assert isinstance(apps.get_app_config("admin"), config)
    assert config.default_site == "django_mfa.admin.site.MFAAdminSite"


def test_the_guarded_admin_says_that_the_package_was_forgotten(monkeypatch):
    monkeypatch.setattr(apps, "is_installed", lambda name: name != "django_mfa")
    with pytest.raises(ImproperlyConfigured, match="'django_mfa' in INSTALLED_APPS"):
        apps.get_app_config("admin").ready()


def test_there_are_no_other_names():
    with pytest.raises(AttributeError, match="no attribute 'NoSuchConfig'"):
        django_mfa.apps.NoSuchConfig  # noqa: B018  # the look is what is tested


def test_keys_of_our_tables_are_big():
    config = apps.get_app_config("django_mfa")
    assert config.default_auto_field == "django.db.models.BigAutoField"


@pytest.fixture
def collector():
    was_enabled = gc.isenabled()
    yield gc
    gc.unfreeze()
    (gc.enable if was_enabled else gc.disable)()


@pytest.mark.parametrize("enabled", [True, False])
def test_the_collector_is_left_as_it_was_found(collector, enabled):
    (gc.enable if enabled else gc.disable)()
    with django_mfa.apps.only_lasting_objects():
        assert not gc.isenabled()
    assert gc.isenabled() is enabled
    assert gc.get_freeze_count() == 0


def test_what_a_site_froze_stays_frozen(collector):
    gc.freeze()
    with django_mfa.apps.only_lasting_objects():
        pass
    assert gc.get_freeze_count() > 0
