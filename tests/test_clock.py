from __future__ import annotations

import time
from datetime import UTC, datetime

from django_mfa import clock


def test_the_clock_runs_with_the_clock_of_the_machine():
    before = time.time()
    assert before <= clock.timestamp() <= time.time()


def test_now_is_aware_and_in_utc():
    assert clock.now().tzinfo is UTC


def test_a_frozen_clock_stands_still():
    before = clock.set_frozen(1_000_000_000.5)
    try:
        assert clock.timestamp() == 1_000_000_000.5
        assert clock.now() == datetime(2001, 9, 9, 1, 46, 40, 500_000, tzinfo=UTC)
    finally:
        clock.set_frozen(before)


def test_clocks_of_other_servers_may_be_a_little_ahead():
    before = clock.set_frozen(1_000_000_000)
    try:
        assert (clock.soon() - clock.now()).total_seconds() == clock.SLACK
    finally:
        clock.set_frozen(before)


def test_setting_the_clock_says_what_was_set_before():
    first = clock.set_frozen(5.0)
    try:
        assert clock.set_frozen(7.0) == 5.0
        assert clock.set_frozen(None) == 7.0
    finally:
        clock.set_frozen(first)
