from __future__ import annotations

from datetime import timedelta

import pytest
from asgiref.sync import async_to_sync
from django.contrib import auth
from django.contrib.auth.models import AnonymousUser
from django.contrib.auth.signals import user_logged_in
from django.http import HttpRequest

from django_mfa import clock
from django_mfa.accounts import service as accounts
from django_mfa.accounts.models import MFAAccount
from django_mfa.factors import registry
from django_mfa.factors.totp.models import TOTPDevice
from django_mfa.flows import challenge, gate
from django_mfa.policy import snapshot
from django_mfa.policy.models import Exemption
from django_mfa.session import Context, MFASession
from django_mfa.testing import (
    add_passkey,
    add_recovery_codes,
    add_totp,
    session_context,
    totp_code,
)
from testproject.hotp.models import HOTPDevice
from tests.stories import fresh, held, next_request, queries, signed_in

EVERYONE = {"POLICIES": [{"who": "everyone", "grace_days": 7}]}


def django_login(user, ctx: Context | None = None, **query: str) -> Context:
    """What any other login view does."""
    ctx = ctx or session_context()
    request = ctx.require_session().request
    request.GET = query
    auth.login(request, user)
    return ctx


def review(ctx: Context, user, *, exempt: bool = False):
    return gate.review(ctx.require_session(), fresh(user), exempt=exempt)


# What is owed


def test_nothing_is_owed_by_who_has_nothing_and_must_have_nothing(user):
    assert gate.owed(user) == (None, ())


def test_a_disabled_device_still_stands_guard(user):
    add_totp(user, disabled_at=clock.now())
    assert gate.owed(user) == ("proof", ())


def test_a_disabled_device_is_not_offered(user, written):
    add_totp(user, disabled_at=clock.now())
    assert gate.owed(user) == ("proof", ("recovery_code",))


def test_in_grace_nothing_is_owed(user, settings, moving):
    settings.DJANGO_MFA = EVERYONE
    assert gate.owed(user) == (None, ())
    moving.tick(timedelta(days=7))
    assert gate.owed(fresh(user)) == ("enrolment", ())


def offered(user) -> tuple[str, ...]:
    found = fresh(user)
    return gate.offered(found, registry.enrolled(found))


@pytest.fixture
def three_factors(user, settings):
    """An app, a token and recovery codes."""
    settings.DJANGO_MFA = {
        **settings.DJANGO_MFA,
        "FACTORS": ["recovery_code", "testproject.hotp.factor.HOTPFactor", "totp"],
    }
    add_recovery_codes(user)
    token = HOTPDevice(user=user, name="Token", confirmed=True)
    token.secret = "JBSWY3DPEHPK3PXP"
    token.save()
    add_totp(user)
    return user


def test_the_strongest_is_offered_first_and_recovery_codes_last(three_factors):
    assert offered(three_factors) == ("totp", "hotp", "recovery_code")


def test_the_one_used_last_is_offered_first(three_factors):
    TOTPDevice.objects.update(last_used=clock.now() - timedelta(days=1))
    HOTPDevice.objects.update(last_used=clock.now())
    assert offered(three_factors) == ("hotp", "totp", "recovery_code")


def test_the_chosen_one_is_offered_before_the_one_used_last(three_factors):
    TOTPDevice.objects.update(last_used=clock.now())
    token = HOTPDevice.objects.get()
    MFAAccount.objects.update(default_device=token.public_id)
    assert offered(three_factors) == ("hotp", "totp", "recovery_code")


def test_recovery_codes_are_never_offered_first(three_factors):
    for row in registry.enrolled(three_factors):
        if row.factor == "recovery_code":
            MFAAccount.objects.update(default_device=row.public_id)
    assert offered(three_factors)[-1] == "recovery_code"


def test_a_factor_is_offered_once(three_factors):
    add_totp(three_factors)
    assert offered(three_factors) == ("totp", "hotp", "recovery_code")


# Other login views


def test_any_login_of_who_owes_a_proof_is_taken_back(user, secret):
    ctx = django_login(fresh(user), next="/after/")
    session = ctx.require_session()
    assert session.request.user.is_anonymous
    assert not session.is_signed_in(user)
    hold = session.require_hold()
    assert (hold.owed, hold.next) == ("proof", "/after/")
    assert hold.backend == fresh(user).backend
    assert next_request(ctx).actor is None


def test_any_login_of_who_must_enrol_is_taken_back(staff):
    ctx = django_login(fresh(staff))
    assert ctx.require_session().require_hold().owed == "enrolment"


def test_a_login_taken_back_goes_on_with_a_proof(user, secret):
    ctx = django_login(fresh(user), next="/after/")
    passed = challenge.answer(ctx, totp_code(secret))
    assert passed.next_url == "/after/"
    assert next_request(ctx).actor == user


def test_where_to_go_may_stand_in_the_form(user, secret):
    ctx = session_context()
    ctx.require_session().request.POST = {"next": "/form/"}
    django_login(fresh(user), ctx, next="/query/")
    assert ctx.require_session().require_hold().next == "/form/"


