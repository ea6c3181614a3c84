from __future__ import annotations

import copy
from datetime import timedelta

import pytest
from django.db import DatabaseError

from django_mfa import clock, conf
from django_mfa.accounts import service as accounts
from django_mfa.accounts.models import MFAAccount
from django_mfa.audit.models import AuditEvent
from django_mfa.errors import (
    EnrolmentRequired,
    FactorNotAvailable,
    InvalidCode,
    KeyTrouble,
    LoginExpired,
    MalformedCode,
    TooManyAttempts,
    Unavailable,
)
from django_mfa.factors.recovery_code import RecoveryCodeFactor
from django_mfa.factors.recovery_code.models import RecoveryCodeSet
from django_mfa.factors.totp.models import TOTPDevice
from django_mfa.flows import challenge
from django_mfa.signals import challenge_passed, recovery_code_used
from django_mfa.testing import add_recovery_codes, add_totp, session_context, totp_code
from tests.stories import fresh, held, last_told, next_request, told

NO_ADDRESS_LIMIT = {"RECOVERY_CODES": {"COST": 4}, "LIMITS": {"ADDRESS_FAILURES": 0}}


def wrong(secret: str) -> str:
    shown = {
        totp_code(secret, clock.timestamp() + 30 * offset) for offset in range(-3, 4)
    }
    return next(code for code in ("000000", "000001", "000002") if code not in shown)


def totp() -> TOTPDevice:
    return TOTPDevice.objects.get()


def codes() -> RecoveryCodeSet:
    return RecoveryCodeSet.objects.select_related("user__mfa_account").get()


def guess(user, response: str, error: type[Exception] = InvalidCode) -> Exception:
    with pytest.raises(error) as caught:
        challenge.answer(held(user), response)
    assert type(caught.value) is error
    return caught.value


# Asking


def test_what_is_asked_for_is_what_the_hold_says(user, secret, written):
    kinds = challenge.factors_asked(held(user))
    assert [kind.slug for kind in kinds] == ["totp", "recovery_code"]


def test_a_factor_switched_off_meanwhile_is_not_asked_for(user, secret, settings):
    ctx = held(user)
    settings.DJANGO_MFA = {"FACTORS": ["recovery_code"]}
    assert challenge.factors_asked(ctx) == []


def test_nothing_is_asked_where_nobody_waits(db):
    for ask in (challenge.factors_asked, lambda ctx: challenge.answer(ctx, "123456")):
        with pytest.raises(LoginExpired):
            ask(session_context())


def test_who_owes_a_set_up_is_asked_for_no_proof(staff):
    ctx = held(staff)
    for ask in (challenge.factors_asked, lambda ctx: challenge.answer(ctx, "123456")):
        with pytest.raises(EnrolmentRequired):
            ask(ctx)


# A right answer


def test_a_right_code_signs_in(user, secret):
    ctx = held(user, "/after/")
    before = ctx.require_session().store.session_key
    passed = challenge.answer(ctx, totp_code(secret))
    assert passed.next_url == "/after/"
    assert (passed.proof.factor, passed.proof.at) == ("totp", int(clock.timestamp()))
    session = ctx.require_session()
    assert session.is_signed_in(user)
    assert session.proofs() == [passed.proof]
    assert session.hold() is None
    assert session.store.session_key != before
    assert totp().last_step == int(clock.timestamp()) // 30
    assert next_request(ctx).actor == user


def test_a_right_code_is_told_once(user, secret):
    challenge.answer(held(user), totp_code(secret))
    row = AuditEvent.objects.get()
    assert (row.event, row.result, row.reason) == ("challenge_passed", "passed", "")
    assert (row.user, row.actor, row.factor) == (user, user, "totp")
    assert row.device == str(totp().public_id)
    assert (row.address, row.details) == ("127.0.0.1", {"purpose": "login"})


def test_django_otp_is_told(user, secret):
    ctx = held(user)
    challenge.answer(ctx, totp_code(secret))
    found = next_request(ctx).actor
    assert found.is_verified()
    assert found.otp_device == totp()


def test_a_recovery_code_signs_in(user, secret, written):
    ctx = held(user)
    challenge.answer(ctx, written[0].lower())
    assert next_request(ctx).actor == user
    assert RecoveryCodeSet.objects.get().left == 9
    assert told() == ["challenge_passed", "recovery_code_used"]
    assert last_told().details == {"left": 9}


def test_the_wanted_factor_is_asked_first_and_the_shape_decides(user, secret, written):
    passed = challenge.answer(held(user), written[0], factor="totp")
    assert passed.proof.factor == "recovery_code"
    passed = challenge.answer(held(user), totp_code(secret), factor="recovery_code")
    assert passed.proof.factor == "totp"


