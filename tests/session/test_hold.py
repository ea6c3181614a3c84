from __future__ import annotations

import json

import pytest

from django_mfa import clock, conf
from django_mfa.accounts import service as accounts
from django_mfa.errors import LoginExpired
from django_mfa.session import Hold
from django_mfa.session.hold import key_of, password_hash_of
from django_mfa.testing import freeze
from tests.stories import fresh

MODEL_BACKEND = "django.contrib.auth.backends.ModelBackend"
ALL_USERS = "django.contrib.auth.backends.AllowAllUsersModelBackend"


class PlainBackend:
    """A backend that has no opinion about who may sign in."""


@pytest.fixture(autouse=True)
def _backends(settings):
    settings.AUTHENTICATION_BACKENDS = [
        MODEL_BACKEND,
        ALL_USERS,
        f"{__name__}.PlainBackend",
    ]


@pytest.fixture
def hold(user):
    return Hold(
        user=key_of(user),
        backend=MODEL_BACKEND,
        at=int(clock.timestamp()),
        owed="proof",
        next="/after/",
        epoch=0,
        factors=("totp", "recovery_code"),
        password_hash=password_hash_of(user),
    )


def test_a_hold_is_plain_json(hold):
    data = json.loads(json.dumps(hold.as_json()))
    assert Hold.from_json(data) == hold


def test_a_hold_keeps_no_password(hold, user):
    assert set(hold.as_json()) == {
        "user",
        "backend",
        "at",
        "owed",
        "next",
        "epoch",
        "factors",
        "password_hash",
        "shown",
        "name",
        "since",
    }
    assert user.password not in json.dumps(hold.as_json())


def test_a_hold_knows_its_user_in_the_type_of_the_model(hold, user):
    assert hold.user_pk == user.pk
    assert type(hold.user_pk) is type(user.pk)


def test_a_hold_is_over_after_its_time(user):
    ttl = conf.get().PENDING_LOGIN_TTL
    with freeze(1_000_000) as moving:
        hold = Hold("1", MODEL_BACKEND, 1_000_000, "proof", "", 0, (), "")
        moving.tick(ttl)
        assert not hold.is_over
        moving.tick(1)
        assert hold.is_over


def test_a_hold_from_the_future_is_over_but_for_servers_that_differ(user):
    with freeze(1_000_000) as moving:
        hold = Hold("1", MODEL_BACKEND, 1_000_000, "proof", "", 0, (), "")
        moving.tick(-clock.SLACK)
        assert not hold.is_over
        moving.tick(-1)
        assert hold.is_over


@pytest.mark.parametrize("data", [{}, {"user": "1", "factors": None}, [], "x", 7])
def test_what_another_version_wrote_is_no_hold(data):
    assert Hold.from_json(data) is None


def test_a_backend_that_the_site_gave_up_ends_the_hold(hold, user, settings):
    settings.AUTHENTICATION_BACKENDS = [ALL_USERS]
    with pytest.raises(LoginExpired):
        hold.check_user(user)


def test_the_user_who_did_not_change_may_go_on(hold, user):
    hold.check_user(fresh(user))


def test_a_changed_password_ends_the_hold(hold, user):
    user.set_password("another")
    with pytest.raises(LoginExpired):
        hold.check_user(user)


def test_a_user_switched_off_ends_the_hold(hold, user):
    user.is_active = False
    with pytest.raises(LoginExpired):
        hold.check_user(user)


def test_a_backend_that_takes_everybody_takes_those_switched_off(hold, user):
    user.is_active = False
    hold._replace(backend=ALL_USERS).check_user(user)


@pytest.mark.parametrize("active", [True, False])
def test_with_a_backend_without_opinion_only_the_active_go_on(hold, user, active):
    user.is_active = active
    plain = hold._replace(backend=f"{__name__}.PlainBackend")
    if active:
        plain.check_user(user)
    else:
        with pytest.raises(LoginExpired):
            plain.check_user(user)


def test_changed_factors_end_the_hold(hold, user):
    accounts.begin_change(user)
    with pytest.raises(LoginExpired):
        hold.check_user(user)


def test_a_user_model_without_passwords_has_no_digest():
    assert password_hash_of(object()) == ""  # type: ignore[arg-type]  # a stand-in
