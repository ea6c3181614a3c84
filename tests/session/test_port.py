from __future__ import annotations

import pytest
from django.contrib.auth import SESSION_KEY
from django.contrib.auth.models import AnonymousUser
from django.contrib.auth.signals import user_logged_in
from django.test import RequestFactory
from django_otp import DEVICE_ID_SESSION_KEY
from django_otp.models import Device
from hypothesis import given
from hypothesis import strategies as st

from django_mfa import clock, conf
from django_mfa.accounts import service as accounts
from django_mfa.errors import LoginExpired
from django_mfa.factors.totp.models import TOTPDevice
from django_mfa.session import MFASession
from django_mfa.session.proving import MAX_PROOFS
from django_mfa.testing import add_totp, freeze, session_context
from django_mfa.values import Proof
from tests.stories import fresh, held, next_request, queries, signed_in

BACKEND = "django_mfa.auth.MFAModelBackend"


def port() -> MFASession:
    return session_context().require_session()


def proof(device: str = "d1", at: int | None = None) -> Proof:
    when = int(clock.timestamp()) if at is None else at
    return Proof("totp", device, when, "aal2", ("otp",))


@pytest.fixture
def session(user):
    """The session of somebody signed in without a factor."""
    return signed_in(user).require_session()


# Holding


def test_nobody_waits_in_a_new_session(db):
    assert port().hold() is None
    with pytest.raises(LoginExpired):
        port().require_hold()


def test_who_is_held_is_not_signed_in(user):
    session = port()
    with freeze(clock.timestamp()) as moving:
        session.begin_hold(fresh(user), BACKEND, owed="proof", factors=("totp",))
    assert session.user() is None
    assert SESSION_KEY not in session.store
    assert session.request.user.is_anonymous
    hold = session.require_hold()
    assert hold.user_pk == user.pk
    assert (hold.owed, hold.factors) == ("proof", ("totp",))
    assert (hold.backend, hold.at) == (BACKEND, int(moving.at))


def test_a_hold_takes_back_a_login(user, session):
    session.add_proof(proof())
    session.store[DEVICE_ID_SESSION_KEY] = "x/1"
    session.begin_hold(fresh(user), BACKEND, owed="proof")
    assert not session.is_signed_in(user)
    assert not session.has_passed_gate()
    assert session.proofs() == []
    assert session.password_at() is None
    assert DEVICE_ID_SESSION_KEY not in session.store
    kept = dict(session.store.items())
    names = [name for name in kept if not name.startswith("_mfa_")]
    assert names == []


def test_a_hold_that_is_over_is_forgotten(user):
    add_totp(user)
    with freeze() as moving:
        ctx = held(user)
        moving.tick(conf.get().PENDING_LOGIN_TTL + 1)
        session = ctx.require_session()
        assert session.hold() is None
        moving.tick(-60)
        assert session.hold() is None


def test_the_key_known_before_the_password_is_worth_nothing_after_it(user):
    session = port()
    session.store["basket"] = [1]
    session.store.save()
    known = session.store.session_key
    session.begin_hold(fresh(user), BACKEND, owed="proof")
    assert session.store.session_key not in (None, known)
    assert not type(session.store)(known).exists(known)
    assert session.store["basket"] == [1]


def test_what_another_person_left_in_the_session_goes(make_user):
    alice, bob = make_user("alice"), make_user("bob")
    session = signed_in(alice).require_session()
    session.store["basket"] = ["alice's"]
    session.begin_hold(fresh(bob), BACKEND, owed="proof")
    assert "basket" not in session.store
    assert session.require_hold().user_pk == bob.pk


def test_what_another_person_left_waiting_goes(make_user):
    alice, bob = make_user("alice"), make_user("bob")
    session = port()
    session.begin_hold(fresh(alice), BACKEND, owed="proof", next_url="/alice/")
    session.store["basket"] = ["alice's"]
    session.begin_hold(fresh(bob), BACKEND, owed="proof")
    assert "basket" not in session.store
    assert session.require_hold().next == ""


def test_the_same_person_keeps_what_was_there(user):
    session = port()
    session.begin_hold(fresh(user), BACKEND, owed="proof", next_url="/first/")
    session.store["basket"] = [1]
    session.begin_hold(fresh(user), BACKEND, owed="proof")
    assert session.store["basket"] == [1]
    assert session.require_hold().next == "/first/"
    session.begin_hold(fresh(user), BACKEND, owed="proof", next_url="/second/")
    assert session.require_hold().next == "/second/"


def test_where_to_go_is_noted_if_it_is_on_this_site(user):
    session = port()
    session.remember_next("/nobody/waits/")
    assert session.hold() is None
    session.begin_hold(fresh(user), BACKEND, owed="proof", next_url="//evil/")
    assert session.require_hold().next == ""
    session.remember_next("/good/")
    session.remember_next("https://evil.example/")
    assert session.require_hold().next == "/good/"


def test_a_hold_can_be_given_up(user):
    add_totp(user)
    session = held(user).require_session()
    session.end_hold()
    session.end_hold()
    assert session.hold() is None


