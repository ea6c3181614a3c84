from __future__ import annotations

import re
from datetime import timedelta

import django_otp
import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import transaction
from django_otp.models import Device, VerifyNotAllowed

from django_mfa import clock, conf
from django_mfa.accounts.models import MFAAccount
from django_mfa.factors.devices import Charge, MFADevice
from django_mfa.factors.recovery_code.models import RecoveryCodeSet
from django_mfa.factors.totp import TOTPFactor
from django_mfa.factors.totp.models import TOTPDevice
from django_mfa.testing import add_recovery_codes, add_totp, freeze, totp_code
from tests.stories import last_told, queries, told


@pytest.fixture
def moving():
    with freeze(1_700_000_010) as frozen:
        yield frozen


@pytest.fixture
def secret(user, moving):
    return add_totp(user, name="Phone")


@pytest.fixture
def written(user, moving):
    return add_recovery_codes(user)


def totp() -> TOTPDevice:
    return TOTPDevice.objects.select_related("user__mfa_account").get()


def codes() -> RecoveryCodeSet:
    return RecoveryCodeSet.objects.select_related("user__mfa_account").get()


def account() -> MFAAccount:
    return MFAAccount.objects.get()


def wrong(secret: str) -> str:
    shown = {
        totp_code(secret, clock.timestamp() + 30 * offset) for offset in range(-3, 4)
    }
    return next(code for code in ("000000", "000001", "000002") if code not in shown)


def charge(read, times: int) -> list[Charge]:
    return [read().charge() for _ in range(times)]


# The row


def test_a_device_is_written_by_its_name(secret):
    assert str(totp()) == "Phone"
    assert secret not in f"{totp()!r}{totp()}"


def test_a_new_device_is_not_confirmed(user):
    assert not TOTPDevice(user=user).confirmed
    assert not TOTPDevice(user=user).is_usable


def test_every_device_has_a_public_id_that_says_nothing(user, moving):
    add_totp(user)
    add_totp(user)
    one, other = TOTPDevice.objects.all()
    assert one.public_id != other.public_id
    assert one.public_id.version == 4


def test_a_sealed_field_belongs_to_table_owner_row_and_column(user, secret):
    found = totp()
    assert found.place("x") == (f"django_mfa_totpdevice:{user.pk}:{found.public_id}:x")


def test_devices_go_with_their_user(user, secret, written):
    user.delete()
    assert not TOTPDevice.objects.exists()
    assert not RecoveryCodeSet.objects.exists()


def test_users_know_their_devices_by_names_of_our_own(user, secret):
    assert list(user.mfa_totpdevice_set.all()) == [totp()]


def test_a_device_without_judgement_must_say_so():
    with pytest.raises(NotImplementedError):
        MFADevice.judge(TOTPDevice(), "")
    with pytest.raises(NotImplementedError):
        MFADevice.claim_terms(TOTPDevice(), {})


# A right answer


def test_a_claim_notes_the_use_and_clears_the_failures(secret, moving):
    TOTPDevice.objects.update(failures=7, failures_total=9, uses=2)
    found = totp()
    assert found.claim(found.judge(totp_code(secret)))
    found = totp()
    assert (found.failures, found.failures_total, found.uses) == (0, 9, 3)
    assert found.last_used == clock.now()


def test_a_claim_is_two_updates_the_account_first(secret):
    found = totp()
    verdict = found.judge(totp_code(secret))
    with queries() as seen:
        found.claim(verdict)
    assert [sql.split()[0] for sql in seen] == ["UPDATE"] * 2
    assert "mfaaccount" in seen[0]


def test_success_does_not_clear_other_devices_or_the_account(user, secret, moving):
    add_totp(user, name="Other", failures=5)
    MFAAccount.objects.update(failures=3, window_start=clock.now())
    found = TOTPDevice.objects.get(name="Phone")
    assert found.claim(found.judge(totp_code(secret)))
    assert TOTPDevice.objects.get(name="Other").failures == 5
    assert account().failures == 3


