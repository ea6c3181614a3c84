from __future__ import annotations

from contextvars import ContextVar
from threading import Event, get_ident

import pytest

from django_mfa.limits.deadline import within

where: ContextVar[str] = ContextVar("where", default="nowhere")


def test_what_the_call_returns_comes_back():
    assert within(5, divmod, 7, 2) == (3, 1)


def test_what_the_call_raises_is_raised():
    with pytest.raises(ZeroDivisionError):
        within(5, divmod, 7, 0)


def test_a_call_that_takes_too_long_is_left_behind():
    over, done = Event(), Event()

    def slow():
        over.wait(30)
        done.set()

    with pytest.raises(TimeoutError):
        within(0.01, slow)
    assert not done.is_set()
    over.set()
    assert done.wait(5)


def test_the_call_has_a_thread_of_its_own_and_our_context():
    where.set("here")
    ident, place = within(5, lambda: (get_ident(), where.get()))
    assert ident != get_ident()
    assert place == "here"