def test_any_login_of_who_owes_nothing_is_let_in(user):
    ctx = django_login(fresh(user))
    session = ctx.require_session()
    assert session.has_passed_gate()
    assert session.request.user.is_verified() is False
    assert next_request(ctx).actor == user


def test_a_login_without_session_is_none_of_ours(user):
    request = HttpRequest()
    user_logged_in.send(type(user), request=request, user=user)
    assert not hasattr(request, "session")
    user_logged_in.send(type(user), request=None, user=user)


def test_a_signal_about_nobody_in_the_session_changes_nothing(user, secret):
    session = session_context().require_session()
    user_logged_in.send(type(user), request=session.request, user=user)
    assert session.hold() is None


def test_a_repeated_login_of_who_has_shown_a_proof_stays(user, secret):
    ctx = signed_in(user, secret)
    django_login(fresh(user), ctx)
    session = ctx.require_session()
    assert session.is_signed_in(user)
    assert [proof.factor for proof in session.proofs()] == ["totp"]
    assert next_request(ctx).actor == user


def test_a_repeated_login_does_not_outlive_a_change_of_factors(user, secret):
    ctx = signed_in(user, secret)
    accounts.begin_change(user)
    django_login(fresh(user), ctx)
    assert ctx.require_session().require_hold().owed == "proof"


def test_proofs_of_one_person_do_not_help_another(make_user, user, secret):
    ctx = signed_in(user, secret)
    bob = make_user("bob")
    add_totp(bob)
    django_login(fresh(bob), ctx)
    assert ctx.require_session().require_hold().user_pk == bob.pk
    assert next_request(ctx).actor is None


# During a session


def test_who_passed_the_gate_is_seen(user, secret):
    ctx = signed_in(user, secret)
    seen = review(ctx, user)
    assert seen == user
    assert seen.is_verified()


def test_to_see_a_verified_user_costs_no_query(user, secret):
    ctx = signed_in(user, secret)
    found = accounts.find_user(user.pk)
    with queries() as seen:
        gate.review(ctx.require_session(), found, exempt=False)
    assert seen == []


def old_session(user) -> Context:
    """Signed in before the package was there."""
    ctx = signed_in(user)
    session = ctx.require_session()
    for name in [name for name in dict(session.store.items()) if "_mfa_" in name]:
        del session.store[name]
    return ctx


def test_an_old_session_of_who_has_a_factor_must_show_it(user):
    ctx = old_session(user)
    add_totp(user)
    assert review(ctx, user).is_anonymous
    assert ctx.require_session().require_hold().owed == "proof"


def test_an_old_session_of_who_owes_nothing_stays(user):
    ctx = old_session(user)
    assert review(ctx, user) == user
    assert ctx.require_session().has_passed_gate()


def test_an_old_session_of_who_must_enrol_gives_the_password_first(user):
    ctx = old_session(user)
    user.is_staff = True
    user.save()
    assert review(ctx, user).is_anonymous
    assert ctx.require_session().hold() is None


def test_after_a_change_of_factors_elsewhere_the_proof_is_asked_again(user, secret):
    ctx = signed_in(user, secret)
    accounts.begin_change(user)
    assert review(ctx, user).is_anonymous
    session = ctx.require_session()
    assert session.require_hold().factors == ("totp",)
    assert session.proofs() == []


def test_when_the_factors_are_gone_the_password_is_asked_again(user, secret):
    ctx = signed_in(user, secret)
    accounts.begin_change(user)
    TOTPDevice.objects.all().delete()
    assert review(ctx, user).is_anonymous
    session = ctx.require_session()
    assert session.hold() is None
    assert dict(session.store.items()) == {}
    assert next_request(ctx).actor is None


def test_when_the_factors_are_gone_and_one_is_owed_the_password_comes_first(staff):
    secret = add_totp(staff)
    ctx = signed_in(staff, secret)
    accounts.begin_change(staff)
    TOTPDevice.objects.all().delete()
    assert review(ctx, staff).is_anonymous
    assert ctx.require_session().hold() is None
    assert held(staff).require_session().require_hold().owed == "enrolment"


def test_who_comes_to_owe_a_set_up_must_do_it_first(user, settings, moving):
    ctx = signed_in(user)
    assert review(ctx, user) == user
    moving.tick(600)
    settings.DJANGO_MFA = {"POLICIES": [{"who": "everyone", "grace_days": 0}]}
    assert review(ctx, user).is_anonymous
    hold = ctx.require_session().require_hold()
    assert hold.owed == "enrolment"
    # It waits since the password was given, not since the policy came.
    moving.tick(301)
    assert ctx.require_session().hold() is None
    assert hold.is_over


def test_when_the_grace_ends_an_old_session_gives_the_password_first(
    user, settings, moving
):
    settings.DJANGO_MFA = EVERYONE
    ctx = signed_in(user)
    assert review(ctx, user) == user
    moving.tick(timedelta(days=7))
    assert review(ctx, user).is_anonymous
    assert ctx.require_session().hold() is None


