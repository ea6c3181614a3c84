from __future__ import annotations

import pytest
from django.db import DatabaseError

from django_mfa import clock, conf
from django_mfa.accounts import service as accounts
from django_mfa.accounts.models import MFAAccount
from django_mfa.audit.models import AuditEvent
from django_mfa.errors import (
    FactorNotAvailable,
    InvalidCode,
    KeyTrouble,
    LoginExpired,
    MalformedCode,
    MFARequired,
    SetupExpired,
    StepUpRequired,
    TooManyAttempts,
    TooManyDevices,
    Unavailable,
)
from django_mfa.factors.recovery_code.models import RecoveryCodeSet
from django_mfa.factors.totp.models import TOTPDevice
from django_mfa.flows import challenge, enrol, login
from django_mfa.flows.enrol import MAX_WRONG
from django_mfa.signals import recovery_codes_generated
from django_mfa.testing import add_totp, session_context, totp_code
from tests.stories import fresh, held, last_told, next_request, signed_in, told


def begin(ctx) -> str:
    """Begin to set up an app; the secret it was shown."""
    return enrol.begin(ctx, "totp").show["secret"].replace(" ", "")


def confirm(ctx, code: str, **more: str) -> enrol.Confirmed:
    return enrol.confirm(ctx, "totp", code, **more)


def waiting() -> TOTPDevice:
    return TOTPDevice.objects.get(confirmed=False)


def wrong(secret: str) -> str:
    return totp_code(secret, clock.timestamp() + 6000)


# Beginning


def test_a_set_up_counts_for_nothing_yet(user):
    ctx = signed_in(user)
    secret = begin(ctx)
    assert waiting().secret == secret
    assert told() == ["enrolment_started"]
    assert next_request(ctx).actor == user
    assert signed_in(user).actor == user


def test_a_set_up_that_waits_is_shown_again_and_told_once(user):
    ctx = signed_in(user)
    assert begin(ctx) == begin(ctx)
    assert told() == ["enrolment_started"]


def test_a_set_up_that_is_over_begins_anew(user, moving):
    ctx = signed_in(user)
    first = begin(ctx)
    moving.tick(conf.get().SETUP_TTL)
    assert begin(ctx) != first
    assert TOTPDevice.objects.count() == 1
    assert told() == ["enrolment_started"] * 2


@pytest.mark.parametrize("slug", ["recovery_code", "sms", "no such"])
def test_what_cannot_be_set_up_is_not_available(user, slug):
    ctx = signed_in(user)
    for ask in (enrol.begin, lambda ctx, slug: enrol.confirm(ctx, slug, "123456")):
        with pytest.raises(FactorNotAvailable):
            ask(ctx, slug)


def test_what_can_be_set_up_is_offered(user):
    kinds = enrol.factors_open(signed_in(user))
    assert [kind.slug for kind in kinds] == ["passkey", "totp"]


def test_a_person_may_have_so_many_devices_and_no_more(user, secret, settings):
    ctx = signed_in(user, secret)
    for number in range(1, conf.get().LIMITS.MAX_DEVICES):
        assert begin(ctx)
        TOTPDevice.objects.all().delete()
        for _ in range(number + 1):
            add_totp(user)
    with pytest.raises(TooManyDevices):
        begin(ctx)


def test_devices_of_others_do_not_count(make_user, user):
    bob = make_user("bob")
    for _ in range(conf.get().LIMITS.MAX_DEVICES):
        add_totp(bob)
    assert begin(signed_in(user))


# Who may


ENTRANCES = [
    enrol.factors_open,
    lambda ctx: enrol.begin(ctx, "totp"),
    lambda ctx: enrol.confirm(ctx, "totp", "123456"),
]


@pytest.mark.parametrize("ask", ENTRANCES)
def test_nobody_enrols_who_is_not_signed_in(db, ask):
    with pytest.raises(LoginExpired):
        ask(session_context())


@pytest.mark.parametrize("ask", ENTRANCES)
def test_who_owes_a_proof_must_not_enrol_one(user, secret, ask):
    with pytest.raises(MFARequired) as caught:
        ask(held(user))
    assert caught.value.code == "mfa_required"
    assert not TOTPDevice.objects.filter(confirmed=False).exists()


@pytest.mark.parametrize("ask", ENTRANCES)
def test_a_proof_must_be_fresh_to_add_another(user, secret, moving, ask):
    ctx = signed_in(user, secret)
    moving.tick(conf.get().STEP_UP.MAX_AGE + 1)
    with pytest.raises(StepUpRequired):
        ask(ctx)
    assert not TOTPDevice.objects.filter(confirmed=False).exists()


@pytest.mark.parametrize("ask", ENTRANCES)
def test_a_password_must_be_fresh_to_add_the_first(user, moving, ask):
    ctx = signed_in(user)
    moving.tick(conf.get().STEP_UP.MAX_AGE + 1)
    with pytest.raises(StepUpRequired):
        ask(ctx)
    assert not TOTPDevice.objects.exists()


