from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from django_mfa import crypto
from django_mfa.factors.sms.models import PhoneDevice
from django_mfa.factors.totp.models import TOTPDevice
from django_mfa.management.commands import mfa_rotate_keys
from django_mfa.testing import add_phone, add_totp

pytestmark = pytest.mark.django_db


def keys(settings, *names):
    settings.DJANGO_MFA = {"ENCRYPTION_KEYS": names}


@pytest.fixture
def people(make_user, settings, monkeypatch):
    """Five people whose secrets are sealed with the old key, in batches of two."""
    monkeypatch.setattr(mfa_rotate_keys, "BATCH", 2)
    keys(settings, "old")
    found = [make_user(f"user{number}") for number in range(5)]
    return {person.pk: add_totp(person) for person in found}


def rotate(**options):
    out, err = StringIO(), StringIO()
    try:
        call_command("mfa_rotate_keys", stdout=out, stderr=err, **options)
    except CommandError as error:
        return out.getvalue(), err.getvalue(), error
    return out.getvalue(), err.getvalue(), None


def texts():
    return dict(TOTPDevice.objects.values_list("pk", "sealed_secret"))


def test_every_secret_opens_with_the_new_key_alone(people, settings):
    keys(settings, "new", "old")
    out, err, failed = rotate()
    assert not failed
    assert not err
    assert "5 sealed again, 0 changed meanwhile, 0 could not be opened" in out
    keys(settings, "new")
    found = {device.user_id: device.secret for device in TOTPDevice.objects.all()}
    assert found == people


def test_a_second_run_finds_nothing_to_do(people, settings):
    keys(settings, "new", "old")
    rotate()
    before = texts()
    assert "0 sealed again" in rotate()[0]
    assert texts() == before


def test_a_run_that_was_stopped_is_taken_up(people, settings):
    keys(settings, "new", "old")
    first = TOTPDevice.objects.order_by("pk")[0]
    first.secret = people[first.user_id]
    first.save()
    before = texts()
    assert "4 sealed again" in rotate()[0]
    assert texts()[first.pk] == before[first.pk]


def test_a_dry_run_changes_nothing(people, settings):
    keys(settings, "new", "old")
    before = texts()
    assert "5 would be sealed again" in rotate(dry_run=True)[0]
    assert texts() == before


def test_what_no_key_opens_is_named_and_left_alone(people, settings):
    first, second = TOTPDevice.objects.order_by("pk")[:2]
    TOTPDevice.objects.filter(pk=second.pk).update(sealed_secret=first.sealed_secret)
    keys(settings, "new", "old")
    out, err, failed = rotate()
    assert failed
    assert failed.returncode == 1
    assert "4 sealed again, 0 changed meanwhile, 1 could not be opened" in out
    assert err == f"django_mfa.TOTPDevice {second.pk}: sealed_secret: does_not_open\n"
    assert texts()[second.pk] == first.sealed_secret
    assert not [secret for secret in people.values() if secret in out + err]


def test_without_the_old_key_nothing_is_lost(people, settings):
    keys(settings, "new")
    before = texts()
    out, err, failed = rotate()
    assert failed
    assert "5 could not be opened" in out
    assert err.count("key_missing") == 5
    assert texts() == before


def test_a_row_that_changes_meanwhile_keeps_its_change(people, settings, monkeypatch):
    keys(settings, "new", "old")
    seal, device = crypto.seal, TOTPDevice.objects.order_by("pk")[0]

    def seal_while_the_owner_writes(secret, place):
        if place == device.place("sealed_secret"):
            TOTPDevice.objects.filter(pk=device.pk).update(sealed_secret="theirs")
        return seal(secret, place)

    monkeypatch.setattr(crypto, "seal", seal_while_the_owner_writes)
    out, _err, failed = rotate()
    assert not failed
    assert "4 sealed again, 1 changed meanwhile" in out
    assert texts()[device.pk] == "theirs"


def test_numbers_are_found_by_the_new_key_alone(user, settings):
    pytest.importorskip("phonenumbers")
    keys(settings, "old")
    add_phone(user, "+447700900123")
    before = PhoneDevice.objects.get().digest
    keys(settings, "new", "old")
    there = PhoneDevice.at("+447700900123")
    assert PhoneDevice.objects.filter(there).exists()
    rotate()
    keys(settings, "new")
    device = PhoneDevice.objects.get(PhoneDevice.at("+447700900123"))
    assert device.destination == "+447700900123"
    assert device.digest != before
