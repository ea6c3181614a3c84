from __future__ import annotations

from base64 import b64encode

import pytest

pytest.importorskip("rest_framework")

from django.test import RequestFactory
from rest_framework.exceptions import APIException
from rest_framework.request import Request

from django_mfa.api.authentication import AppPasswordAuthentication
from django_mfa.app_passwords.models import AppPassword
from django_mfa.testing import add_app_password, add_totp, freeze, mfa_login
from tests.stories import queries

pytestmark = pytest.mark.urls("tests.app_password_site")
NEVER = "djmfa_" + "0" * 12 + "_" + "0" * 32


@pytest.fixture(autouse=True)
def moving():
    with freeze(1_700_000_010) as frozen:
        yield frozen


@pytest.fixture
def script(user):
    """An app password of alice that may read."""
    return add_app_password(user)


def basic(name, secret):
    return "Basic " + b64encode(f"{name}:{secret}".encode()).decode()


def ask(client, header, where="who", **options):
    headers = {"authorization": header} if header else {}
    return client.get(f"/api/{where}/", headers=headers, **options)


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "Basic"])
def test_bearer_and_basic_let_the_owner_in(client, user, script, scheme):
    header = (
        basic(user.get_username(), script)
        if scheme == "Basic"
        else f"{scheme} {script}"
    )
    response = ask(client, header)
    assert response.status_code == 200
    assert response.json() == {
        "user": str(user.pk),
        "by": "AppPassword",
        "verified": False,
        "standing": False,
        "amr": [],
        "session": None,
        "actor": True,
    }
    assert not response.cookies


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer ",
        "Bearer x",
        "Bearer \xe4",
        "Basic",
        "Basic !!!",
        "Basic " + b64encode(b"\xff\xfe").decode(),
        "Basic " + b64encode(b"alice").decode(),
        "Basic " + b64encode(b"alice:pw").decode(),
        "Token djmfa_x",
        "Digest djmfa_x",
    ],
)
def test_what_is_no_app_password_is_left_to_others(client, user, header):
    response = ask(client, header)
    assert response.status_code == 401
    assert response["WWW-Authenticate"] == 'Bearer realm="api"'


def test_another_class_goes_on_where_none_was_sent(client, user):
    response = ask(client, basic(user.get_username(), "pw"), "mixed")
    # Identified, and not by an app password: the scope is not theirs.
    assert response.status_code == 403
    assert response.json() == {
        "code": "insufficient_scope",
        "detail": "Your app password does not allow this. Make one that does.",
        "scope": "read",
    }


@pytest.mark.parametrize("scheme", ["Bearer", "Basic"])
def test_a_wrong_one_is_a_401_that_says_what_to_do(client, user, script, scheme):
    wrong = script[:-1] + ("0" if script[-1] != "0" else "1")
    for secret in (wrong, NEVER, "djmfa_", script + "0"):
        header = (
            basic(user.get_username(), secret)
            if scheme == "Basic"
            else f"Bearer {secret}"
        )
        response = ask(client, header)
        assert response.status_code == 401
        assert response["WWW-Authenticate"] == 'Bearer realm="api"'
        assert response.json() == {
            "code": "invalid_app_password",
            "detail": "This app password is wrong or has ended. Make a new one.",
        }


def test_a_wrong_one_is_not_tried_by_the_next_class(client, user):
    assert ask(client, basic(user.get_username(), NEVER), "mixed").status_code == 401


def test_basic_names_the_owner(client, make_user, script):
    bob = make_user("bob")
    assert ask(client, basic(bob.get_username(), script)).status_code == 401
    assert ask(client, basic("", script)).status_code == 401


def test_a_class_of_ones_own_asks_in_other_words(client, user):
    for header in ("", f"Bearer {NEVER}"):
        response = ask(client, header, "files")
        assert response["WWW-Authenticate"] == 'Basic realm="files"'


