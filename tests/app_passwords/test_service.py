from __future__ import annotations

import re

import pytest
from django.contrib.auth import get_user_model
from django_otp import devices_for_user

from django_mfa import clock, crypto
from django_mfa.app_passwords import service
from django_mfa.app_passwords.models import AppPassword
from django_mfa.testing import add_app_password, freeze
from django_mfa.values import Secret

HERE, NEAR, THERE = "192.0.2.1", "192.0.2.99", "198.51.100.7"
KEYS = ["a" * 40, "b" * 40]


@pytest.fixture(autouse=True)
def moving():
    with freeze(1_700_000_010) as frozen:
        yield frozen


def issue(user, **options):
    options = {"name": "Script", "scopes": ["read"], "expires": None, **options}
    return service.issue(user, address=HERE, **options)


def row_of(user):
    return AppPassword.objects.get(user=user)


def test_it_holds_128_random_bits_behind_a_mark_that_scanners_find(user):
    secrets = {issue(user)[1] for _ in range(50)}
    assert len(secrets) == 50
    parts = [re.fullmatch(r"djmfa_([0-9a-f]{12})_([0-9a-f]{32})", s) for s in secrets]
    assert len({part[1] for part in parts}) == len({part[2] for part in parts}) == 50
    seen = [set(column) for column in zip(*(part[2] for part in parts), strict=True)]
    assert all(len(signs) > 8 for signs in seen)


def test_the_row_holds_a_keyed_digest_and_nothing_to_read(user):
    row, secret = issue(user)
    assert isinstance(secret, Secret)
    stored = AppPassword.objects.values().get(pk=row.pk)
    assert secret[-32:] not in repr(stored)
    assert re.fullmatch("[0-9a-f]{64}", stored["digest"])
    assert secret[-32:] not in f"{row!r}{row}"
    assert repr(secret) == "<secret>"


def test_it_is_found_by_all_of_it(user):
    row, secret = issue(user)
    found = service.find(secret)
    assert found == row
    assert found.user == user


@pytest.mark.parametrize(
    "change",
    [
        lambda s: s[:-1],
        lambda s: s + "0",
        lambda s: s[:-1] + ("0" if s[-1] != "0" else "1"),
        lambda s: s.upper(),
        lambda s: s + "\n",
        lambda s: " " + s,
        lambda s: s.replace("_", "-"),
        lambda s: "djmfa_" + "0" * 12 + "_" + s[-32:],
        lambda s: s[:-1] + "\u0661",
        lambda s: "",
        lambda s: "djmfa_",
        lambda s: s * 10_000,
    ],
)
def test_anything_else_finds_nothing(user, change):
    _row, secret = issue(user)
    assert service.find(change(str(secret))) is None


def test_the_secret_of_one_row_does_not_open_another(user):
    (first, secret), (second, _) = issue(user), issue(user)
    assert service.find(secret.replace(first.lookup, second.lookup)) is None
    # Nor does a digest that was copied over in the table.
    AppPassword.objects.filter(pk=second.pk).update(digest=first.digest)
    assert service.find(secret.replace(first.lookup, second.lookup)) is None


def test_an_unknown_one_is_compared_as_a_known_one_is(user, monkeypatch):
    _row, secret = issue(user)
    seen = []
    real = service.constant_time_compare
    monkeypatch.setattr(
        service,
        "constant_time_compare",
        lambda a, b: seen.append((len(a), len(b))) or real(a, b),
    )
    service.find(secret)
    service.find("djmfa_" + "0" * 12 + "_" + "0" * 32)
    service.find("nonsense")
    assert seen == [(64, 64)] * 3


def test_a_digest_by_an_older_key_holds_and_is_renewed_by_use(user, settings):
    settings.DJANGO_MFA = {"ENCRYPTION_KEYS": KEYS[:1]}
    row, secret = issue(user)
    settings.DJANGO_MFA = {"ENCRYPTION_KEYS": KEYS[::-1]}
    assert service.note(service.find(secret), HERE)
    settings.DJANGO_MFA = {"ENCRYPTION_KEYS": KEYS[1:]}
    assert service.find(secret) == row


