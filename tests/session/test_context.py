from __future__ import annotations

import pytest
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.test import RequestFactory

from django_mfa.errors import LoginExpired
from django_mfa.session import Context, MFASession


def request(user=None, **headers):
    made = RequestFactory().get("/", headers=headers, REMOTE_ADDR="192.0.2.1")
    made.user = user or AnonymousUser()
    return made


def test_a_context_says_who_acts_and_from_where(user):
    ctx = Context.of(
        request(user, user_agent="Firefox", x_request_id="abc-1_2", host="localhost")
    )
    assert ctx.actor == user
    assert isinstance(ctx.session, MFASession)
    assert (ctx.address, ctx.user_agent) == ("192.0.2.1", "Firefox")
    assert (ctx.request_id, ctx.host) == ("abc-1_2", "localhost")


def test_nobody_acts_where_nobody_is_signed_in():
    assert Context.of(request()).actor is None


def test_the_name_of_a_browser_is_cut():
    assert Context.of(request(user_agent="x" * 999)).user_agent == "x" * 255


@pytest.mark.parametrize("given", ["", "a" * 65, "a b", "é", "<b>", "a\nb", "--__"])
def test_a_request_id_that_is_none_is_made_up(given):
    ctx = Context.of(request(x_request_id=given))
    assert ctx.request_id != given
    assert len(ctx.request_id) == 16
    assert ctx.request_id.isalnum()


def test_the_longest_request_id_is_kept():
    assert Context.of(request(x_request_id="a" * 64)).request_id == "a" * 64


def test_a_shell_command_has_neither_session_nor_actor():
    with pytest.raises(LoginExpired):
        Context().require_session()
    with pytest.raises(LoginExpired):
        Context().require_actor()


def test_session_and_actor_are_given_where_they_are(user):
    ctx = Context.of(request(user))
    assert ctx.require_session() is ctx.session
    assert ctx.require_actor() == user


def test_a_client_without_a_session_has_all_the_rest(user):
    seen = request(user)
    whole, client = Context.of(seen), Context.of_client(seen, user)
    assert client.session is None
    assert client.actor == whole.actor == user
    assert (client.address, client.host) == (whole.address, whole.host)
    assert Context.of_client(seen).actor is None


def test_a_login_by_any_view_says_from_where(user):
    seen = request(user, user_agent="Fire\x00fox\n", x_request_id="abc")
    ctx = Context.of_login(MFASession(seen), user)
    assert (ctx.actor, ctx.address) == (user, "192.0.2.1")
    assert (ctx.user_agent, ctx.request_id) == ("Firefox", "abc")
    assert ctx.require_session().request is seen


def test_a_login_by_a_bare_request_is_from_nowhere(user):
    ctx = Context.of_login(MFASession(HttpRequest()), user)
    assert (ctx.actor, ctx.address, ctx.user_agent) == (user, "", "")