# Signing in


def test_who_signs_in_gets_a_new_key_and_has_passed_the_gate(user):
    add_totp(user)
    ctx = held(user)
    session = ctx.require_session()
    before, csrf = session.store.session_key, session.request.META.get("CSRF_COOKIE")
    given = proof()
    session.sign_in(fresh(user), BACKEND, given)
    assert session.store.session_key != before
    assert session.request.META["CSRF_COOKIE"] != csrf
    assert session.is_signed_in(user)
    assert session.has_passed_gate()
    assert session.hold() is None
    assert session.proofs() == [given]
    assert not session.is_admitting(user)
    assert session.user() == user


def test_the_sign_in_began_when_the_password_was_right(user):
    add_totp(user)
    with freeze(1_000_000) as moving:
        session = held(user).require_session()
        moving.tick(100)
        session.sign_in(fresh(user), BACKEND, proof())
        assert session.password_at() == 1_000_000


def test_who_signs_in_where_another_waited_takes_nothing_of_theirs(make_user):
    alice, bob = make_user("alice"), make_user("bob")
    with freeze(1_000_000) as moving:
        session = port()
        session.begin_hold(fresh(alice), BACKEND, owed="proof")
        session.store["basket"] = ["alice's"]
        moving.tick(100)
        session.sign_in(fresh(bob), BACKEND)
        assert session.password_at() == 1_000_100
    assert "basket" not in session.store
    assert session.hold() is None


def test_without_a_hold_the_sign_in_begins_now(user):
    with freeze(1_000_000):
        session = port()
        session.sign_in(fresh(user), BACKEND)
        assert session.password_at() == 1_000_000
        assert session.proofs() == []


def test_a_login_that_fails_admits_nobody_afterwards(user):
    def refuse(**kwargs):
        raise RuntimeError("no")

    session = port()
    user_logged_in.connect(refuse)
    try:
        with pytest.raises(RuntimeError, match="no"):
            session.sign_in(fresh(user), BACKEND)
    finally:
        user_logged_in.disconnect(refuse)
    assert not session.is_admitting(user)


def test_proofs_of_another_person_are_none(make_user, session):
    session.add_proof(proof())
    bob = make_user("bob")
    session.store[SESSION_KEY] = str(bob.pk)
    assert session.proofs() == []
    assert not session.has_passed_gate()
    session.admit(bob)
    assert session.proofs() == []


def test_admission_without_change_of_hands_keeps_the_proofs(user, session):
    given = proof()
    session.add_proof(given)
    session.admit(user)
    assert session.proofs() == [given]


def test_admission_ends_what_waited(user, session):
    session.begin_hold(fresh(user), BACKEND, owed="proof")
    session.store[SESSION_KEY] = str(user.pk)
    session.admit(user)
    assert session.hold() is None


def test_nobody_has_passed_the_gate_of_a_new_session(db):
    assert not port().has_passed_gate()
    assert port().epoch() == -1
    assert port().password_at() is None


def test_of_each_device_the_newest_proof_is_kept(session):
    first, other, second = proof("d1", 1), proof("d2", 2), proof("d1", 3)
    for each in (first, other, second):
        session.add_proof(each)
    assert session.proofs() == [other, second]


def test_the_number_of_proofs_is_bounded(session):
    for number in range(MAX_PROOFS + 3):
        session.add_proof(proof(f"d{number}"))
    kept = [each.device for each in session.proofs()]
    assert kept == [f"d{number}" for number in range(3, MAX_PROOFS + 3)]


def test_a_step_up_renews_key_and_token_and_tells_django_otp(user):
    secret = add_totp(user)
    with freeze() as moving:
        session = signed_in(user, secret).require_session()
        device = TOTPDevice.objects.get()
        moving.tick(60)
        before = session.store.session_key
        session.step_up(proof("d9"), device)
        assert session.store.session_key != before
        assert session.request.META["CSRF_COOKIE_NEEDS_UPDATE"]
        assert session.store[DEVICE_ID_SESSION_KEY] == device.persistent_id
        assert [each.device for each in session.proofs()][-1] == "d9"


def test_a_password_given_again_renews_key_token_and_time(session):
    with freeze(5_000_000):
        before = session.store.session_key
        session.renew_password()
        assert session.store.session_key != before
        assert session.request.META["CSRF_COOKIE_NEEDS_UPDATE"]
        assert session.password_at() == 5_000_000


def test_who_signs_out_leaves_nothing(user, session):
    session.store["basket"] = [1]
    session.sign_out()
    assert dict(session.store.items()) == {}
    assert session.user() is None


def test_the_session_that_made_the_change_stays(user, session):
    epoch = accounts.begin_change(user)
    assert session.epoch() != epoch
    session.keep_up(epoch)
    assert session.epoch() == epoch


def test_a_session_that_did_not_pass_the_gate_does_not_by_keeping_up(db):
    session = port()
    session.keep_up(1)
    assert not session.has_passed_gate()
    assert session.epoch() == -1


