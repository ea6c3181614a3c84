from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.core import mail
from django.db import DatabaseError

from django_mfa import clock
from django_mfa.app_passwords import service
from django_mfa.app_passwords.models import AppPassword
from django_mfa.errors import (
    AppPasswordNotFound,
    AppPasswordRefused,
    LoginExpired,
    NotOffered,
    NotPermitted,
    ScopeRequired,
    StepUpRequired,
    TooManyAppPasswords,
    TooManyAttempts,
    Unavailable,
    UnknownScope,
)
from django_mfa.flows import app_passwords as flow
from django_mfa.flows import manage, reset
from django_mfa.flows.prune import prune
from django_mfa.session import Context
from django_mfa.testing import add_app_password, add_totp, session_context
from tests.stories import last_told, queries, signed_in, told

HERE, THERE = "127.0.0.1", "198.51.100.7"
NEVER = "djmfa_" + "0" * 12 + "_" + "0" * 32


def make(ctx, **options):
    return flow.make(ctx, **{"name": "Script", "scopes": ["read"], **options})


def client(address=HERE):
    return Context(address=address, user_agent="curl/8", host="testserver")


@pytest.fixture
def alice(user, secret):
    """A browser in which a factor was shown just now."""
    return signed_in(user, secret)


@pytest.fixture
def script(user):
    """An app password that may read."""
    return add_app_password(user)


# Make


def test_an_app_password_is_made_and_works(alice, user):
    made = make(alice, name="  Mail  ", scopes=["write", "read"])
    row = flow.use(client(), made.secret)
    assert (row.user, row.name, row.scopes) == (user, "Mail", ["read", "write"])
    assert made.secret not in repr(made)
    event = last_told()
    assert event.event == "app_password_made"
    assert (event.user_id, event.actor_id) == (user.pk, user.pk)
    assert (event.device_name, event.device) == ("Mail", str(row.public_id))
    assert event.details == {"scopes": ["read", "write"]}


def test_who_has_no_factor_makes_one_after_the_password(user):
    ctx = signed_in(user)
    assert flow.use(client(), make(ctx).secret)


def test_a_password_is_too_old_after_a_while(user, moving):
    ctx = signed_in(user)
    moving.tick(901)
    with pytest.raises(StepUpRequired):
        make(ctx)


def test_a_stale_proof_makes_none(alice, moving):
    moving.tick(901)
    with pytest.raises(StepUpRequired):
        make(alice)
    assert not AppPassword.objects.exists()


def test_a_password_alone_makes_none_for_who_has_a_factor(user):
    ctx = signed_in(user)
    add_totp(user)
    with pytest.raises(StepUpRequired):
        make(ctx)


def test_nobody_makes_none():
    with pytest.raises(LoginExpired):
        make(Context())
    with pytest.raises(LoginExpired):
        flow.own(Context())


@pytest.mark.parametrize("scopes", [[], ["admin"], ["read", "admin"], ["READ"], [""]])
def test_it_may_do_what_the_site_names_and_something(alice, scopes):
    with pytest.raises(UnknownScope):
        make(alice, scopes=scopes)
    assert not AppPassword.objects.exists()


def test_a_site_names_its_own_scopes(alice, settings):
    settings.DJANGO_MFA = {"APP_PASSWORDS": {"SCOPES": {"mail": "Read mail"}}}
    assert flow.scopes() == {"mail": "Read mail"}
    assert make(alice, scopes=["mail"]).row.scopes == ["mail"]
    with pytest.raises(UnknownScope):
        make(alice)


@pytest.mark.parametrize(
    ("most", "days", "lasts"),
    [(365, None, 365), (365, 30, 30), (365, 1000, 365), (0, None, None), (0, 30, 30)],
)
def test_it_lasts_as_long_as_was_chosen_and_the_site_allows(
    alice, settings, most, days, lasts
):
    settings.DJANGO_MFA = {"APP_PASSWORDS": {"MAX_AGE_DAYS": most}}
    expected = lasts and clock.now() + timedelta(days=lasts)
    assert make(alice, days=days).row.expires == expected


