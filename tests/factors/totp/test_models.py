from __future__ import annotations

import pytest

from django_mfa import clock
from django_mfa.errors import KeyTrouble, MalformedCode
from django_mfa.factors.totp.models import TOTPDevice
from django_mfa.testing import add_totp, freeze, totp_code

NOON = 1_700_000_010  # in the middle of a step


@pytest.fixture
def moving():
    with freeze(NOON) as frozen:
        yield frozen


@pytest.fixture
def secret(user, moving):
    return add_totp(user)


def device() -> TOTPDevice:
    return TOTPDevice.objects.get()


def step(offset: int = 0) -> int:
    return int(clock.timestamp()) // 30 + offset


def code(secret: str, offset: int = 0) -> str:
    return totp_code(secret, clock.timestamp() + 30 * offset)


def spend(response: str) -> bool:
    """Judge and claim, as a flow does."""
    found = device()
    verdict = found.judge(response)
    return verdict.right and found.claim(verdict)


def test_the_secret_is_kept_sealed(secret):
    row = TOTPDevice.objects.values().get()
    assert secret not in str(row)
    assert row["sealed_secret"].startswith("1.")
    assert device().secret == secret


def test_a_right_code_is_right_for_its_step(secret):
    verdict = device().judge(code(secret))
    assert verdict.right
    assert verdict.claim == {"step": step()}
    assert verdict.device == device()


@pytest.mark.parametrize("offset", [-1, 0, 1])
def test_codes_of_the_steps_beside_the_present_one_are_right(secret, offset):
    assert device().judge(code(secret, offset)).right


@pytest.mark.parametrize("offset", [-3, -2, 2, 3])
def test_codes_of_other_steps_are_wrong(secret, offset):
    verdict = device().judge(code(secret, offset))
    assert not verdict.right
    assert verdict.reason == "wrong"


def test_without_a_window_only_the_present_step_counts(secret, settings):
    settings.DJANGO_MFA = {"TOTP": {"WINDOW": 0}}
    assert [device().judge(code(secret, n)).right for n in (-1, 0, 1)] == [
        False,
        True,
        False,
    ]


def test_a_code_may_be_written_with_spaces(secret):
    now = code(secret)
    assert device().judge(f" {now[:3]} {now[3:]}").right


@pytest.mark.parametrize(
    "response", ["", "12345", "12345678", "abcdef", "١٢٣٤٥٦", None, 1.5, [], "12345\0"]
)
def test_what_is_no_code_of_this_device_is_malformed(secret, response):
    with pytest.raises(MalformedCode):
        device().judge(response)


def test_a_spent_step_is_refused_and_not_charged(secret):
    assert spend(code(secret))
    verdict = device().judge(code(secret))
    assert not verdict.right
    assert verdict.reason == "replay"
    assert not verdict.is_charged


def test_every_step_before_a_spent_one_is_spent(secret):
    assert spend(code(secret, 1))
    assert device().last_step == step(1)
    for offset in (-1, 0, 1):
        assert device().judge(code(secret, offset)).reason == "replay"


def test_the_step_after_a_spent_one_is_fresh(secret, moving):
    assert spend(code(secret))
    assert spend(code(secret, 1))


def test_of_two_claims_of_one_step_the_second_fails(secret):
    one, other = device(), device()
    verdicts = one.judge(code(secret)), other.judge(code(secret))
    assert one.claim(verdicts[0])
    assert not other.claim(verdicts[1])
    assert device().uses == 1


def test_an_older_step_judged_before_cannot_be_claimed_after_a_newer_one(secret):
    one, other = device(), device()
    older, newer = one.judge(code(secret)), other.judge(code(secret, 1))
    assert other.claim(newer)
    assert not one.claim(older)
    assert device().last_step == step(1)


def test_a_claim_remembers_how_far_the_clock_is_off(secret, moving):
    assert spend(code(secret, 1))
    assert device().drift == 1
    moving.tick(300)
    assert device().judge(code(secret, 2)).right
    assert not device().judge(code(secret, 3)).right
    assert device().judge(code(secret, -1)).right
    assert not device().judge(code(secret, -2)).right


def test_a_clock_that_lags_is_remembered_likewise(secret, moving):
    assert spend(code(secret, -1))
    assert device().drift == -1
    moving.tick(300)
    assert device().judge(code(secret, -2)).right
    assert not device().judge(code(secret, -3)).right
    assert device().judge(code(secret, 1)).right


def test_a_clock_never_drifts_out_of_sight(secret, moving):
    spend(code(secret, 1))
    moving.tick(300)
    spend(code(secret, 2))
    assert device().drift == 1
    moving.tick(300)
    assert not device().judge(code(secret, 3)).right


def test_a_drift_of_a_wider_window_ends_with_that_window(secret, moving, settings):
    settings.DJANGO_MFA = {"TOTP": {"WINDOW": 10}}
    spend(code(secret, 10))
    moving.tick(900)
    assert device().judge(code(secret, 11)).right
    settings.DJANGO_MFA = {"TOTP": {"WINDOW": 1}}
    assert not device().judge(code(secret, 3)).right
    settings.DJANGO_MFA = {"TOTP": {"WINDOW": 0}}
    assert not device().judge(code(secret, 1)).right
    assert device().judge(code(secret)).right


def test_a_clock_that_is_right_again_is_believed(secret, moving):
    spend(code(secret, 1))
    moving.tick(300)
    spend(code(secret))
    assert device().drift == 0


def test_without_its_key_a_code_cannot_be_judged(secret, settings):
    settings.DJANGO_MFA = {"ENCRYPTION_KEYS": ["another"]}
    with pytest.raises(KeyTrouble) as caught:
        device().judge("123456")
    assert caught.value.details["why"] == "key_missing"
    assert device().confirmed


def test_what_is_malformed_needs_no_key(secret, settings):
    settings.DJANGO_MFA = {"ENCRYPTION_KEYS": ["another"]}
    with pytest.raises(MalformedCode):
        device().judge("12345")


def test_a_secret_from_another_row_does_not_open(make_user, moving):
    alice, eve = make_user("alice"), make_user("eve")
    add_totp(alice)
    eves = add_totp(eve)
    mine, hers = (TOTPDevice.objects.get(user=each) for each in (alice, eve))
    TOTPDevice.objects.filter(pk=mine.pk).update(sealed_secret=hers.sealed_secret)
    mine.refresh_from_db()
    with pytest.raises(KeyTrouble) as caught:
        mine.judge(code(eves))
    assert caught.value.details["why"] == "does_not_open"
    assert hers.judge(code(eves)).right


def test_a_row_given_to_another_user_does_not_open(user, make_user, secret):
    TOTPDevice.objects.update(user=make_user("eve"))
    with pytest.raises(KeyTrouble):
        device().judge(code(secret))


@pytest.mark.parametrize("algorithm", ["SHA1", "SHA256", "SHA512"])
@pytest.mark.parametrize("digits", [6, 8])
@pytest.mark.parametrize("period", [30, 60])
def test_codes_of_every_shape_are_judged(user, moving, algorithm, digits, period):
    look = {"algorithm": algorithm, "digits": digits, "period": period}
    right = totp_code(add_totp(user, **look), **look)
    assert len(right) == digits
    assert spend(right)
    assert device().last_step == NOON // period