@pytest.mark.parametrize(
    "change", [{"confirmed": False}, {"disabled_at": "now"}, {"lock": True}]
)
def test_a_right_answer_that_came_too_late_is_not_claimed(secret, change):
    found = totp()
    verdict = found.judge(totp_code(secret))
    if "lock" in change:
        later = clock.now() + timedelta(seconds=1)
        MFAAccount.objects.update(locked_until=later)
    elif "disabled_at" in change:
        TOTPDevice.objects.update(disabled_at=clock.now())
    else:
        TOTPDevice.objects.update(**change)
    assert not found.claim(verdict)
    assert totp().uses == 0
    assert totp().last_step == -1


def test_a_set_that_is_locked_by_itself_claims_nothing(written, moving):
    found = codes()
    verdict = found.judge(written[0])
    RecoveryCodeSet.objects.update(locked_until=clock.now() + timedelta(seconds=1))
    assert not found.claim(verdict)
    assert codes().left == 10
    moving.tick(1)
    assert found.claim(verdict)


def test_a_set_is_not_bound_by_the_lock_of_typed_codes(written, moving):
    MFAAccount.objects.update(locked_until=clock.now() + timedelta(seconds=1))
    found = codes()
    assert found.refused_until() is None
    assert found.claim(found.judge(written[0]))


# A wrong answer


def test_a_wrong_answer_counts_on_device_and_account(secret):
    assert totp().charge() == Charge(judged=True)
    found = totp()
    assert (found.failures, found.failures_total) == (1, 1)
    assert account().failures == 1


def test_a_wrong_answer_is_charged_to_its_device_alone(user, secret):
    add_totp(user, name="Other")
    TOTPDevice.objects.get(name="Phone").charge()
    assert TOTPDevice.objects.get(name="Other").failures == 0


def test_while_the_account_is_locked_the_device_is_not_charged(secret):
    assert charge(totp, 7) == [Charge(judged=True)] * 5 + [Charge(judged=False)] * 2
    assert totp().failures == 5
    assert totp().refused_until() == clock.now() + timedelta(seconds=1800)


def test_recovery_codes_are_charged_without_the_account(written):
    assert charge(codes, 4) == [Charge(judged=True)] * 4
    assert codes().failures == 4
    assert codes().refused_until() is None
    assert not MFAAccount.objects.filter(failures__gt=0).exists()


def test_recovery_codes_have_a_lock_of_their_own(written, moving):
    charge(codes, 5)
    until = clock.now() + timedelta(seconds=1800)
    assert codes().refused_until() == until
    assert charge(codes, 1) == [Charge(judged=False)]
    assert codes().failures == 5
    moving.tick(1800)
    assert codes().refused_until() is None
    assert charge(codes, 4) == [Charge(judged=True)] * 4
    assert codes().refused_until() is None
    charge(codes, 1)
    assert codes().refused_until() == clock.now() + timedelta(seconds=1800)


def exhaust(read, moving) -> list[Charge]:
    """Wrong answers, each after the lock of those before, until nothing is judged."""
    seen: list[Charge] = []
    while (found := read()).is_usable:
        seen.append(found.charge())
        moving.tick(2000)
    return seen


def test_at_the_cap_a_device_is_disabled_and_it_is_said_once(secret, moving):
    seen = exhaust(totp, moving)
    assert [each.judged for each in seen] == [True] * 20
    assert [each.device_disabled for each in seen] == [False] * 19 + [True]
    found = totp()
    assert (found.failures, found.disabled_reason) == (20, "too_many_failures")
    assert found.disabled_at == clock.now() - timedelta(seconds=2000)
    assert not found.is_usable
    assert found.confirmed


def test_the_cap_is_a_setting_and_never_above_a_hundred(secret, settings):
    assert totp().cap == 20
    settings.DJANGO_MFA = {"LIMITS": {"DEVICE_CAP": 1000, "RECOVERY_CAP": 1000}}
    assert totp().cap == 100
    assert RecoveryCodeSet().cap == 100