def test_the_wrong_scope_is_a_403(client, user, script):
    response = ask(client, f"Bearer {script}", "write")
    assert response.status_code == 403
    assert response.json()["code"] == "insufficient_scope"
    assert response.json()["scope"] == "write"
    both = add_app_password(user, "read", "write")
    assert ask(client, f"Bearer {both}", "write").status_code == 200


def test_permissions_are_composed(client, user):
    for scope in ("read", "write"):
        secret = add_app_password(user, scope)
        assert ask(client, f"Bearer {secret}", "both").status_code == 200
    other = add_app_password(user, "mail")
    assert ask(client, f"Bearer {other}", "both").status_code == 403


@pytest.mark.parametrize("where", ["people", "backwards"])
def test_a_view_that_names_no_scope_takes_none(client, user, where):
    secret = add_app_password(user, "read", "write")
    response = ask(client, f"Bearer {secret}", where)
    assert response.status_code == 403
    assert response.json()["code"] == "app_password_not_accepted"
    assert AppPassword.objects.get().last_used is None


def test_outside_of_a_view_it_is_refused(user, script):
    request = Request(
        RequestFactory().get("/", headers={"authorization": f"Bearer {script}"})
    )
    with pytest.raises(APIException) as refused:
        AppPasswordAuthentication().authenticate(request)
    assert refused.value.status_code == 403


def test_a_session_is_no_app_password(client, user):
    mfa_login(client, user)
    response = ask(client, "", "both")
    assert response.status_code == 403


def test_too_many_wrong_ones_are_a_429_for_a_while(client, script, settings, moving):
    settings.DJANGO_MFA = {"LIMITS": {"ADDRESS_FAILURES": 2}}
    for _ in range(2):
        assert ask(client, f"Bearer {NEVER}").status_code == 401
    response = ask(client, f"Bearer {script}")
    assert response.status_code == 429
    assert response.json()["code"] == "too_many_attempts"
    moving.tick(int(response["Retry-After"]))
    assert ask(client, f"Bearer {script}").status_code == 200


def test_the_session_of_another_who_showed_a_factor_lends_nothing(
    client, make_user, script, user
):
    mallory = make_user("mallory")
    mfa_login(client, mallory)
    told = ask(client, f"Bearer {script}").json()
    assert told["user"] == str(user.pk)
    assert (told["verified"], told["standing"], told["amr"]) == (False, False, [])


def test_a_post_needs_no_csrf_token_and_the_session_is_left_alone(script):
    from django.test import Client

    client = Client(enforce_csrf_checks=True)
    headers = {"authorization": f"Bearer {script}"}
    assert client.post("/api/who/", headers=headers).status_code == 200
    assert not client.cookies


# Budget: row 16


def cost(client, script, **options):
    with queries() as seen:
        assert ask(client, f"Bearer {script}", "write", **options).status_code in (
            200,
            403,
        )
    return seen


def test_a_request_costs_one_query_and_one_write_a_minute(client, user, moving):
    script = add_app_password(user, "write")
    add_totp(user)
    ask(client, f"Bearer {NEVER}", "write")  # what a process keeps is there
    kinds = [[sql.split()[0] for sql in cost(client, script)] for _ in range(3)]
    assert kinds == [["SELECT", "UPDATE"], ["SELECT"], ["SELECT"]]
    moving.tick(60)
    assert len(cost(client, script)) == 2


def test_a_request_from_a_new_place_costs_three_queries(client, user):
    script = add_app_password(user, "write")
    seen = cost(client, script, REMOTE_ADDR="198.51.100.7")
    assert [sql.split()[0] for sql in seen] == ["SELECT", "UPDATE", "INSERT"]


def test_no_slow_digest_is_computed(client, user, script, monkeypatch):
    def slow(*args, **kwargs):
        raise AssertionError

    for name in ("scrypt", "pbkdf2_hmac"):
        monkeypatch.setattr(f"hashlib.{name}", slow)
    assert ask(client, f"Bearer {script}").status_code == 200
    assert ask(client, f"Bearer {NEVER}").status_code == 401