@pytest.mark.parametrize(
    ("most", "spans"),
    [(365, (30, 90, 365)), (60, (30, 60)), (7, (7,)), (0, (30, 90, 0))],
)
def test_people_choose_from_spans_that_the_site_allows(settings, most, spans):
    settings.DJANGO_MFA = {"APP_PASSWORDS": {"MAX_AGE_DAYS": most}}
    assert flow.spans() == spans


def test_a_name_is_given_where_none_was(alice):
    assert make(alice, name=" ").row.name == "App password"


def test_there_is_a_number_that_nobody_passes(alice, settings, user, make_user):
    settings.DJANGO_MFA = {"APP_PASSWORDS": {"MAX_PER_USER": 2}}
    add_app_password(make_user("bob"))
    add_app_password(user, expires=clock.now())
    made = [make(alice), make(alice)]
    with pytest.raises(TooManyAppPasswords):
        make(alice)
    flow.revoke(alice, made[0].row.public_id)
    make(alice)


def test_switched_off_none_is_made_listed_or_taken(alice, script, settings):
    settings.DJANGO_MFA = {"APP_PASSWORDS": {"ENABLED": False}}
    for refused in (lambda: make(alice), lambda: flow.own(alice)):
        with pytest.raises(NotOffered):
            refused()
    with pytest.raises(AppPasswordRefused):
        flow.use(client(), script)


# Look through and revoke


def test_people_see_their_own(alice, user, make_user):
    made = make(alice).row
    add_app_password(make_user("bob"))
    add_app_password(user, name="Old", expires=clock.now() - timedelta(days=1))
    assert {row.name for row in flow.own(alice)} == {"Script", "Old"}
    flow.revoke(alice, made.public_id)
    assert [row.name for row in flow.own(alice)] == ["Old"]


def test_revoked_it_opens_nothing_from_that_moment(alice):
    made = make(alice)
    flow.use(client(), made.secret)
    flow.revoke(alice, made.row.public_id)
    with pytest.raises(AppPasswordRefused):
        flow.use(client(), made.secret)
    event = last_told()
    assert (event.event, event.reason) == ("app_password_revoked", "")
    with pytest.raises(AppPasswordNotFound):
        flow.revoke(alice, made.row.public_id)


def test_that_of_another_is_not_found_and_stays(alice, make_user):
    theirs = add_app_password(make_user("bob"))
    for public_id in (AppPassword.objects.get().public_id, uuid.uuid4()):
        with pytest.raises(AppPasswordNotFound):
            flow.revoke(alice, public_id)
    assert flow.use(client(), theirs)
    assert "app_password_revoked" not in told()


def test_revoking_needs_a_fresh_proof(alice, script, moving):
    moving.tick(901)
    with pytest.raises(StepUpRequired):
        flow.revoke(alice, AppPassword.objects.get().public_id)
    with pytest.raises(StepUpRequired):
        flow.revoke_all(alice)
    assert flow.use(client(), script)


def test_all_of_ones_own_are_revoked_at_once(alice, user, make_user):
    mine = [add_app_password(user) for _ in range(3)]
    theirs = add_app_password(make_user("bob"))
    flow.revoke_all(alice)
    for secret in mine:
        with pytest.raises(AppPasswordRefused):
            flow.use(client(), secret)
    assert flow.use(client(), theirs)
    assert told().count("app_password_revoked") == 3
    flow.revoke_all(alice)
    assert told().count("app_password_revoked") == 3


# Use


def test_a_use_is_noted_with_when_and_from_where(script, user, moving):
    row = flow.use(client(), script)
    again = AppPassword.objects.get(pk=row.pk)
    assert (again.last_used, again.last_address) == (clock.now(), HERE)
    assert told() == []  # the place it was made in


def test_the_user_name_must_be_that_of_the_owner(script, user, make_user):
    assert flow.use(client(), script, username=user.get_username())
    for name in ("", make_user("bob").get_username(), user.get_username() + "x"):
        with pytest.raises(AppPasswordRefused):
            flow.use(client(), script, username=name)


def test_expired_it_opens_nothing(user, moving):
    secret = add_app_password(user, expires=clock.now() + timedelta(seconds=60))
    moving.tick(59)
    assert flow.use(client(), secret)
    moving.tick(1)
    with pytest.raises(AppPasswordRefused):
        flow.use(client(), secret)