def test_dropped_proofs_are_gone_for_django_otp_as_well(session):
    session.add_proof(proof())
    session.store[DEVICE_ID_SESSION_KEY] = "x/1"
    session.drop_proofs()
    session.drop_proofs()
    assert session.proofs() == []
    assert DEVICE_ID_SESSION_KEY not in session.store


def test_a_request_without_user_is_of_nobody():
    request = RequestFactory().get("/")
    assert MFASession(request).user() is None


# What django-otp is told


def test_nobody_is_verified_without_a_device(user, session):
    session.attach(user)
    assert user.otp_device is None
    assert not user.is_verified()


def test_nobody_who_is_anonymous_is_verified(db):
    session = port()
    session.store[DEVICE_ID_SESSION_KEY] = "x/1"
    nobody = AnonymousUser()
    session.attach(nobody)
    assert not nobody.is_verified()  # type: ignore[attr-defined]  # django-otp's


def test_a_verified_user_costs_no_query_until_the_device_is_looked_at(user):
    ctx = signed_in(user, add_totp(user))
    found = fresh(user)
    with queries() as seen:
        ctx.require_session().attach(found)
        assert found.is_verified()
    assert seen == []
    assert found.otp_device.persistent_id == TOTPDevice.objects.get().persistent_id
    assert isinstance(found.otp_device, Device)


def test_a_device_that_verified_before_stays(user, session):
    add_totp(user)
    device = TOTPDevice.objects.get()
    user.otp_device = device
    session.attach(user)
    assert user.otp_device is device


def test_a_device_named_by_django_otp_is_taken(user, session):
    add_totp(user)
    session.store[DEVICE_ID_SESSION_KEY] = TOTPDevice.objects.get().persistent_id
    session.attach(user)
    assert user.is_verified()
    assert user.otp_device == TOTPDevice.objects.get()


@pytest.mark.parametrize("change", [{"confirmed": False}, {"user": "bob"}, None])
def test_a_device_named_by_django_otp_must_be_ones_own_and_confirmed(
    user, make_user, session, change
):
    add_totp(user)
    session.store[DEVICE_ID_SESSION_KEY] = TOTPDevice.objects.get().persistent_id
    if change is None:
        TOTPDevice.objects.all().delete()
    elif "user" in change:
        TOTPDevice.objects.update(user=make_user("bob"))
    else:
        TOTPDevice.objects.update(**change)
    session.attach(user)
    assert not user.is_verified()


# Where to go


def asking(host: str = "testserver", *, secure: bool = False) -> MFASession:
    request = RequestFactory().get("/", headers={"host": host}, secure=secure)
    return MFASession(request)


@pytest.mark.parametrize(
    "url",
    [
        "/",
        "/a/b/?c=d&e=//f#g",
        "http://testserver/a/",
        "https://testserver/a/",
    ],
)
def test_addresses_of_this_site_are_safe(url):
    assert asking().safe_next(url) == url


@pytest.mark.parametrize(
    "url",
    [
        "",
        "//evil",
        "///evil",
        "http:///evil",
        "https:evil",
        "/\\evil",
        "\\\\evil",
        "\t//evil",
        "/\t/evil",
        " /a",
        "/a\n",
        "/\x00a",
        "http://testserver@evil",
        "javascript:alert(1)",
        "data:text/html,x",
        "https://testserver.evil",
        "http://testserver:81/a",
        "http://[::1",
        "a/b",
        "?x=1",
        "%2f%2fevil",
        "%68ttps://evil",
        "evil?://testserver/",
        "mailto:a@evil?x=://testserver/",
    ],
)
def test_addresses_that_lead_elsewhere_are_not(url):
    assert asking().safe_next(url) == ""


def test_a_site_behind_tls_does_not_send_people_off_it():
    assert asking(secure=True).safe_next("http://testserver/a/") == ""
    assert asking(secure=True).safe_next("https://testserver/a/")


@given(st.text())
def test_any_text_is_an_address_of_this_site_or_none(url):
    found = asking().safe_next(url)
    assert found in ("", url)
    assert not found.startswith(("//", "\\", " "))


@given(st.from_regex(r"[/\\ \t:]{0,4}[a-z@.:]{0,6}[/\\ \t:]{1,4}evil", fullmatch=True))
def test_tricks_with_slashes_lead_nowhere(url):
    found = asking().safe_next(url)
    assert "\\" not in found
    assert "\t" not in found
    assert not found.startswith("//")


# The next request


def test_a_hold_survives_the_request(user):
    add_totp(user)
    again = next_request(held(user, "/after/"))
    assert again.actor is None
    assert again.require_session().require_hold().next == "/after/"


def test_a_proof_survives_the_request(user):
    ctx = signed_in(user, add_totp(user))
    assert ctx.actor == user
    assert [each.factor for each in ctx.require_session().proofs()] == ["totp"]


def test_a_set_up_is_forgotten_alone_and_where_none_is_nothing_happens():
    session = port()
    session.remember_setup("totp", "1")
    session.forget_setup("sms")
    assert session.setup_of("totp") == "1"
    session.forget_setup("totp")
    assert session.setup_of("totp") == ""
