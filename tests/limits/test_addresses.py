from __future__ import annotations

import logging

import pytest
from django.core.cache import cache

from django_mfa import conf
from django_mfa.errors import TooManyAttempts
from django_mfa.limits import addresses
from django_mfa.limits.addresses import client_address
from django_mfa.testing import freeze

HERE = "192.0.2.1"


def charge(address: str, times: int) -> None:
    for _ in range(times):
        addresses.charge(address)


def is_refused(address: str) -> bool:
    try:
        addresses.check(address)
    except TooManyAttempts:
        return True
    return False


def behind(settings, proxies: int) -> None:
    settings.DJANGO_MFA = {"LIMITS": {"TRUSTED_PROXIES": proxies}}


def test_the_address_is_that_of_the_connection():
    meta = {"REMOTE_ADDR": HERE, "HTTP_X_FORWARDED_FOR": "10.0.0.1"}
    assert client_address(meta) == HERE


def test_behind_a_proxy_the_address_is_what_the_proxy_saw(settings):
    behind(settings, 1)
    meta = {"REMOTE_ADDR": "10.0.0.1", "HTTP_X_FORWARDED_FOR": f"6.6.6.6, {HERE}"}
    assert client_address(meta) == HERE


def test_behind_two_proxies_the_address_is_what_the_outer_one_saw(settings):
    behind(settings, 2)
    forwarded = f"6.6.6.6, {HERE} , 10.0.0.2"
    meta = {"REMOTE_ADDR": "10.0.0.1", "HTTP_X_FORWARDED_FOR": forwarded}
    assert client_address(meta) == HERE


def test_with_fewer_entries_than_proxies_the_connection_counts(settings):
    behind(settings, 2)
    meta = {"REMOTE_ADDR": HERE, "HTTP_X_FORWARDED_FOR": "6.6.6.6"}
    assert client_address(meta) == HERE


@pytest.mark.parametrize("forwarded", [None, "", " ", "unknown", "6.6.6.6,"])
def test_where_the_proxy_says_nothing_readable_the_connection_counts(
    settings, forwarded
):
    behind(settings, 1)
    meta = {"REMOTE_ADDR": HERE, "HTTP_X_FORWARDED_FOR": forwarded}
    assert client_address(meta) == HERE


@pytest.mark.parametrize("given", ["", None, "unix:", "not an address", "1.2.3"])
def test_what_is_no_address_is_none(given):
    assert client_address({"REMOTE_ADDR": given}) == ""
    assert client_address({}) == ""


def test_an_ipv4_address_in_ipv6_clothes_is_the_ipv4_address():
    assert client_address({"REMOTE_ADDR": "::ffff:192.0.2.1"}) == HERE


def test_an_address_is_written_one_way_and_without_a_zone():
    assert client_address({"REMOTE_ADDR": "2001:DB8::0:1"}) == "2001:db8::1"
    assert client_address({"REMOTE_ADDR": "fe80::1%eth0"}) == "fe80::1"


def test_too_many_wrong_answers_from_an_address_are_refused():
    limit = conf.get().LIMITS.ADDRESS_FAILURES
    with freeze():
        charge(HERE, limit - 1)
        assert not is_refused(HERE)
        charge(HERE, 1)
        assert is_refused(HERE)
        assert not is_refused("192.0.2.2")


def test_a_refusal_says_until_when():
    with freeze(300_000 + 100):
        charge(HERE, conf.get().LIMITS.ADDRESS_FAILURES)
        with pytest.raises(TooManyAttempts) as caught:
            addresses.check(HERE)
        assert caught.value.retry_after == 200
        assert caught.value.details == {"why": "address"}


def test_looking_does_not_count():
    with freeze():
        for _ in range(conf.get().LIMITS.ADDRESS_FAILURES + 1):
            addresses.check(HERE)


def test_a_new_window_begins_with_nothing():
    with freeze(300_000) as clock:
        charge(HERE, conf.get().LIMITS.ADDRESS_FAILURES)
        clock.tick(conf.get().LIMITS.ADDRESS_WINDOW - 1)
        assert is_refused(HERE)
        clock.tick(1)
        assert not is_refused(HERE)


def test_a_network_of_ipv6_counts_as_one_address():
    with freeze():
        charge("2001:db8::1", conf.get().LIMITS.ADDRESS_FAILURES)
        assert is_refused("2001:db8::2:3")
        assert not is_refused("2001:db8:0:1::1")


def test_people_on_ipv4_are_not_one_another_behind_an_ipv6_socket():
    with freeze():
        one = client_address({"REMOTE_ADDR": "::ffff:192.0.2.1"})
        other = client_address({"REMOTE_ADDR": "::ffff:192.0.2.2"})
        charge(one, conf.get().LIMITS.ADDRESS_FAILURES)
        assert not is_refused(other)


def test_without_an_address_nothing_is_counted():
    with freeze():
        charge("", 100)
        assert not is_refused("")


def test_the_limit_can_be_switched_off(settings):
    settings.DJANGO_MFA = {"LIMITS": {"ADDRESS_FAILURES": 0}}
    with freeze():
        charge(HERE, 100)
        assert not is_refused(HERE)


def test_a_lost_cache_costs_the_count():
    with freeze():
        charge(HERE, 100)
        cache.clear()
        assert not is_refused(HERE)


def test_a_dead_cache_refuses_nobody_and_is_told_to_the_log(monkeypatch, caplog):
    def dead(*args, **kwargs):
        raise ConnectionError("no cache")

    # The name is kept by the lazy module that has looked at it; first, or that would
    # look now and keep what is put there for this test.
    monkeypatch.setattr(vars(addresses)["core"], "get_usage", dead, raising=False)
    monkeypatch.setattr("django_ratelimit.core.get_usage", dead)
    with caplog.at_level(logging.ERROR, "django_mfa"):
        addresses.charge(HERE)
        assert not is_refused(HERE)
    assert "attempts by address are not limited now" in caplog.text
    assert HERE not in caplog.text


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.77", "192.0.2.0/24"),
        ("2001:db8:1:2::3", "2001:db8:1::/48"),
        ("", ""),
    ],
)
def test_an_address_lies_in_a_network(address, network):
    assert addresses.prefix_of(address) == network


def test_each_kind_of_answer_has_a_count_of_its_own(settings):
    settings.DJANGO_MFA = {"LIMITS": {"ADDRESS_FAILURES": 1}}
    addresses.charge(HERE, ":machines")
    assert not is_refused(HERE)
    with pytest.raises(TooManyAttempts):
        addresses.check(HERE, ":machines")
