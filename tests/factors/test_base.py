from __future__ import annotations

from uuid import uuid4

import pytest

from django_mfa import clock, conf
from django_mfa.errors import KeyTrouble, MalformedCode
from django_mfa.factors.base import Factor, Setup
from django_mfa.factors.totp import TOTPFactor
from django_mfa.factors.totp.models import TOTPDevice
from django_mfa.testing import add_totp, freeze, totp_code
from tests.stories import queries

FACTOR = TOTPFactor()


@pytest.fixture
def moving():
    with freeze(1_700_000_010) as frozen:
        yield frozen


def wrong(*secrets: str) -> str:
    """Six digits that no app with one of these secrets shows about now."""
    shown = {
        totp_code(secret, clock.timestamp() + 30 * offset)
        for secret in secrets
        for offset in range(-3, 4)
    }
    return next(code for code in ("000000", "000001", "000002") if code not in shown)


class Strength(Factor):
    def __init__(self, **values):
        vars(self).update(values)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"phishing_resistant": True}, "Best"),
        ({}, "Good"),
        ({"sends": True}, "Basic"),
        ({"acr": "aal1"}, "Basic"),
    ],
)
def test_a_factor_says_in_a_word_how_well_it_protects(values, said):
    assert Strength(**values).strength == said


# A set-up that waits


def test_nothing_waits_for_who_began_nothing(user):
    assert FACTOR.pending(user, "") is None
    assert FACTOR.pending(user, str(uuid4())) is None


def test_a_set_up_waits_for_its_time_and_no_longer(user, moving):
    device = FACTOR.begin(user, host="h").device
    moving.tick(conf.get().SETUP_TTL - 1)
    assert FACTOR.pending(user, str(device.public_id)) == device
    moving.tick(1)
    assert FACTOR.pending(user, str(device.public_id)) is None
    assert not TOTPDevice.objects.exists()


def test_looking_at_a_set_up_does_not_renew_it(user, moving):
    begun = FACTOR.begin(user, host="h").device
    moving.tick(conf.get().SETUP_TTL - 1)
    waiting = FACTOR.pending(user, str(begun.public_id))
    assert FACTOR.begin(user, host="h", waiting=waiting).device == begun
    moving.tick(1)
    assert FACTOR.pending(user, str(begun.public_id)) is None


def test_a_confirmed_device_and_those_of_others_do_not_wait(make_user, moving):
    alice, bob = make_user("alice"), make_user("bob")
    add_totp(alice)
    FACTOR.begin(bob, host="h")
    moving.tick(conf.get().SETUP_TTL)
    (waits,) = TOTPDevice.objects.filter(user=bob)
    assert FACTOR.pending(alice, str(waits.public_id)) is None
    confirmed = TOTPDevice.objects.get(user=alice)
    assert FACTOR.pending(alice, str(confirmed.public_id)) is None
    assert TOTPDevice.objects.filter(user=bob).exists()
    assert TOTPDevice.objects.filter(user=alice, confirmed=True).exists()


def test_two_set_ups_wait_beside_each_other(user, moving):
    devices = [FACTOR.begin(user, host="h").device for _ in range(2)]
    for device in devices:
        assert FACTOR.pending(user, str(device.public_id)) == device


# Which devices may answer


def test_devices_come_with_user_and_account_in_one_query(user, moving):
    add_totp(user)
    with queries() as seen:
        (device,) = FACTOR.devices(user.pk)
        assert device.user.mfa_account.pk == user.pk
    assert len(seen) == 1


def test_the_device_used_last_comes_first(user, moving):
    now = clock.now()
    add_totp(user, name="never")
    add_totp(user, name="first", last_used=now.replace(year=2020))
    add_totp(user, name="last", last_used=now)
    names = [device.name for device in FACTOR.devices(user.pk)]
    assert names == ["last", "first", "never"]