def test_digits_that_may_be_either_are_judged_as_the_wanted_one(user, settings):
    settings.DJANGO_MFA = {"RECOVERY_CODES": {"ALPHABET": "0123456789", "COST": 4}}
    add_totp(user)
    code = add_recovery_codes(user)[0]
    guess(user, code, MalformedCode)
    passed = challenge.answer(held(user), code, factor="recovery_code")
    assert passed.proof.factor == "recovery_code"


def test_nobody_is_sent_away_by_a_hold(user, secret):
    ctx = held(user)
    store = ctx.require_session().store
    store["_mfa_hold"] = {**store["_mfa_hold"], "next": "//evil/"}
    assert challenge.answer(ctx, totp_code(secret)).next_url == ""


# A wrong answer


def test_a_wrong_code_is_refused_counted_and_told(user, secret):
    ctx = held(user)
    with pytest.raises(InvalidCode):
        challenge.answer(ctx, wrong(secret))
    assert (totp().failures, MFAAccount.objects.get().failures) == (1, 1)
    row = AuditEvent.objects.get()
    assert (row.event, row.result, row.reason) == (
        "challenge_failed",
        "failed",
        "wrong",
    )
    assert row.details == {"purpose": "login"}
    again = next_request(ctx)
    assert again.actor is None
    assert again.require_session().require_hold().owed == "proof"
    challenge.answer(again, totp_code(secret))


def test_a_code_is_refused_the_second_time(user, secret):
    code = totp_code(secret)
    challenge.answer(held(user), code)
    guess(user, code)
    assert last_told().reason == "replay"
    assert totp().failures == 0


def test_a_recovery_code_is_refused_the_second_time(user, secret, written):
    challenge.answer(held(user), written[0])
    guess(user, written[0])
    assert last_told().reason == "replay"
    assert RecoveryCodeSet.objects.get().failures == 0


def test_a_spent_code_charges_no_address(user, secret, settings):
    settings.DJANGO_MFA = {"LIMITS": {"ADDRESS_FAILURES": 1}}
    code = totp_code(secret)
    challenge.answer(held(user), code)
    guess(user, code)
    guess(user, code)
    guess(user, wrong(secret))
    guess(user, wrong(secret), TooManyAttempts)


@pytest.mark.parametrize("response", ["", "12345", None, 123456, [], {}, "_", "x" * 99])
def test_what_is_no_code_costs_nothing(user, secret, written, response):
    guess(user, response, MalformedCode)
    assert told() == []
    assert totp().failures == 0


@pytest.mark.parametrize("factor", ["sms", "recovery_code", "no such"])
def test_a_factor_that_is_not_offered_is_not_available(user, secret, factor):
    with pytest.raises(FactorNotAvailable):
        challenge.answer(held(user), "123456", factor=factor)


def test_a_wrong_code_charges_the_device_used_last_and_no_other(user, secret):
    add_totp(user, name="Other", last_used=clock.now())
    code = next(
        code
        for code in map("{:06d}".format, range(30))
        if not any(device.judge(code).right for device in TOTPDevice.objects.all())
    )
    guess(user, code)
    failures = TOTPDevice.objects.values_list("name", "failures")
    assert dict(failures) == {"Phone": 0, "Other": 1}


# Limits


def test_the_fifth_wrong_code_locks_and_a_right_one_is_refused(user, secret, moving):
    for _ in range(4):
        guess(user, wrong(secret))
    error = guess(user, wrong(secret), TooManyAttempts)
    assert isinstance(error, TooManyAttempts)
    assert error.retry_after == 1800
    assert told() == ["challenge_failed"] * 5 + ["account_locked"]
    until = clock.now() + timedelta(seconds=1800)
    assert last_told().details == {"until": until.isoformat()}
    guess(user, totp_code(secret), TooManyAttempts)
    assert (last_told().event, last_told().reason) == ("challenge_failed", "locked")
    assert totp().failures == 5
    assert totp().uses == 0


def test_after_the_lock_a_right_code_is_judged_again(user, secret, moving):
    for number in range(5):
        guess(user, wrong(secret), TooManyAttempts if number == 4 else InvalidCode)
    moving.tick(1799)
    guess(user, totp_code(secret), TooManyAttempts)
    moving.tick(1)
    challenge.answer(held(user), totp_code(secret))


