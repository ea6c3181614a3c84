from __future__ import annotations

import pytest
from django.http import HttpRequest, QueryDict

from django_mfa.session import MFASession
from django_mfa.session.life import FORM, MAX_FORM
from django_mfa.testing import freeze, session_context
from tests.stories import signed_in

TYPED = "to=Bob&amount=100&note=a&note=b&csrfmiddlewaretoken=x&card_code=7&password=p"


@pytest.fixture
def session(user):
    return signed_in(user).require_session()


def keep(session, path="/pay/", typed=TYPED):
    session.keep_form(path, QueryDict(typed))


def test_a_form_is_kept_sealed_and_given_back_once(session):
    keep(session)
    assert "Bob" not in str(session.store[FORM])
    assert session.take_form("/pay/") == [
        ("to", "Bob"),
        ("amount", "100"),
        ("note", "a"),
        ("note", "b"),
    ]
    assert session.take_form("/pay/") is None


def test_a_form_is_for_its_own_page(session):
    keep(session)
    assert session.take_form("/other/") is None
    assert session.take_form("/pay/")


def test_a_form_that_is_too_big_is_not_kept(session):
    keep(session, typed="note=" + "x" * MAX_FORM)
    assert session.take_form("/pay/") is None


def test_a_form_is_over_after_five_minutes_and_does_not_come_back(session):
    with freeze() as moving:
        keep(session)
        moving.tick(301)
        assert session.take_form("/pay/") is None
        moving.tick(-301)
        assert session.take_form("/pay/") is None


@pytest.mark.parametrize("tick", [-60, 301])
def test_a_form_of_another_time_is_none(session, tick):
    with freeze() as moving:
        keep(session)
        moving.tick(tick)
        assert session.take_form("/pay/") is None


def test_what_one_person_typed_opens_for_nobody_else(session, make_user):
    keep(session)
    other = signed_in(make_user("bob")).require_session()
    other.store[FORM] = session.store[FORM]
    assert other.take_form("/pay/") is None


def test_a_sign_in_from_the_future_is_over(session, settings):
    settings.DJANGO_MFA = {"SESSIONS": {"ABSOLUTE_AGE": 3600}}
    with freeze() as moving:
        session.begin_life()
        assert not session.is_over()
        moving.tick(-60)
        assert session.is_over()


def test_a_session_of_before_the_setting_is_not_over(session, settings):
    settings.DJANGO_MFA = {"SESSIONS": {"ABSOLUTE_AGE": 3600}}
    del session.store["_mfa_since"]
    assert not session.is_over()


def test_a_session_that_was_never_bound_is_elsewhere(session, settings):
    settings.DJANGO_MFA = {"SESSIONS": {"BIND": ["browser"]}}
    assert session.is_elsewhere()
    session.bind()
    assert not session.is_elsewhere()


@pytest.mark.parametrize(
    ("first", "then", "same"),
    [
        ("192.0.2.1", "192.0.2.200", True),
        ("192.0.2.1", "192.0.3.1", False),
        ("2001:db8:1::1", "2001:db8:1:2::9", True),
        ("2001:db8:1::1", "2001:db8:2::1", False),
        ("192.0.2.1", "2001:db8:1::1", False),
        ("192.0.2.1", "", False),
    ],
)
def test_a_session_may_be_bound_to_its_network(session, settings, first, then, same):
    settings.DJANGO_MFA = {"SESSIONS": {"BIND": ["address"]}}
    session.request.META["REMOTE_ADDR"] = first
    session.bind()
    session.request.META["REMOTE_ADDR"] = then
    assert session.is_elsewhere() is not same


def test_what_was_learnt_of_groups_holds_as_long_as_its_stamp(session):
    session.keep_roles("1/a", {"group:G": True})
    assert session.known_roles("1/a") == {"group:G": True}
    assert session.known_roles("2/a") == {}
    session.keep_roles("", {"group:H": True})
    assert session.known_roles("") == {}
    assert session.known_roles("1/a") == {"group:G": True}


def test_a_browser_shows_few_tokens_and_no_empty_ones():
    request = HttpRequest()
    request.META |= {"SERVER_NAME": "testserver", "SERVER_PORT": "80"}
    request.COOKIES["mfa_trust"] = "a..b.c.d.e.f"
    assert MFASession(request).trust_tokens() == ["a", "b", "c", "d"]


def test_what_is_no_proof_from_elsewhere_is_none(db):
    session = session_context().require_session()
    assert session.proof_from_elsewhere() is None
    session.request.mfa_proof_from_elsewhere = "yes"
    assert session.proof_from_elsewhere() is None
