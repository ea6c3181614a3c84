"""How long we wait for somebody else's server."""

from __future__ import annotations

from concurrent.futures import Future
from contextvars import copy_context
from threading import Thread
from typing import TYPE_CHECKING, Any, TypeVar

from django.db import connections
from django.views.decorators.debug import sensitive_variables

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


@sensitive_variables()
def within(seconds: float, call: Callable[..., T], *args: Any) -> T:
    """Return what `call` returns; raise `TimeoutError` when it takes longer.

    The time-outs of HTTP clients begin anew with each address, each retry and each
    byte, and none covers the look-up of a name. So the call gets a thread, which is
    left behind when the time is over; its own time-outs end it.
    """
    answer: Future[T] = Future()
    context = copy_context()
    Thread(target=context.run, args=(_run, answer, call, args), daemon=True).start()
    return answer.result(timeout=seconds)


@sensitive_variables()
def _run(answer: Future[Any], call: Callable[..., Any], args: Any) -> None:
    try:
        answer.set_result(call(*args))
    except BaseException as error:  # noqa: BLE001  # raised where it is waited for
        answer.set_exception(error)
    finally:
        connections.close_all()  # those of this thread