def test_recovery_codes_stay_usable_while_typed_codes_are_locked(user, secret, written):
    MFAAccount.objects.update(locked_until=clock.now() + timedelta(seconds=60))
    guess(user, totp_code(secret), TooManyAttempts)
    challenge.answer(held(user), written[0])


def test_wrong_recovery_codes_lock_the_codes_and_not_the_app(user, secret, written):
    for _ in range(4):
        guess(user, "ZZZZ-ZZZZ")
    guess(user, "ZZZZ-ZZZZ", TooManyAttempts)
    assert told() == ["challenge_failed"] * 5 + ["device_locked"]
    assert last_told().details == {"until": codes().locked_until.isoformat()}
    guess(user, written[0], TooManyAttempts)
    assert "account_locked" not in told()
    assert told().count("device_locked") == 1
    challenge.answer(held(user), totp_code(secret))


def test_a_lock_that_begins_among_others_is_told_once(user, written, monkeypatch):
    """Five guesses at once, all of which read the row before any was charged."""
    as_read = codes()
    monkeypatch.setattr(
        RecoveryCodeFactor, "candidates", lambda *args: [copy.copy(as_read)]
    )
    for _ in range(4):
        guess(user, "ZZZZ-ZZZZ")
    guess(user, "ZZZZ-ZZZZ", TooManyAttempts)
    guess(user, "ZZZZ-ZZZZ", TooManyAttempts)
    assert told().count("device_locked") == 1
    assert codes().failures == 5


def test_a_lock_that_came_in_between_refuses_a_right_code(user, secret, monkeypatch):
    until = clock.now() + timedelta(seconds=60)
    real = TOTPDevice.claim

    def locked_meanwhile(device, verdict):
        MFAAccount.objects.update(locked_until=until)
        return real(device, verdict)

    monkeypatch.setattr(TOTPDevice, "claim", locked_meanwhile)
    error = guess(user, totp_code(secret), TooManyAttempts)
    assert isinstance(error, TooManyAttempts)
    assert error.retry_at == until
    assert last_told().reason == "locked"
    assert totp().uses == 0


def test_a_lock_that_came_in_between_refuses_a_wrong_code(user, secret, monkeypatch):
    until = clock.now() + timedelta(seconds=60)
    real = TOTPDevice.charge

    def locked_meanwhile(device):
        MFAAccount.objects.update(locked_until=until, lock_announced=True)
        return real(device)

    monkeypatch.setattr(TOTPDevice, "charge", locked_meanwhile)
    error = guess(user, wrong(secret), TooManyAttempts)
    assert isinstance(error, TooManyAttempts)
    assert error.retry_at == until
    assert last_told().reason == "locked"
    assert totp().failures == 0


def test_a_code_spent_in_between_is_refused(user, secret, monkeypatch):
    real = TOTPDevice.claim

    def spent_meanwhile(device, verdict):
        TOTPDevice.objects.update(last_step=verdict.claim["step"])
        return real(device, verdict)

    monkeypatch.setattr(TOTPDevice, "claim", spent_meanwhile)
    guess(user, totp_code(secret))
    assert last_told().reason == "replay"


def test_a_device_that_went_in_between_answers_nothing(user, secret, monkeypatch):
    real = TOTPDevice.claim

    def gone_meanwhile(device, verdict):
        TOTPDevice.objects.all().delete()
        return real(device, verdict)

    monkeypatch.setattr(TOTPDevice, "claim", gone_meanwhile)
    guess(user, totp_code(secret))


def test_at_the_cap_the_device_is_out_of_use_and_it_is_told(
    user, secret, written, moving, settings
):
    settings.DJANGO_MFA = NO_ADDRESS_LIMIT
    for number in range(1, 21):
        guess(user, wrong(secret), TooManyAttempts if number % 5 == 0 else InvalidCode)
        if number % 5 == 0:
            moving.tick(1800)
    assert told().count("device_disabled") == 1
    row = AuditEvent.objects.get(event="device_disabled")
    assert (row.reason, row.device) == ("too_many_failures", str(totp().public_id))
    with pytest.raises(FactorNotAvailable):
        challenge.answer(held(user), totp_code(secret), factor="totp")
    challenge.answer(held(user), written[0])


def test_a_disabled_device_is_not_judged_in_a_sign_in_that_waited(user, secret):
    ctx = held(user)
    TOTPDevice.objects.update(disabled_at=clock.now())
    with pytest.raises(FactorNotAvailable):
        challenge.answer(ctx, totp_code(secret))


