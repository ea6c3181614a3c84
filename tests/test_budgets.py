"""How many queries, digests and looks into the cache an answer may cost.

Statements that control transactions are left out; the session, `last_login`
and the audit row are counted.
"""

from __future__ import annotations

import hashlib

import pytest

from django_mfa.testing import add_recovery_codes, add_totp, freeze, totp_code
from tests.stories import CountingCache, queries

WRONG_RECOVERY = "ZZZZ-ZZZZ"


@pytest.fixture(autouse=True)
def moving():
    with freeze(1_700_000_010) as frozen:
        yield frozen


@pytest.fixture
def secret(user):
    return add_totp(user)


@pytest.fixture
def written(user):
    return add_recovery_codes(user)


@pytest.fixture
def held(client, user, secret, written):
    """A browser in which the password was right and a code is owed."""
    client.force_login(user)
    # As after a first look at the page, with what a process keeps of it.
    assert client.get("/mfa/verify/").status_code == 200
    return client


@pytest.fixture
def digests(monkeypatch):
    """Every slow digest that is computed."""
    seen: list[str] = []

    def watched(name):
        real = getattr(hashlib, name)

        def note(*args, **kwargs):
            seen.append(name)
            return real(*args, **kwargs)

        return note

    for name in ("scrypt", "pbkdf2_hmac"):
        monkeypatch.setattr(hashlib, name, watched(name))
    return seen


def answer(client, code: str, status: int) -> list[str]:
    with queries() as seen:
        response = client.post("/mfa/verify/", {"code": code})
    assert response.status_code == status
    return seen


def test_a_right_code_costs_eleven_queries_and_no_digest(held, secret, digests):
    assert len(answer(held, totp_code(secret), 302)) <= 11
    assert digests == []


def test_a_wrong_code_costs_five_queries_and_no_digest(held, secret, digests):
    wrong = totp_code(secret, 1_700_000_010 + 6000)
    assert len(answer(held, wrong, 200)) <= 5
    assert digests == []


def test_the_look_of_the_admin_costs_no_query(held, secret):
    wrong = totp_code(secret, 1_700_000_010 + 6000)
    with queries() as seen:
        page = held.post("/mfa/verify/", {"code": wrong, "next": "/admin/"})
    assert b"Django administration" in page.content
    assert len(seen) <= 5


def test_a_code_spent_before_costs_five_queries(held, secret, user):
    code = totp_code(secret)
    answer(held, code, 302)
    held.logout()
    held.force_login(user)
    assert len(answer(held, code, 200)) <= 5


@pytest.mark.parametrize("place", [0, 9])
def test_a_recovery_code_costs_twelve_queries_and_one_digest(
    held, written, digests, place
):
    assert len(answer(held, written[place], 302)) <= 12
    assert digests == ["scrypt"]


def test_a_wrong_recovery_code_costs_five_queries_and_one_digest(held, digests):
    assert len(answer(held, WRONG_RECOVERY, 200)) <= 5
    assert digests == ["scrypt"]


def test_a_lock_refuses_before_any_digest(held, digests):
    for _ in range(4):
        answer(held, WRONG_RECOVERY, 200)
    answer(held, WRONG_RECOVERY, 429)
    digests.clear()
    assert len(answer(held, WRONG_RECOVERY, 429)) <= 5
    assert digests == []


@pytest.mark.parametrize("code", ["12345", "_", "", "x" * 65, "ABCDEFG0"])
def test_what_is_no_code_costs_no_write_and_no_digest(held, digests, code):
    seen = answer(held, code, 200)
    assert {sql.split()[0] for sql in seen} <= {"SELECT"}
    assert digests == []


def test_the_number_of_devices_does_not_matter(held, user, secret):
    for _ in range(4):
        add_totp(user)
    assert len(answer(held, totp_code(secret), 302)) <= 11


def test_a_right_code_asks_the_cache_for_the_limit_by_address_only(
    client, user, secret, settings
):
    settings.CACHES = {"default": {"BACKEND": "tests.stories.CountingCache"}}
    client.force_login(user)
    CountingCache.calls = 0
    answer(client, totp_code(secret), 302)
    assert CountingCache.calls <= 2


def test_sign_in_of_who_has_no_factor_costs_little(client, user):
    data = {"username": user.get_username(), "password": "pw"}
    client.post("/mfa/login/", data)
    client.logout()
    with queries() as seen:
        assert client.post("/mfa/login/", data).status_code == 302
    # Django's own six, the account, and the devices of all factors.
    assert len(seen) <= 10


def test_the_page_of_ones_devices_costs_as_much_for_five_as_for_one(held, user, secret):
    answer(held, totp_code(secret), 302)
    with queries() as one:
        assert held.get("/mfa/").status_code == 200
    for _ in range(4):
        add_totp(user)
    with queries() as five:
        assert held.get("/mfa/").status_code == 200
    assert len(one) == len(five)