def test_an_exempt_view_sees_who_came_to_owe_a_set_up(user, settings, moving):
    settings.DJANGO_MFA = EVERYONE
    ctx = signed_in(user)
    moving.tick(timedelta(days=7))
    assert review(ctx, user, exempt=True) == user
    assert ctx.require_session().hold() is None


def test_an_exempt_view_does_not_see_who_owes_a_proof(user, secret):
    ctx = signed_in(user, secret)
    accounts.begin_change(user)
    assert review(ctx, user, exempt=True).is_anonymous


def test_who_has_shown_a_proof_owes_no_set_up(staff):
    ctx = signed_in(staff, add_totp(staff))
    assert review(ctx, staff) == staff


def test_rights_granted_during_a_session_bring_their_duty(user):
    ctx = signed_in(user)
    user.is_staff = True
    user.save()
    assert review(ctx, user).is_anonymous


# On the event loop


@async_to_sync
async def areview(session: MFASession, user, *, exempt: bool = False):
    return await gate.areview(session, user, exempt=exempt)


def test_on_the_event_loop_who_passed_the_gate_is_seen(user, secret):
    ctx = signed_in(user, secret)
    seen = areview(ctx.require_session(), fresh(user))
    assert seen == user
    assert seen.is_verified()


def test_on_the_event_loop_a_verified_user_needs_no_thread(user, secret, monkeypatch):
    ctx = signed_in(user, secret)
    monkeypatch.setattr(gate, "sync_to_async", None)
    found = accounts.find_user(user.pk)
    with queries() as seen:
        assert areview(ctx.require_session(), found) == user
    assert seen == []


def test_on_the_event_loop_who_has_no_proof_is_reviewed(user, settings, moving):
    settings.DJANGO_MFA = EVERYONE
    ctx = signed_in(user)
    assert areview(ctx.require_session(), fresh(user)) == user
    moving.tick(timedelta(days=7))
    assert areview(ctx.require_session(), fresh(user), exempt=True) == user
    assert isinstance(areview(ctx.require_session(), fresh(user)), AnonymousUser)


def test_on_the_event_loop_a_change_of_factors_is_met(user, secret):
    ctx = signed_in(user, secret)
    accounts.begin_change(user)
    assert areview(ctx.require_session(), fresh(user)).is_anonymous
    assert ctx.require_session().require_hold().owed == "proof"


def test_on_the_event_loop_what_is_over_or_elsewhere_is_reviewed(
    user, secret, settings, moving
):
    ctx = signed_in(user, secret)
    settings.DJANGO_MFA = {"SESSIONS": {"BIND": ["browser"]}}
    assert areview(ctx.require_session(), fresh(user)).is_anonymous
    assert ctx.require_session().is_signed_in(user)
    settings.DJANGO_MFA = {"SESSIONS": {"ABSOLUTE_AGE": 60}}
    moving.tick(61)
    assert areview(ctx.require_session(), fresh(user)).is_anonymous
    assert not ctx.require_session().is_signed_in(user)


def test_on_the_event_loop_groups_are_learnt_in_a_thread_once(
    user, secret, settings, monkeypatch
):
    settings.DJANGO_MFA = {
        "POLICIES": [{"who": "group:Tellers", "allowed_factors": ["totp"]}]
    }
    ctx = signed_in(user, secret)
    snapshot.forget()
    del ctx.require_session().store["_mfa_roles"]
    assert areview(ctx.require_session(), fresh(user)) == user
    monkeypatch.setattr(gate, "sync_to_async", None)
    assert areview(ctx.require_session(), accounts.find_user(user.pk)) == user


def test_who_has_no_factor_that_will_do_gets_time_to_set_one_up(
    user, secret, settings, moving
):
    settings.DJANGO_MFA = {
        "POLICIES": [{"who": "everyone", "phishing_resistant": True, "grace_days": 2}]
    }
    ctx = signed_in(user, secret)
    session = ctx.require_session()
    assert review(ctx, user) == user
    assert session.request.mfa_grace == clock.now() + timedelta(days=2)
    moving.tick(timedelta(days=2))
    assert review(ctx, user).is_anonymous
    assert session.request.mfa_owed.code == "mfa_enrolment_required"
    assert session.request.mfa_owed.details["methods"] == ["passkey"]
    Exemption.objects.create(
        user=user, reason="on leave", expires=clock.now() + timedelta(days=1)
    )
    assert review(ctx, user) == user


def test_who_is_exempt_may_give_what_the_policies_would_refuse(user, settings):
    # The passkey lies at home: that is what the exemption is for.
    keys = {"who": "everyone", "phishing_resistant": True}
    settings.DJANGO_MFA = {**settings.DJANGO_MFA, "POLICIES": [keys]}
    add_passkey(user)
    secret = add_totp(user)
    assert gate.owed(fresh(user)) == ("proof", ("passkey",))
    until = clock.now() + timedelta(days=1)
    Exemption.objects.create(user=user, reason="travelling", expires=until)
    assert set(gate.owed(fresh(user))[1]) == {"passkey", "totp"}
    ctx = held(user)
    challenge.answer(ctx, totp_code(secret))
    assert next_request(ctx).actor == user
