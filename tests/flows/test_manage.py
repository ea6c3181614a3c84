from __future__ import annotations

import uuid

import pytest

from django_mfa import clock, conf
from django_mfa.accounts.models import MFAAccount
from django_mfa.audit.models import AuditEvent
from django_mfa.errors import (
    DeviceNotFound,
    FactorRequired,
    InvalidCode,
    LoginExpired,
    NotOffered,
    StepUpRequired,
)
from django_mfa.factors.email.models import EmailDevice
from django_mfa.factors.passkey.models import Passkey
from django_mfa.factors.recovery_code.models import RecoveryCode, RecoveryCodeSet
from django_mfa.factors.totp.models import TOTPDevice
from django_mfa.flows import challenge, manage
from django_mfa.testing import (
    add_email,
    add_passkey,
    add_recovery_codes,
    add_totp,
    session_context,
    totp_code,
)
from tests.stories import fresh, held, last_told, next_request, queries, signed_in, told

NOBODYS = uuid.UUID(int=7)


@pytest.fixture
def ctx(user, secret):
    """The session of somebody who has just signed in with an app."""
    return signed_in(user, secret)


def phone() -> TOTPDevice:
    return TOTPDevice.objects.get(name="Phone")


def codes() -> RecoveryCodeSet:
    return RecoveryCodeSet.objects.get()