@pytest.mark.parametrize("ask", ENTRANCES)
def test_who_changed_since_the_password_was_right_starts_again(staff, ask):
    ctx = held(staff)
    staff.set_password("another")
    staff.save()
    with pytest.raises(LoginExpired):
        ask(ctx)
    assert not TOTPDevice.objects.exists()


# Confirming


def test_a_right_code_makes_the_device_count(user, moving):
    ctx = signed_in(user)
    secret = begin(ctx)
    before = ctx.require_session().store.session_key
    done = confirm(ctx, totp_code(secret), name="My phone")
    device = TOTPDevice.objects.get()
    assert done.device == device
    assert (device.confirmed, device.name) == (True, "My phone")
    assert device.last_used == clock.now()
    assert device.last_step == int(clock.timestamp()) // 30
    session = ctx.require_session()
    assert session.store.session_key != before
    assert [proof.device for proof in session.proofs()] == [str(device.public_id)]
    again = next_request(ctx)
    assert again.actor == user
    assert again.actor.is_verified()


def test_a_device_without_a_name_keeps_the_one_it_has(user):
    ctx = signed_in(user)
    confirm(ctx, totp_code(begin(ctx)))
    assert TOTPDevice.objects.get().name == "Authenticator app"


def test_the_code_of_the_set_up_does_not_sign_in(user):
    ctx = signed_in(user)
    secret = begin(ctx)
    confirm(ctx, totp_code(secret))
    with pytest.raises(InvalidCode):
        challenge.answer(held(user), totp_code(secret))
    assert last_told().reason == "replay"


def test_the_first_device_brings_recovery_codes(user):
    ctx = signed_in(user)
    done = confirm(ctx, totp_code(begin(ctx)))
    assert len(done.recovery_codes) == 10
    assert RecoveryCodeSet.objects.get().left == 10
    assert told() == [
        "enrolment_started",
        "device_confirmed",
        "recovery_codes_generated",
    ]
    assert last_told().details == {"count": 10}
    assert done.recovery_codes[0] not in repr(done)
    challenge.answer(held(user), done.recovery_codes[0])


def test_no_codes_come_where_the_site_has_none(user, settings):
    settings.DJANGO_MFA = {**settings.DJANGO_MFA, "FACTORS": ["totp"]}
    ctx = signed_in(user)
    done = confirm(ctx, totp_code(begin(ctx)))
    assert done.recovery_codes == ()
    assert not RecoveryCodeSet.objects.exists()
    assert told() == ["enrolment_started", "device_confirmed"]


def test_another_device_brings_no_codes(user, secret):
    ctx = signed_in(user, secret)
    done = confirm(ctx, totp_code(begin(ctx)))
    assert done.recovery_codes == ()
    assert not RecoveryCodeSet.objects.exists()
    assert TOTPDevice.objects.filter(confirmed=True).count() == 2


def test_a_set_up_ends_the_proofs_of_other_sessions(user, secret, moving):
    here = signed_in(user, secret)
    moving.tick(60)
    there = signed_in(user, secret)
    confirm(here, totp_code(begin(here)))
    assert next_request(here).actor == user
    assert next_request(there).actor is None


def test_who_was_held_for_it_is_in_by_the_set_up(staff):
    ctx = held(staff, "/after/")
    secret = begin(ctx)
    done = confirm(ctx, totp_code(secret))
    assert done.next_url == "/after/"
    assert len(done.recovery_codes) == 10
    session = ctx.require_session()
    assert session.is_signed_in(staff)
    assert session.hold() is None
    again = next_request(ctx)
    assert again.actor == staff
    assert again.actor.otp_device == TOTPDevice.objects.get()


def test_a_wrong_code_confirms_nothing(user):
    ctx = signed_in(user)
    secret = begin(ctx)
    with pytest.raises(InvalidCode):
        confirm(ctx, wrong(secret))
    assert waiting().failures == 1
    assert not MFAAccount.objects.filter(failures__gt=0).exists()
    confirm(ctx, totp_code(secret))
    assert TOTPDevice.objects.get().failures == 0
    assert TOTPDevice.objects.get().failures_total == 0


@pytest.mark.parametrize("response", ["", "12345", None, 123456, "١٢٣٤٥٦"])
def test_what_is_no_code_costs_nothing(user, response):
    ctx = signed_in(user)
    begin(ctx)
    if isinstance(response, int):
        response = "1234567"
    with pytest.raises(MalformedCode):
        confirm(ctx, response)
    assert waiting().failures == 0


def test_a_set_up_that_is_guessed_at_is_ended(user, settings):
    settings.DJANGO_MFA = {"LIMITS": {"ADDRESS_FAILURES": 0}}
    ctx = signed_in(user)
    secret = begin(ctx)
    for _ in range(MAX_WRONG):
        with pytest.raises(InvalidCode):
            confirm(ctx, wrong(secret))
    with pytest.raises(SetupExpired):
        confirm(ctx, wrong(secret))
    assert not TOTPDevice.objects.exists()


def test_wrong_codes_count_by_address(user, settings):
    settings.DJANGO_MFA = {"LIMITS": {"ADDRESS_FAILURES": 1}}
    ctx = signed_in(user)
    secret = begin(ctx)
    with pytest.raises(InvalidCode):
        confirm(ctx, wrong(secret))
    with pytest.raises(TooManyAttempts):
        confirm(ctx, totp_code(secret))
    assert not waiting().confirmed


