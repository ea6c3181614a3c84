from __future__ import annotations

from functools import partial

import pytest
from asgiref.sync import async_to_sync, iscoroutinefunction
from django.test import AsyncClient, RequestFactory

from django_mfa import conf
from django_mfa.decorators import mfa_exempt, mfa_required
from django_mfa.policy.requirements import AnyFactor, Recent
from django_mfa.testing import add_totp, freeze, mfa_login
from tests import pages

NOON = 1_700_000_010
JSON = {"accept": "application/json"}

pytestmark = pytest.mark.urls("tests.pages")


@pytest.fixture(params=["sync", "async"])
def recent(request, client):
    """Ask for a page that wants a fresh proof, of either kind of server."""
    aclient = AsyncClient()

    def sync_get(**more):
        return client.get("/t/recent/", **more)

    def async_get(**more):
        aclient.cookies = client.cookies
        return async_to_sync(aclient.get)("/t/arecent/", **more)

    return sync_get if request.param == "sync" else async_get


@pytest.mark.parametrize("path", ["/t/bare/", "/t/recent/"])
def test_who_showed_a_factor_may_see_it(client, user, path):
    mfa_login(client, user)
    assert client.get(path).content == b"in"


def test_who_showed_a_factor_may_see_it_on_either_server(client, user, recent):
    mfa_login(client, user)
    assert recent().content == b"in"


def test_the_view_gets_what_stands_in_its_address(client, user):
    mfa_login(client, user)
    assert client.get("/t/recent/word/").content == b"word"


def test_nobody_is_asked_to_sign_in_and_comes_back(recent, db):
    response = recent()
    assert response.status_code == 302
    assert response.url.startswith("/mfa/login/?next=/t/")
    assert response.url.endswith("recent/")


def test_nobody_is_told_so_as_a_program(recent, db):
    response = recent(headers=JSON)
    assert response.status_code == 401
    assert response.json()["code"] == "mfa_required"
    assert "WWW-Authenticate" in response


def test_who_is_held_must_show_a_factor(client, user, recent):
    add_totp(user)
    client.force_login(user)
    assert recent().url == "/mfa/verify/"
    assert recent(headers=JSON).status_code == 403


def test_who_has_no_factor_is_asked_to_set_one_up(client, user, recent):
    client.force_login(user)
    response = recent()
    assert response.status_code == 302
    assert response.url.startswith("/mfa/setup/?next=%2Ft%2F")
    response = recent(headers=JSON)
    assert response.status_code == 403
    assert response.json()["code"] == "mfa_enrolment_required"


def test_a_proof_that_is_too_old_is_asked_for_again(client, user, recent):
    with freeze(NOON) as moving:
        mfa_login(client, user)
        moving.tick(900)
        assert recent().content == b"in"
        moving.tick(1)
        response = recent()
        assert response.status_code == 302
        assert response.url.startswith("/mfa/step-up/?next=%2Ft%2F")
        body = recent(headers=JSON).json()
    assert (body["code"], body["max_age"]) == ("step_up_required", 900)
    assert body["mfa_required"] is True


def test_a_proof_that_is_not_strong_enough_is_not_enough(client, user):
    mfa_login(client, user)
    assert client.get("/t/bare/").status_code == 200
    response = client.get("/t/strong/")
    assert response.url.startswith("/mfa/step-up/")
    body = client.get("/t/strong/", headers=JSON).json()
    assert (body["code"], body["max_age"]) == ("step_up_required", None)


def test_a_program_is_told_which_level_is_asked_for(client, user):
    mfa_login(client, user)
    answer = client.get("/t/stronger/", headers=JSON)
    assert answer.json()["acr_values"] == "aal3"
    assert 'acr_values="aal3"' in answer.headers["WWW-Authenticate"]


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete", "options"])
def test_what_was_sent_is_not_repeated_for_the_person(client, user, method):
    with freeze(NOON) as moving:
        mfa_login(client, user)
        moving.tick(conf.get().STEP_UP.MAX_AGE + 1)
        response = getattr(client, method)("/t/recent/")
    assert response.status_code == 302
    assert response.url == "/mfa/step-up/"
    assert response.content == b""


def test_a_look_at_the_headers_comes_back(client, user):
    with freeze(NOON) as moving:
        mfa_login(client, user)
        moving.tick(901)
        assert "next=%2Ft%2Frecent%2F" in client.head("/t/recent/").url


def test_a_mark_can_be_read():
    assert pages.bare.mfa_requirement == AnyFactor()
    assert pages.arecent.mfa_requirement == Recent(900)
    assert pages.exempt.mfa_exempt is True  # type: ignore[attr-defined]  # the mark


def test_a_marked_view_is_still_the_view():
    assert pages.bare.__name__ == "bare"
    assert pages.bare.__doc__ == "Any factor."
    assert iscoroutinefunction(pages.arecent)
    assert not iscoroutinefunction(pages.recent)


def test_an_exempt_view_is_the_same_object():
    view = partial(pages.plain)
    assert mfa_exempt(view) is view


def test_without_the_middleware_nobody_gets_through():
    with pytest.raises(TypeError, match="MFAMiddleware"):
        mfa_required(lambda request: "in")(RequestFactory().get("/"))


@pytest.mark.parametrize("path", ["/t/methods/", "/t/amethods/"])
def test_a_method_of_a_view_may_be_marked_by_itself(client, user, path):
    with freeze(NOON) as moving:
        mfa_login(client, user)
        assert client.post(path).content == b"in"
        moving.tick(901)
        assert client.post(path).url.startswith("/mfa/step-up/")
    assert client.get("/t/methods/").content == b"plain"


@pytest.mark.parametrize("wrong", [900, "AnyFactor", AnyFactor, Recent])
def test_what_is_no_requirement_and_no_view_is_refused_when_it_is_written(wrong):
    with pytest.raises(TypeError, match="is no view"):
        mfa_required(wrong)
