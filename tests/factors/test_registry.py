from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

import pytest

from django_mfa.errors import DeviceNotFound, FactorNotAvailable
from django_mfa.factors import registry
from django_mfa.factors.recovery_code import RecoveryCodeFactor
from django_mfa.factors.recovery_code.models import RecoveryCodeSet
from django_mfa.factors.totp import TOTPFactor
from django_mfa.factors.totp.models import TOTPDevice
from django_mfa.testing import add_recovery_codes, add_totp, freeze
from tests.stories import queries


def use(settings, *names: str) -> None:
    settings.DJANGO_MFA = {**settings.DJANGO_MFA, "FACTORS": list(names)}


def test_the_factors_of_a_site_come_in_the_order_of_the_settings(settings):
    assert list(registry.factors()) == ["passkey", "totp", "recovery_code"]
    use(settings, "recovery_code", "totp")
    assert list(registry.factors()) == ["recovery_code", "totp"]


def test_our_factors_have_short_names_and_others_dotted_paths(settings):
    use(settings, "totp", "django_mfa.factors.recovery_code.RecoveryCodeFactor")
    assert isinstance(registry.get("totp"), TOTPFactor)
    assert isinstance(registry.get("recovery_code"), RecoveryCodeFactor)


def test_a_factor_that_is_off_or_unknown_is_not_available(settings):
    use(settings, "totp")
    for slug in ("recovery_code", "no_such"):
        with pytest.raises(FactorNotAvailable):
            registry.get(slug)


def test_who_has_nothing_has_nothing(user):
    assert registry.enrolled(user) == []


def test_devices_of_all_factors_come_in_one_query_the_strongest_first(user):
    add_recovery_codes(user)
    with freeze(2_000_000_000):
        add_totp(user, name="Second")
    with freeze(1_900_000_000):
        add_totp(user, name="First")
    with queries() as seen:
        found = registry.enrolled(user)
    assert len(seen) == 1
    assert [each.factor for each in found] == ["totp", "totp", "recovery_code"]
    assert [each.name for each in found][:2] == ["First", "Second"]


def test_a_device_in_a_list_is_what_the_row_says(user):
    at = datetime(2026, 1, 1, tzinfo=UTC)
    add_totp(user, name="Phone", uses=3, last_used=at, disabled_at=at)
    add_recovery_codes(user)
    row = TOTPDevice.objects.get()
    found = registry.enrolled(user)[0]
    assert found == registry.Enrolled(
        "totp", row.public_id, "Phone", row.created, at, 3, at
    )
    assert isinstance(found.public_id, uuid.UUID)
    assert found.created.tzinfo is not None
    assert isinstance(found.kind, TOTPFactor)
    assert "secret" not in repr(found)


def test_devices_of_others_and_unconfirmed_ones_are_not_in_the_list(make_user):
    alice, bob = make_user("alice"), make_user("bob")
    add_totp(bob)
    TOTPFactor().new_device(alice)
    assert registry.enrolled(alice) == []


def test_a_site_with_one_factor_lists_it(user, settings):
    use(settings, "totp")
    add_recovery_codes(user)
    add_totp(user)
    assert [each.factor for each in registry.enrolled(user)] == ["totp"]


def test_recovery_codes_alone_make_nobody_protected(user):
    add_recovery_codes(user)
    assert registry.primary(registry.enrolled(user)) == []
    add_totp(user)
    found = registry.primary(registry.enrolled(user))
    assert [each.factor for each in found] == ["totp"]


def test_a_device_is_found_by_its_public_id(user):
    add_totp(user)
    add_recovery_codes(user)
    for row in (TOTPDevice.objects.get(), RecoveryCodeSet.objects.get()):
        assert registry.find(user, row.public_id) == row
        assert registry.find(user, str(row.public_id)) == row


def test_what_is_not_ones_own_is_not_found(make_user):
    alice, bob = make_user("alice"), make_user("bob")
    add_totp(bob)
    for public_id in (TOTPDevice.objects.get().public_id, uuid.uuid4()):
        with pytest.raises(DeviceNotFound):
            registry.find(alice, public_id)


def test_what_is_not_confirmed_is_not_found(user):
    TOTPFactor().new_device(user)
    with pytest.raises(DeviceNotFound):
        registry.find(user, TOTPDevice.objects.get().public_id)


def test_the_list_is_ordered_by_when_devices_were_added(user):
    with freeze() as moving:
        for name in ("a", "b", "c"):
            moving.tick(timedelta(seconds=1))
            add_totp(user, name=name)
    assert [each.name for each in registry.enrolled(user)] == ["a", "b", "c"]