def test_without_its_key_it_opens_nothing(user, settings):
    settings.DJANGO_MFA = {"ENCRYPTION_KEYS": KEYS[:1]}
    _row, secret = issue(user)
    settings.DJANGO_MFA = {"ENCRYPTION_KEYS": KEYS[1:]}
    assert service.find(secret) is None


def test_a_digest_depends_on_key_text_and_purpose(settings):
    settings.DJANGO_MFA = {"ENCRYPTION_KEYS": KEYS}
    by_both = crypto.keyed_digests("text", "one")
    assert by_both[0] == crypto.keyed_digest("text", "one")
    others = [crypto.keyed_digest("text", "two"), crypto.keyed_digest("texts", "one")]
    assert len({*by_both, *others}) == 4


def test_a_use_is_noted_once_a_minute(user, moving):
    row, _secret = issue(user)
    assert service.must_be_noted(row, HERE)
    assert service.note(row, HERE)
    row = row_of(user)
    assert (row.last_used, row.last_address) == (clock.now(), HERE)
    moving.tick(59)
    assert not service.must_be_noted(row, HERE)
    assert not service.must_be_noted(row, NEAR)
    moving.tick(1)
    assert service.must_be_noted(row, HERE)


def test_a_new_place_is_noted_at_once_and_remembered(user):
    row, _secret = issue(user)
    service.note(row, HERE)
    row = row_of(user)
    assert not service.is_new_place(row, NEAR)
    assert service.is_new_place(row, THERE)
    assert service.must_be_noted(row, THERE)
    service.note(row, THERE)
    row = row_of(user)
    assert not service.is_new_place(row, HERE)
    assert not service.is_new_place(row, THERE)
    assert row.places.split() == ["192.0.2.0/24", "198.51.100.0/24"]


def test_a_great_many_places_cost_one_write_a_minute(user, moving):
    row, _secret = issue(user)
    for number in range(service.MAX_PLACES - 1):
        assert service.must_be_noted(row, f"10.0.{number}.1")
        service.note(row, f"10.0.{number}.1")
        row = row_of(user)
    assert not service.must_be_noted(row, THERE)
    moving.tick(60)
    assert service.must_be_noted(row, THERE)
    service.note(row, THERE)
    places = row_of(user).places.split()
    assert len(places) == service.MAX_PLACES
    assert places[0] == "10.0.0.0/24"  # the oldest is forgotten
    assert places[-1] == "198.51.100.0/24"


def test_no_address_is_no_place(user):
    row, _secret = issue(user)
    assert not service.is_new_place(row, "")
    assert service.note(row, "")
    row = row_of(user)
    assert (row.last_address, row.places) == (None, "192.0.2.0/24")


def test_an_ipv6_customer_is_one_place(user):
    row, _secret = issue(user)
    service.note(row, "2001:db8:1:2::3")
    row = row_of(user)
    assert not service.is_new_place(row, "2001:db8:1:ffff::1")
    assert service.is_new_place(row, "2001:db8:2::1")


@pytest.mark.parametrize("change", ["revoked", "last_used", "places"])
def test_a_row_that_changed_meanwhile_is_not_written(user, change):
    row, _secret = issue(user)
    value = "elsewhere" if change == "places" else clock.now()
    AppPassword.objects.filter(pk=row.pk).update(**{change: value})
    before = AppPassword.objects.values().get(pk=row.pk)
    assert not service.note(row, THERE)
    assert AppPassword.objects.values().get(pk=row.pk) == before


def test_a_row_is_read_again_with_its_owner(user):
    row, secret = issue(user)
    found = service.find(secret)
    assert service.reread(found).user is found.user
    row.delete()
    assert service.reread(found) is None


def test_it_is_no_device_of_django_otp(user):
    add_app_password(user)
    assert list(devices_for_user(user, confirmed=None)) == []


def test_it_goes_with_its_owner(user):
    add_app_password(user)
    get_user_model()._default_manager.get(pk=user.pk).delete()
    assert not AppPassword.objects.exists()