@pytest.mark.parametrize("left", [["recovery_code"], []])
def test_what_is_left_is_offered_where_the_device_was_disabled(user, secret, left):
    written = add_recovery_codes(user) if left else []
    ctx = held(user)
    TOTPDevice.objects.update(disabled_at=clock.now())
    with pytest.raises(FactorNotAvailable):
        challenge.answer(ctx, totp_code(secret))
    assert [kind.slug for kind in challenge.factors_asked(ctx)] == left
    for code in written[:1]:
        assert challenge.answer(ctx, code).proof.factor == "recovery_code"


def test_a_usable_device_answers_beside_a_disabled_one(user, secret):
    add_totp(user, name="Old", disabled_at=clock.now(), last_used=clock.now())
    challenge.answer(held(user), totp_code(secret))


def test_too_many_wrong_codes_from_one_address_are_refused(make_user):
    limit = conf.get().LIMITS.ADDRESS_FAILURES
    people = [make_user(f"user{number}") for number in range(limit + 1)]
    secrets = [add_totp(person) for person in people]
    for person, secret in zip(people[:-1], secrets, strict=False):
        guess(person, wrong(secret))
    error = guess(people[-1], totp_code(secrets[-1]), TooManyAttempts)
    assert isinstance(error, TooManyAttempts)
    assert error.details == {"why": "address"}
    assert TOTPDevice.objects.get(user=people[-1]).uses == 0


# What changed since the password was right


def test_a_sign_in_that_waited_too_long_is_over(user, secret, moving):
    ctx = held(user)
    moving.tick(conf.get().PENDING_LOGIN_TTL + 1)
    with pytest.raises(LoginExpired):
        challenge.answer(ctx, totp_code(secret))
    assert totp().uses == 0


@pytest.mark.parametrize("change", ["password", "active", "factors", "device", "user"])
def test_who_changed_meanwhile_must_start_again(user, secret, change):
    ctx = held(user)
    if change == "password":
        user.set_password("another")
        user.save()
    elif change == "active":
        user.is_active = False
        user.save()
    elif change == "factors":
        accounts.begin_change(user)
    elif change == "device":
        TOTPDevice.objects.all().delete()
    else:
        user.delete()
    with pytest.raises(LoginExpired):
        challenge.answer(ctx, totp_code(secret))
    assert ctx.require_session().hold() is None
    assert next_request(ctx).actor is None
    assert not TOTPDevice.objects.filter(uses__gt=0).exists()


# Trouble


def test_a_lost_key_is_told_and_costs_nothing(user, secret, written, settings):
    settings.DJANGO_MFA = {
        "ENCRYPTION_KEYS": ["another"],
        "RECOVERY_CODES": {"COST": 4},
    }
    ctx = held(user)
    with pytest.raises(KeyTrouble):
        challenge.answer(ctx, totp_code(secret))
    row = AuditEvent.objects.get()
    assert (row.event, row.reason) == ("key_trouble", "key_missing")
    assert row.device == str(totp().public_id)
    assert totp().failures == 0
    challenge.answer(ctx, written[0])
    assert next_request(ctx).actor == user


def test_a_secret_swapped_in_from_another_row_is_detected(make_user, user, secret):
    eve = make_user("eve")
    eves = add_totp(eve)
    hers = TOTPDevice.objects.get(user=eve)
    TOTPDevice.objects.filter(user=user).update(sealed_secret=hers.sealed_secret)
    guess(user, totp_code(eves), KeyTrouble)
    assert (last_told().event, last_told().reason) == ("key_trouble", "does_not_open")
    assert last_told().user == user


@pytest.mark.parametrize("signal", [challenge_passed, recovery_code_used])
def test_an_error_of_a_listener_undoes_the_whole_answer(user, secret, written, signal):
    def refuse(**kwargs):
        raise DatabaseError("disk full")

    ctx = held(user, "/after/")
    signal.connect(refuse)
    try:
        with pytest.raises(Unavailable):
            challenge.answer(ctx, written[0])
    finally:
        signal.disconnect(refuse)
    assert told() == []
    assert RecoveryCodeSet.objects.get().left == 10
    assert next_request(ctx).actor is None
    challenge.answer(ctx, written[0])
    assert next_request(ctx).actor == user


def test_a_refusal_that_cannot_be_counted_is_unavailable(user, secret, monkeypatch):
    def fail(self):
        raise DatabaseError("no")

    monkeypatch.setattr(TOTPDevice, "charge", fail)
    guess(user, wrong(secret), Unavailable)
    assert told() == []


def test_the_last_login_is_that_of_the_proof(user, secret, moving):
    ctx = held(user)
    assert fresh(user).last_login is None
    challenge.answer(ctx, totp_code(secret))
    assert fresh(user).last_login is not None