def test_recovery_codes_have_a_cap_of_their_own(written, moving, settings):
    settings.DJANGO_MFA = {
        "LIMITS": {"RECOVERY_CAP": 7, "DEVICE_CAP": 3},
        "RECOVERY_CODES": {"COST": 4},
    }
    seen = exhaust(codes, moving)
    assert [each.device_disabled for each in seen] == [False] * 6 + [True]
    assert codes().disabled_at is not None


def test_a_success_in_between_begins_the_count_anew(secret, moving):
    for _ in range(19):
        totp().charge()
        moving.tick(2000)
    found = totp()
    assert found.claim(found.judge(totp_code(secret)))
    moving.tick(2000)
    assert not totp().charge().device_disabled
    assert totp().failures == 1
    assert totp().failures_total == 20


def test_a_device_disabled_before_keeps_the_time_of_that(secret):
    before = clock.now() - timedelta(days=1)
    TOTPDevice.objects.update(disabled_at=before, failures=30)
    assert totp().charge() == Charge(judged=True, device_disabled=False)
    assert totp().disabled_at == before


@pytest.mark.parametrize("failures", [0, 3, 4, 5, 9])
def test_a_charge_that_may_have_locked_a_set_is_known(failures):
    found = RecoveryCodeSet(failures=failures)
    assert found.may_have_locked() is (failures in (4, 9))


def test_a_charge_that_was_overtaken_may_have_locked_a_set(written):
    first, second = codes(), codes()
    first.charge()
    assert not first.may_have_locked()
    assert second.charge() == Charge(judged=True)
    assert second.may_have_locked()
    assert codes().failures == 2


def test_django_otp_tells_of_a_lock_of_recovery_codes(written):
    for _ in range(6):
        codes().verify_token("ZZZZ-ZZZZ")
    assert told() == ["device_locked"]


def test_a_charge_that_may_have_locked_an_account_is_known(secret):
    assert not totp().may_have_locked()
    MFAAccount.objects.update(failures=4)
    assert totp().may_have_locked()


# What django-otp asks


def test_django_otp_finds_the_devices_of_a_user(user, secret, written):
    assert set(django_otp.devices_for_user(user)) == {totp(), codes()}
    assert django_otp.user_has_device(user)
    assert not list(django_otp.devices_for_user(AnonymousUser()))


def test_django_otp_does_not_find_what_is_not_confirmed(user, moving):
    TOTPFactor().new_device(user)
    assert not django_otp.user_has_device(user)


def test_a_device_is_found_by_its_persistent_id(secret):
    found = totp()
    assert found.persistent_id == f"django_mfa.totpdevice/{found.pk}"
    assert Device.from_persistent_id(found.persistent_id) == found


def test_django_otp_verifies_a_code_once(user, secret):
    name = totp().persistent_id
    now = totp_code(secret)
    assert django_otp.verify_token(user, name, now) == totp()
    assert django_otp.verify_token(user, name, now) is None
    assert totp().uses == 1
    assert totp().failures == 0


def test_django_otp_verifies_a_recovery_code_once(user, written):
    name = codes().persistent_id
    assert django_otp.verify_token(user, name, written[0]) == codes()
    assert django_otp.verify_token(user, name, written[0]) is None
    assert codes().left == 9


def test_django_otp_verifies_nothing_of_others(secret, make_user):
    name = totp().persistent_id
    assert django_otp.verify_token(make_user("eve"), name, totp_code(secret)) is None
    assert totp().uses == 0


def test_django_otp_matches_a_code_of_any_device(user, secret, written):
    assert django_otp.match_token(user, totp_code(secret)) == totp()
    assert django_otp.match_token(user, written[0]) == codes()
    assert django_otp.match_token(user, written[0]) is None


