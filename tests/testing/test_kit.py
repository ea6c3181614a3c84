from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from django_mfa import clock, testing
from django_mfa.factors.recovery_code.models import RecoveryCodeSet
from django_mfa.factors.totp.models import TOTPDevice
from django_mfa.testing import (
    add_recovery_codes,
    add_totp,
    freeze,
    mfa_login,
    session_context,
    totp_code,
)
from tests.stories import fresh, next_request, signed_in

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


def test_what_was_promised_is_there():
    assert all(hasattr(testing, name) for name in testing.__all__)


def test_the_clock_is_stopped_and_runs_again():
    with freeze(NOON) as stopped:
        assert clock.now() == NOON
        stopped.tick(1.5)
        assert clock.now() == NOON + timedelta(seconds=1.5)
        stopped.tick(timedelta(hours=1))
        assert clock.now() == NOON + timedelta(hours=1, seconds=1.5)
        stopped.move_to(NOON)
        assert clock.now() == NOON
        stopped.move_to(0)
        assert clock.timestamp() == 0
    assert clock.now() > NOON


def test_the_clock_runs_again_after_an_error():
    def fail():
        with freeze(0):
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert clock.timestamp() > 0


def test_clocks_may_be_stopped_within_one_another():
    with freeze(100):
        with freeze(200):
            assert clock.timestamp() == 200
        assert clock.timestamp() == 100


def test_without_an_instant_the_clock_stops_now():
    with freeze() as stopped:
        first = clock.timestamp()
        assert clock.timestamp() == first == stopped.at


def test_an_app_is_added_confirmed(user):
    secret = add_totp(user, name="Tablet", digits=8)
    device = TOTPDevice.objects.get()
    assert (device.user, device.name, device.digits) == (user, "Tablet", 8)
    assert device.confirmed
    assert device.secret == secret


def test_a_secret_may_be_given(user):
    assert add_totp(user, secret=SECRET) == SECRET
    assert TOTPDevice.objects.get().secret == SECRET


def test_codes_are_those_that_an_app_shows(user):
    secret = add_totp(user)
    with freeze(NOON):
        now = totp_code(secret)
        assert totp_code(secret, NOON) == totp_code(secret, NOON.timestamp()) == now
        assert totp_code(f"{secret[:4]} {secret[4:]}") == now
        assert totp_code(secret, NOON + timedelta(seconds=30)) != now
        assert TOTPDevice.objects.get().judge(now).right
        assert len(totp_code(secret, digits=8)) == 8


def test_recovery_codes_are_added(user):
    written = add_recovery_codes(user)
    assert RecoveryCodeSet.objects.get().judge(written[9]).right


def test_the_first_factor_ends_other_sessions_and_another_does_not(user):
    ctx = signed_in(user)
    add_totp(user)
    assert next_request(ctx).actor is None
    with freeze(NOON):
        TOTPDevice.objects.all().delete()
        secret = add_totp(user)
        ctx = signed_in(user, secret)
        add_totp(user)
        assert next_request(ctx).actor == user


def test_a_client_is_signed_in_with_a_factor_made_for_it(client, user):
    mfa_login(client, user)
    assert TOTPDevice.objects.get().user == user
    assert client.get("/profile/").status_code == 200
    assert client.get("/transfer/").status_code == 200


def test_a_client_is_signed_in_with_the_factor_that_is_there(client, user):
    add_totp(user)
    mfa_login(client, user)
    assert TOTPDevice.objects.count() == 1
    assert client.get("/transfer/").status_code == 200


def test_a_client_is_signed_in_with_recovery_codes(client, user):
    mfa_login(client, user, factor="recovery_code")
    assert RecoveryCodeSet.objects.get().left == 10
    assert client.get("/transfer/").status_code == 200


def test_staff_are_signed_in_to_the_admin(client, superuser):
    mfa_login(client, superuser)
    assert client.get("/admin/").status_code == 200


def test_a_client_that_was_somebody_else_is_signed_in_anew(client, make_user):
    alice, bob = make_user("alice"), make_user("bob")
    mfa_login(client, alice)
    mfa_login(client, bob)
    assert client.session["_auth_user_id"] == str(bob.pk)


def test_a_context_has_a_session_of_its_own(user):
    one, other = session_context(), session_context(user=user)
    assert one.actor is None
    assert other.actor == user
    assert one.session
    assert other.session
    assert one.session.store is not other.session.store
    assert (one.address, one.host) == ("127.0.0.1", "testserver")


def test_a_context_takes_the_session_it_is_given(user):
    store = session_context().require_session().store
    assert session_context(store).require_session().store is store


def test_a_user_is_read_anew(user):
    assert fresh(user) is not user