def test_without_a_set_up_there_is_nothing_to_confirm(user):
    with pytest.raises(SetupExpired):
        confirm(signed_in(user), "123456")


def test_a_set_up_that_is_over_cannot_be_confirmed(user, moving):
    ctx = signed_in(user)
    secret = begin(ctx)
    moving.tick(conf.get().SETUP_TTL)
    with pytest.raises(SetupExpired):
        confirm(ctx, totp_code(secret))
    assert not TOTPDevice.objects.exists()


def test_a_set_up_of_another_person_is_none_of_ours(make_user, user):
    theirs = begin(signed_in(make_user("bob")))
    with pytest.raises(SetupExpired):
        confirm(signed_in(user), totp_code(theirs))


def test_a_set_up_is_confirmed_once(user, monkeypatch):
    ctx = signed_in(user)
    secret = begin(ctx)
    real = TOTPDevice.confirm

    def confirmed_meanwhile(device, verdict):
        TOTPDevice.objects.update(confirmed=True)
        return real(device, verdict)

    monkeypatch.setattr(TOTPDevice, "confirm", confirmed_meanwhile)
    with pytest.raises(SetupExpired):
        confirm(ctx, totp_code(secret))
    assert not RecoveryCodeSet.objects.exists()
    assert told() == ["enrolment_started"]
    assert ctx.require_session().proofs() == []


def meanwhile(monkeypatch, happen) -> None:
    """Let something happen while a code is compared."""
    real = TOTPDevice.judge

    def judge(device, response):
        verdict = real(device, response)
        happen()
        return verdict

    monkeypatch.setattr(TOTPDevice, "judge", judge)


def test_another_change_in_between_ends_the_set_up(user, monkeypatch):
    ctx = signed_in(user)
    secret = begin(ctx)
    meanwhile(monkeypatch, lambda: accounts.begin_change(fresh(user)))
    with pytest.raises(SetupExpired):
        confirm(ctx, totp_code(secret))
    assert not waiting().confirmed
    assert not RecoveryCodeSet.objects.exists()
    assert told() == ["enrolment_started"]


def test_devices_added_in_between_leave_no_room(user, secret, monkeypatch):
    ctx = signed_in(user, secret)
    new = begin(ctx)

    def fill():
        for _ in range(conf.get().LIMITS.MAX_DEVICES - 1):
            add_totp(user)

    meanwhile(monkeypatch, fill)
    with pytest.raises(TooManyDevices):
        confirm(ctx, totp_code(new))
    assert not waiting().confirmed


def test_a_set_up_goes_on_in_the_session_that_began_it_only(user):
    here, there = signed_in(user), signed_in(user)
    secret = begin(here)
    assert begin(there) != secret
    with pytest.raises(InvalidCode):
        confirm(there, totp_code(secret))
    assert confirm(here, totp_code(secret)).device.secret == secret


def test_a_new_sign_in_ends_the_set_up_that_was_begun_before(user):
    ctx = signed_in(user)
    secret = begin(ctx)
    assert login.begin(ctx, fresh(user)) is None
    with pytest.raises(SetupExpired):
        confirm(next_request(ctx), totp_code(secret))
    assert not waiting().confirmed


def test_an_error_of_a_listener_undoes_the_whole_set_up(user):
    def refuse(**kwargs):
        raise DatabaseError("disk full")

    ctx = signed_in(user)
    secret = begin(ctx)
    recovery_codes_generated.connect(refuse)
    try:
        with pytest.raises(Unavailable):
            confirm(ctx, totp_code(secret))
    finally:
        recovery_codes_generated.disconnect(refuse)
    assert not waiting().confirmed
    assert not RecoveryCodeSet.objects.exists()
    assert told() == ["enrolment_started"]
    assert next_request(ctx).actor == user
    confirm(next_request(ctx), totp_code(secret))


def test_a_set_up_whose_key_is_lost_says_so_and_is_kept(user, settings):
    ctx = signed_in(user)
    begin(ctx)
    settings.DJANGO_MFA = {"ENCRYPTION_KEYS": ["another"]}
    for ask in (lambda: begin(ctx), lambda: confirm(ctx, "123456")):
        with pytest.raises(KeyTrouble):
            ask()
    assert not waiting().confirmed


def test_the_set_up_tells_who_and_which(user):
    ctx = signed_in(user)
    confirm(ctx, totp_code(begin(ctx)), name="Phone")
    row = AuditEvent.objects.get(event="device_confirmed")
    assert (row.user, row.actor, row.factor) == (user, user, "totp")
    assert (row.device, row.device_name) == (
        str(TOTPDevice.objects.get().public_id),
        "Phone",
    )


def test_a_set_up_needs_no_new_password_of_who_was_held(staff, moving):
    ctx = held(staff)
    secret = begin(ctx)
    moving.tick(conf.get().SETUP_TTL - 1)
    confirm(ctx, totp_code(secret))
    assert fresh(staff).mfa_account.epoch == 1