def test_it_ends_with_its_owner(script, user):
    user.is_active = False
    user.save()
    with pytest.raises(AppPasswordRefused):
        flow.use(client(), script)


def test_scopes_are_asked_for_by_name(user):
    row = flow.use(client(), add_app_password(user, "read"))
    flow.require_scope(row, "read")
    for scope in ("write", "", "r", "read "):
        with pytest.raises(ScopeRequired):
            flow.require_scope(row, scope)


def test_guesses_are_limited_by_address(script, settings):
    settings.DJANGO_MFA = {"LIMITS": {"ADDRESS_FAILURES": 3}}
    for _ in range(3):
        with pytest.raises(AppPasswordRefused):
            flow.use(client(), NEVER)
    with queries() as seen, pytest.raises(TooManyAttempts):
        flow.use(client(), script)
    assert seen == []
    assert flow.use(client(THERE), script)


def test_a_right_one_with_the_wrong_name_is_a_guess(script, settings):
    settings.DJANGO_MFA = {"LIMITS": {"ADDRESS_FAILURES": 1}}
    with pytest.raises(AppPasswordRefused):
        flow.use(client(), script, username="mallory")
    with pytest.raises(TooManyAttempts):
        flow.use(client(), script)


def test_a_machine_that_goes_on_with_a_revoked_one_shuts_out_nobody(
    alice, user, settings
):
    settings.DJANGO_MFA = {"LIMITS": {"ADDRESS_FAILURES": 2}}
    old, new = make(alice), make(alice)
    flow.revoke(alice, old.row.public_id)
    for _ in range(5):
        with pytest.raises(AppPasswordRefused):
            flow.use(client(), old.secret)
    assert flow.use(client(), new.secret)


def test_wrong_ones_do_not_shut_people_out_beside_the_machine(user, secret, settings):
    settings.DJANGO_MFA = {"LIMITS": {"ADDRESS_FAILURES": 2}}
    for _ in range(3):
        with pytest.raises((AppPasswordRefused, TooManyAttempts)):
            flow.use(client(), NEVER)
    assert signed_in(user, secret).actor == user


def test_a_use_from_elsewhere_is_told_once(script, user):
    for address in (HERE, THERE, THERE, HERE, "198.51.100.99"):
        flow.use(client(address), script)
    assert told() == ["app_password_new_place"]
    event = last_told()
    assert (event.user_id, event.address) == (user.pk, THERE)
    assert event.device_name == "Script"


def test_its_owner_is_mailed_of_all_that_matters(
    alice, user, django_capture_on_commit_callbacks
):
    user.email = "alice@example.com"
    user.save()
    alice.actor.email = user.email
    with django_capture_on_commit_callbacks(execute=True):
        made = make(alice, name="Mail")
        flow.use(client(THERE), made.secret)
        flow.revoke(alice, made.row.public_id)
    assert [message.subject.partition(": ")[2] for message in mail.outbox] == [
        "An app password was made for your account",
        "An app password was used from a new place",
        "An app password of your account was revoked",
    ]
    for message in mail.outbox:
        assert "Mail" in message.body
        assert made.secret[-32:] not in str(message.message())
    assert THERE in mail.outbox[1].body


@pytest.fixture
def meanwhile(monkeypatch):
    """Have something happen after the row was read, before its use is noted."""

    def happens(change):
        real = service.note
        left = [change]

        def note(row, address):
            if left:
                left.pop()(AppPassword.objects.filter(pk=row.pk))
            return real(row, address)

        monkeypatch.setattr(service, "note", note)

    return happens


def test_one_that_is_revoked_while_it_is_used_is_refused(script, meanwhile):
    meanwhile(lambda rows: rows.update(revoked=clock.now()))
    with pytest.raises(AppPasswordRefused):
        flow.use(client(), script)


def test_one_that_is_deleted_while_it_is_used_is_refused(script, meanwhile):
    meanwhile(lambda rows: rows.delete())
    with pytest.raises(AppPasswordRefused):
        flow.use(client(), script)