CHANGES = {
    "rename": lambda ctx, public_id: manage.rename(ctx, public_id, "New"),
    "default": manage.set_default,
    "remove": manage.remove,
}
ALL = {
    **CHANGES,
    "disable": lambda ctx, public_id: manage.disable(ctx),
    "regenerate": lambda ctx, public_id: manage.regenerate_codes(ctx),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_devices_of_others_are_not_found(make_user, ctx, change):
    eve = make_user("eve")
    add_totp(eve, name="Eve's")
    before = TOTPDevice.objects.filter(user=eve).values().get()
    for public_id in (before["public_id"], NOBODYS):
        with pytest.raises(DeviceNotFound):
            change(ctx, public_id)
    assert TOTPDevice.objects.filter(user=eve).values().get() == before


@pytest.mark.parametrize("change", ALL.values(), ids=ALL)
def test_a_change_wants_a_fresh_proof(ctx, written, moving, change):
    moving.tick(conf.get().STEP_UP.MAX_AGE + 1)
    before = TOTPDevice.objects.values().get()
    events = told()
    with pytest.raises(StepUpRequired):
        change(ctx, phone().public_id)
    assert TOTPDevice.objects.values().get() == before
    assert codes().left == 10
    assert told() == events
    assert MFAAccount.objects.get().default_device is None


@pytest.mark.parametrize("change", ALL.values(), ids=ALL)
def test_nobody_changes_anything_who_is_not_signed_in(user, secret, change):
    for ctx in (session_context(), held(user)):
        with pytest.raises(LoginExpired):
            change(ctx, phone().public_id)


def test_the_overview_says_what_there_is(user, ctx, written):
    manage.set_default(ctx, phone().public_id)
    found = manage.overview(next_request(ctx))
    assert [device.name for device in found.devices] == ["Phone"]
    assert found.codes == codes()
    assert found.default == phone().public_id
    assert not found.is_required
    assert found.is_protected


def test_the_overview_of_who_has_nothing_is_empty(user):
    found = manage.overview(signed_in(user))
    assert (found.devices, found.codes, found.default) == ([], None, None)
    assert not found.is_protected


def test_the_overview_says_who_must_have_a_factor(staff):
    assert manage.overview(signed_in(staff, add_totp(staff))).is_required


def test_the_overview_needs_as_many_queries_for_five_devices_as_for_one(user, ctx):
    with queries() as one:
        manage.overview(ctx)
    for _ in range(4):
        add_totp(user)
    with queries() as five:
        manage.overview(ctx)
    assert len(one) == len(five)


def test_a_device_gets_another_name(ctx):
    manage.rename(ctx, phone().public_id, "Old phone")
    assert TOTPDevice.objects.get().name == "Old phone"
    row = last_told()
    assert (row.event, row.device_name) == ("device_renamed", "Old phone")
    assert row.details == {"before": "Phone"}


def test_a_name_changes_one_device(user, ctx):
    add_totp(user, name="Tablet")
    manage.rename(ctx, phone().public_id, "Old phone")
    names = sorted(TOTPDevice.objects.values_list("name", flat=True))
    assert names == ["Old phone", "Tablet"]


def test_a_new_name_ends_no_session(user, secret, ctx, moving):
    moving.tick(60)
    there = signed_in(user, secret)
    manage.rename(ctx, phone().public_id, "Old phone")
    assert next_request(there).actor == user


def test_a_person_without_account_gets_one_with_the_default(user, monkeypatch):
    monkeypatch.setattr("django_mfa.flows.step_up.require_fresh", lambda ctx: None)
    TOTPDevice.objects.create(user=user, name="Phone", confirmed=True)
    manage.set_default(session_context(user=fresh(user)), phone().public_id)
    assert MFAAccount.objects.get().default_device == phone().public_id


def test_a_device_is_asked_for_first(ctx):
    manage.set_default(ctx, phone().public_id)
    assert MFAAccount.objects.get().default_device == phone().public_id
    assert (last_told().event, last_told().device) == (
        "default_device_set",
        str(phone().public_id),
    )


# Removal


def test_a_device_is_removed_and_the_session_stays(user, ctx, moving):
    add_totp(user, name="Tablet")
    manage.remove(ctx, TOTPDevice.objects.get(name="Tablet").public_id)
    assert TOTPDevice.objects.get() == phone()
    row = last_told()
    assert (row.event, row.device_name, row.user) == ("device_removed", "Tablet", user)
    again = next_request(ctx)
    assert again.actor == user
    assert again.actor.is_verified()


def test_a_removal_ends_the_proofs_of_other_sessions(user, secret, ctx, moving):
    moving.tick(60)
    there = signed_in(user, secret)
    add_totp(user, name="Tablet")
    manage.remove(ctx, TOTPDevice.objects.get(name="Tablet").public_id)
    assert next_request(there).actor is None


def test_the_device_that_signed_in_may_be_removed(user, ctx):
    add_totp(user, name="Tablet")
    manage.remove(ctx, phone().public_id)
    again = next_request(ctx)
    assert again.actor == user
    assert again.actor.is_verified() == (again.actor.otp_device is not None)


def test_the_last_device_takes_the_codes_and_the_proofs_with_it(user, ctx, written):
    manage.set_default(ctx, phone().public_id)
    manage.remove(ctx, phone().public_id)
    assert not TOTPDevice.objects.exists()
    assert not RecoveryCodeSet.objects.exists()
    assert not RecoveryCode.objects.exists()
    assert MFAAccount.objects.get().default_device is None
    assert ctx.require_session().proofs() == []
    again = next_request(ctx)
    assert again.actor == user
    assert not again.actor.is_verified()


def test_a_disabled_device_does_not_stand_in_for_the_last_one(user, ctx):
    add_totp(user, name="Disabled", disabled_at=clock.now())
    manage.remove(ctx, phone().public_id)
    assert not TOTPDevice.objects.exists()


def test_a_disabled_device_may_be_removed_beside_a_good_one(user, ctx, written):
    add_totp(user, name="Disabled", disabled_at=clock.now())
    manage.remove(ctx, TOTPDevice.objects.get(name="Disabled").public_id)
    assert TOTPDevice.objects.get() == phone()
    assert codes().pk


def test_the_last_device_that_a_policy_needs_stays(staff):
    ctx = signed_in(staff, add_totp(staff))
    add_recovery_codes(staff)
    before = ctx.require_session().epoch()
    with pytest.raises(FactorRequired):
        manage.remove(ctx, phone().public_id)
    assert phone().pk
    assert codes().pk
    assert ctx.require_session().epoch() == before
    assert MFAAccount.objects.get().epoch == before
    assert "device_removed" not in told()
    assert next_request(ctx).actor == staff


def test_with_another_device_one_that_a_policy_needs_may_go(staff):
    ctx = signed_in(staff, add_totp(staff))
    add_totp(staff, name="Tablet")
    manage.remove(ctx, phone().public_id)
    assert TOTPDevice.objects.get().name == "Tablet"


def test_a_disabled_device_is_not_enough_for_a_policy(staff):
    ctx = signed_in(staff, add_totp(staff))
    add_totp(staff, name="Disabled", disabled_at=clock.now())
    with pytest.raises(FactorRequired):
        manage.remove(ctx, phone().public_id)


RESISTS = {"who": "everyone", "required": False, "phishing_resistant": True}
PASSKEYS = {"who": "everyone", "allowed_factors": ["passkey"]}


@pytest.fixture
def both(user, secret, written):
    """The session of somebody who has a passkey beside an app."""
    add_passkey(user)
    return signed_in(user, secret)


@pytest.mark.parametrize("policy", [RESISTS, PASSKEYS])
def test_the_last_device_of_the_kind_that_a_policy_needs_stays(both, settings, policy):
    settings.DJANGO_MFA = {**settings.DJANGO_MFA, "POLICIES": [policy]}
    with pytest.raises(FactorRequired):
        manage.remove(both, Passkey.objects.get().public_id)
    assert Passkey.objects.exists()
    assert "device_removed" not in told()


def test_one_of_another_kind_than_a_policy_needs_may_go(both, settings):
    settings.DJANGO_MFA = {**settings.DJANGO_MFA, "POLICIES": [PASSKEYS]}
    manage.remove(both, phone().public_id)
    manage.remove(both, codes().public_id)
    assert Passkey.objects.exists()


def test_of_two_of_the_kind_one_may_go(both, user, settings):
    settings.DJANGO_MFA = {**settings.DJANGO_MFA, "POLICIES": [PASSKEYS]}
    key = add_passkey(user, name="Key")
    manage.remove(both, key.public_id)
    assert Passkey.objects.count() == 1


def test_a_disabled_one_of_the_kind_may_go_and_serves_for_none(both, user, settings):
    settings.DJANGO_MFA = {**settings.DJANGO_MFA, "POLICIES": [PASSKEYS]}
    disabled = add_passkey(user, name="Disabled", disabled_at=clock.now())
    with pytest.raises(FactorRequired):
        manage.remove(both, Passkey.objects.exclude(pk=disabled.pk).get().public_id)
    manage.remove(both, disabled.public_id)
    assert Passkey.objects.count() == 1


def test_without_a_duty_all_may_go_whatever_the_kind(both, settings):
    settings.DJANGO_MFA = {**settings.DJANGO_MFA, "POLICIES": [RESISTS]}
    manage.remove(both, phone().public_id)
    manage.remove(both, Passkey.objects.get().public_id)
    assert not Passkey.objects.exists()


def test_recovery_codes_may_be_removed_although_a_policy_needs_a_factor(staff):
    ctx = signed_in(staff, add_totp(staff))
    add_recovery_codes(staff)
    manage.remove(ctx, codes().public_id)
    assert not RecoveryCodeSet.objects.exists()
    assert phone().pk


def test_a_device_that_went_meanwhile_is_not_found(ctx, user, monkeypatch):
    add_totp(user, name="Tablet")
    tablet = TOTPDevice.objects.get(name="Tablet")
    monkeypatch.setattr(manage, "find", lambda ctx, public_id: tablet)
    TOTPDevice.objects.filter(pk=tablet.pk).delete()
    with pytest.raises(DeviceNotFound):
        manage.remove(ctx, tablet.public_id)
    assert "device_removed" not in told()


def test_devices_of_others_stay_when_all_of_ones_own_go(make_user, ctx):
    eve = make_user("eve")
    add_totp(eve)
    add_recovery_codes(eve)
    manage.remove(ctx, TOTPDevice.objects.exclude(user=eve).get().public_id)
    assert TOTPDevice.objects.get().user == eve
    assert codes().user == eve


# Turning off


def test_all_is_turned_off_at_once(user, secret, ctx, written, moving):
    moving.tick(60)
    there = signed_in(user, secret)
    manage.disable(ctx)
    assert not TOTPDevice.objects.exists()
    assert not RecoveryCodeSet.objects.exists()
    assert (last_told().event, last_told().user) == ("mfa_disabled", user)
    again = next_request(ctx)
    assert again.actor == user
    assert not again.actor.is_verified()
    assert next_request(there).actor is None


def test_what_the_site_switched_off_meanwhile_goes_as_well(user, ctx):
    # Were it switched on again, a device that nobody remembers would count.
    add_email(user)
    manage.disable(ctx)
    assert not EmailDevice.objects.exists()


def test_nothing_is_turned_off_that_a_policy_asks_for(staff):
    ctx = signed_in(staff, add_totp(staff))
    with pytest.raises(FactorRequired):
        manage.disable(ctx)
    assert phone().pk
    assert "mfa_disabled" not in told()
    assert next_request(ctx).actor == staff


# Recovery codes


def test_new_codes_void_the_old_ones(user, secret, ctx, written):
    made = manage.regenerate_codes(ctx)
    assert len(set(made)) == 10
    assert not set(made) & set(written)
    assert (last_told().event, last_told().details) == (
        "recovery_codes_generated",
        {"count": 10},
    )
    with pytest.raises(InvalidCode):
        challenge.answer(held(user), written[0])
    challenge.answer(held(user), made[0])


def test_new_codes_end_the_proofs_of_other_sessions_only(user, secret, ctx, moving):
    moving.tick(60)
    there = signed_in(user, secret)
    manage.regenerate_codes(ctx)
    assert next_request(ctx).actor == user
    assert next_request(there).actor is None


def test_who_has_no_device_gets_no_codes(user):
    with pytest.raises(DeviceNotFound):
        manage.regenerate_codes(signed_in(user))
    assert not RecoveryCodeSet.objects.exists()


def test_no_codes_are_made_where_the_site_has_none(ctx, settings):
    settings.DJANGO_MFA = {**settings.DJANGO_MFA, "FACTORS": ["totp"]}
    with pytest.raises(NotOffered):
        manage.regenerate_codes(ctx)
    assert not RecoveryCodeSet.objects.exists()


def test_codes_are_said_to_be_saved_once(ctx, written):
    manage.mark_codes_saved(ctx)
    assert codes().saved_at == clock.now()
    assert (last_told().event, last_told().device) == (
        "recovery_codes_saved",
        str(codes().public_id),
    )
    manage.mark_codes_saved(ctx)
    assert told().count("recovery_codes_saved") == 1


def test_who_has_no_codes_has_saved_none(ctx):
    manage.mark_codes_saved(ctx)
    assert "recovery_codes_saved" not in told()


def test_codes_of_others_are_not_said_to_be_saved(make_user, ctx):
    add_recovery_codes(make_user("eve"))
    manage.mark_codes_saved(ctx)
    assert codes().saved_at is None


@pytest.mark.parametrize(("left", "low"), [(10, False), (4, False), (3, True)])
def test_few_codes_are_few(ctx, written, left, low):
    RecoveryCodeSet.objects.update(left=left)
    assert manage.codes_low(ctx) is low


def test_no_codes_are_not_few(ctx):
    assert manage.codes_low(ctx) is False


def test_a_device_of_ones_own_is_found(ctx):
    assert manage.find(ctx, phone().public_id) == phone()


def test_rows_of_the_log_name_the_person_who_acted(user, ctx):
    manage.rename(ctx, phone().public_id, "New")
    row = AuditEvent.objects.get(event="device_renamed")
    assert (row.user, row.actor) == (user, user)


def test_the_removed_device_signs_in_no_more(user, secret, ctx, moving):
    add_totp(user, name="Tablet")
    manage.remove(ctx, phone().public_id)
    moving.tick(60)
    with pytest.raises(InvalidCode):
        challenge.answer(held(user), totp_code(secret))