def test_of_devices_never_used_the_oldest_comes_first(user, moving):
    for name in ("a", "b"):
        add_totp(user, name=name)
    assert [device.name for device in FACTOR.devices(user.pk)] == ["a", "b"]


def test_only_ones_own_confirmed_devices_may_answer(make_user, moving):
    alice, bob = make_user("alice"), make_user("bob")
    add_totp(bob)
    FACTOR.new_device(alice)
    assert list(FACTOR.devices(alice.pk)) == []


# Judging


def test_any_of_several_devices_may_answer(user, moving):
    add_totp(user, name="first")
    secret = add_totp(user, name="second")
    verdict = FACTOR.judge(FACTOR.devices(user.pk), totp_code(secret))
    assert verdict.right
    assert verdict.device.name == "second"


def test_a_wrong_answer_is_charged_to_the_device_asked_for(user, moving):
    secrets = [add_totp(user, name=name) for name in ("asked", "other")]
    verdict = FACTOR.judge(FACTOR.devices(user.pk), wrong(*secrets))
    assert (verdict.right, verdict.is_charged) == (False, True)
    assert verdict.device.name == "asked"


def test_a_spent_code_of_any_device_is_charged_to_none(user, moving):
    add_totp(user, name="asked")
    secret = add_totp(user, name="other", last_step=int(clock.timestamp()) // 30)
    verdict = FACTOR.judge(FACTOR.devices(user.pk), totp_code(secret))
    assert (verdict.right, verdict.is_charged) == (False, False)
    assert verdict.device.name == "other"


def test_devices_with_codes_of_different_lengths_stand_side_by_side(user, moving):
    eight = add_totp(user, name="eight", digits=8)
    six = add_totp(user, name="six")
    devices = FACTOR.devices(user.pk)
    assert FACTOR.judge(devices, totp_code(six)).device.name == "six"
    assert FACTOR.judge(devices, totp_code(eight, digits=8)).device.name == "eight"
    refused = FACTOR.judge(devices, wrong(six))
    assert (refused.is_charged, refused.device.name) == (True, "six")


def test_what_has_the_shape_of_no_device_is_malformed(user, moving):
    add_totp(user)
    add_totp(user)
    with pytest.raises(MalformedCode):
        FACTOR.judge(FACTOR.devices(user.pk), "12345678")


def spoil(name: str) -> None:
    TOTPDevice.objects.filter(name=name).update(sealed_secret="1.x.y")


def test_a_device_that_cannot_be_opened_does_not_stop_the_others(user, moving):
    add_totp(user, name="lost")
    secret = add_totp(user, name="kept")
    spoil("lost")
    assert FACTOR.judge(FACTOR.devices(user.pk), totp_code(secret)).right


def test_key_trouble_names_its_device_when_nothing_fits(user, moving):
    secrets = [add_totp(user, name=name) for name in ("kept", "lost")]
    spoil("lost")
    with pytest.raises(KeyTrouble) as caught:
        FACTOR.judge(FACTOR.devices(user.pk), wrong(*secrets))
    assert caught.value.details["device"].name == "lost"


# What a factor must say


@pytest.mark.parametrize(
    "ask",
    [
        lambda factor: factor.new_device(None),
        lambda factor: factor.show(None, host=""),
        lambda factor: factor.has_shape(""),
    ],
)
def test_a_factor_must_say_what_differs(ask):
    with pytest.raises(NotImplementedError):
        ask(Factor())


def test_a_set_up_that_stores_nothing_yet_waits_as_long_as_any(settings):
    settings.DJANGO_MFA = {"SETUP_TTL": 60}
    assert Setup(None, {}).seconds_left == 60


def test_a_set_up_that_is_over_waits_no_more(user, moving):
    setup = TOTPFactor().begin(user, host="bank.example")
    moving.tick(599)
    assert setup.seconds_left == 1
    moving.tick(2)
    assert setup.seconds_left == 0