def test_another_use_at_the_same_time_does_no_harm(script, meanwhile):
    meanwhile(lambda rows: rows.update(last_used=clock.now()))
    assert flow.use(client(), script)
    assert told() == []


def test_a_new_place_is_told_though_another_use_was_quicker(script, meanwhile):
    meanwhile(lambda rows: rows.update(last_used=clock.now()))
    assert flow.use(client(THERE), script)
    assert told() == ["app_password_new_place"]


def test_who_is_too_slow_again_and_again_is_let_in_without_a_note(script, monkeypatch):
    tries = []
    monkeypatch.setattr(service, "note", lambda *args: bool(tries.append(args)))
    assert flow.use(client(), script)
    assert len(tries) == flow.TRIES


def test_a_failing_database_refuses_and_says_so(script, monkeypatch):
    def fail(*args):
        raise DatabaseError

    monkeypatch.setattr(service, "note", fail)
    with pytest.raises(Unavailable):
        flow.use(client(), script)


# What ends them, and what does not


@pytest.fixture
def root(superuser):
    """An administrator's browser, in which a factor was shown just now."""
    return signed_in(superuser, add_totp(superuser))


def test_a_reset_ends_them(root, user, script):
    reset.reset(root, user, "lost everything")
    with pytest.raises(AppPasswordRefused):
        flow.use(client(), script)
    assert told()[-2:] == ["app_password_revoked", "factors_reset"]


def test_a_reset_is_one_mail_not_many(
    root, user, script, django_capture_on_commit_callbacks
):
    user.email = "alice@example.com"
    with django_capture_on_commit_callbacks(execute=True):
        reset.reset(root, user, "lost everything")
    assert len(mail.outbox) == 1


def test_an_administrator_revokes_one(
    root, user, script, django_capture_on_commit_callbacks
):
    row = AppPassword.objects.select_related("user").get()
    row.user.email = "alice@example.com"
    with django_capture_on_commit_callbacks(execute=True):
        reset.revoke_app_password(root, row)
    with pytest.raises(AppPasswordRefused):
        flow.use(client(), script)
    event = last_told()
    assert (event.event, event.reason) == ("app_password_revoked", "administrator")
    assert (event.user_id, event.actor_id) == (user.pk, root.actor.pk)
    # Where an administrator sits is not for the owner to know.
    assert HERE not in mail.outbox[0].body


def test_who_may_not_reset_may_not_revoke_either(
    user, staff, make_user, script, moving
):
    row = AppPassword.objects.select_related("user").get()
    ctx = signed_in(staff, add_totp(staff))
    with pytest.raises(NotPermitted):
        reset.revoke_app_password(ctx, row)


def test_revoking_as_an_administrator_needs_a_fresh_proof(root, script, moving):
    row = AppPassword.objects.select_related("user").get()
    moving.tick(901)
    with pytest.raises(StepUpRequired):
        reset.revoke_app_password(root, row)


def test_a_new_password_and_other_factors_leave_them(alice, user, script):
    user.set_password("another")
    user.save()
    add_totp(user, "Second")
    manage.disable(alice)
    assert flow.use(client(), script)


def test_it_is_no_factor_and_no_proof(user, script):
    from django_mfa.factors import registry
    from django_mfa.flows import gate

    assert registry.enrolled(user) == []
    assert gate.owed(user) == (None, ())


def test_what_is_over_for_long_is_thrown_away(alice, user, moving):
    revoked, kept = make(alice), make(alice, days=365)
    make(alice, days=30)
    flow.revoke(alice, revoked.row.public_id)
    assert prune()["app passwords"] == 0
    moving.tick(timedelta(days=30))
    assert prune()["app passwords"] == 1
    moving.tick(timedelta(days=30))
    assert prune()["app passwords"] == 1
    assert AppPassword.objects.get() == kept.row


def test_a_session_is_not_needed_to_use_one(script):
    assert client().session is None
    assert session_context().session is not None
    assert flow.use(Context(), script)


def test_one_that_another_ended_meanwhile_is_told_once(alice, user, script):
    row = AppPassword.objects.get()
    flow.revoke(alice, row.public_id)
    flow.end(alice, user, [row])
    assert told().count("app_password_revoked") == 1