def test_wrong_codes_that_came_by_django_otp_are_counted_and_lock(user, secret):
    name = totp().persistent_id
    for _ in range(5):
        assert not django_otp.verify_token(user, name, wrong(secret))
    assert totp().failures == 5
    assert account().failures == 5
    assert django_otp.verify_token(user, name, totp_code(secret)) is None
    assert totp().uses == 0
    assert told() == ["account_locked"]
    assert last_told().user == user


def test_a_device_that_guesses_by_django_otp_disable_is_told_to_its_owner(
    user, secret, settings, mailoutbox, django_capture_on_commit_callbacks
):
    settings.DJANGO_MFA = {"LIMITS": {"DEVICE_CAP": 2}}
    with django_capture_on_commit_callbacks(execute=True):
        for _ in range(3):
            assert django_otp.match_token(user, wrong(secret)) is None
    assert totp().disabled_at is not None
    assert told() == ["device_disabled"]
    assert (last_told().user, last_told().actor) == (user, None)
    assert [mail.to for mail in mailoutbox] == [[user.email]]


@pytest.mark.parametrize("token", ["", "12345", "x" * 5000, "١٢٣٤٥٦", None, 123456.0])
def test_what_is_no_code_is_refused_to_django_otp_and_not_counted(secret, token):
    assert totp().verify_token(token) is False
    assert totp().failures == 0


def test_a_device_whose_key_is_lost_is_refused_to_django_otp(secret, settings):
    settings.DJANGO_MFA = {"ENCRYPTION_KEYS": ["another"]}
    assert totp().verify_token(totp_code(secret)) is False
    assert totp().failures == 0


def test_django_otp_is_told_whether_a_token_would_be_judged(secret, moving):
    assert totp().verify_is_allowed() == (True, None)
    charge(totp, 5)
    allowed, why = totp().verify_is_allowed()
    assert not allowed
    assert why == {
        "reason": VerifyNotAllowed.N_FAILED_ATTEMPTS,
        "failure_count": 5,
        "locked_until": clock.now() + timedelta(seconds=1800),
    }


@pytest.mark.parametrize("change", [{"confirmed": False}, {"disabled_at": "now"}])
def test_a_device_out_of_use_answers_nothing_to_django_otp(secret, change):
    change = {name: value and clock.now() for name, value in change.items()}
    TOTPDevice.objects.update(**change)
    assert totp().verify_is_allowed()[0] is False
    assert totp().verify_token(totp_code(secret)) is False
    assert totp().verify_token(wrong(secret)) is False
    assert totp().failures == 0
    assert not MFAAccount.objects.filter(failures__gt=0).exists()


def test_a_lock_refuses_before_any_digest_by_django_otp_too(written, monkeypatch):
    charge(codes, 5)
    monkeypatch.setattr(RecoveryCodeSet, "digest", None)
    assert codes().verify_token(written[0]) is False


def test_a_token_is_verified_in_a_transaction_that_begins_with_its_write(secret):
    found = totp()
    with transaction.atomic(), queries() as seen:
        assert found.verify_token(totp_code(secret))
    assert [sql.split()[0] for sql in seen] == ["UPDATE"] * 2


def test_no_column_of_any_device_holds_a_secret_in_clear(user, secret, written):
    rows = [*TOTPDevice.objects.values(), *RecoveryCodeSet.objects.values()]
    text = re.sub(r"[^A-Za-z0-9]", "", str(rows))
    assert secret not in text
    assert not any(code.replace("-", "") in text for code in written)


def test_limits_are_read_at_use(secret, settings):
    settings.DJANGO_MFA = {"LIMITS": {"DEVICE_CAP": 2}}
    assert conf.get().LIMITS.DEVICE_CAP == 2
    assert [each.device_disabled for each in charge(totp, 2)] == [False, True]


def test_a_guess_that_is_no_other_device_s_either_is_charged(user):
    for name in ("first", "second", "third"):
        add_totp(user, name=name, secret="GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")
    asked = TOTPDevice.objects.get(name="first")
    with freeze(59):
        assert not asked.verify_token("000000")
    asked.refresh_from_db()
    assert asked.failures_total == 1
