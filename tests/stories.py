"""People in the state in which a test begins, and what a test counts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user, get_user_model
from django.core.cache.backends.locmem import LocMemCache
from django.db import connection

from django_mfa.audit.models import AuditEvent
from django_mfa.flows import challenge, gate, login
from django_mfa.session import Context
from django_mfa.testing import session_context, totp_code

TRANSACTION_CONTROL = ("SAVEPOINT", "RELEASE", "ROLLBACK", "BEGIN", "COMMIT")


def fresh(user: Any) -> Any:
    """The user as `authenticate` returns them, read anew."""
    found = get_user_model()._default_manager.get(pk=user.pk)
    found.backend = settings.AUTHENTICATION_BACKENDS[0]
    return found


def held(user: Any, next_url: str = "") -> Context:
    """A browser in which the password of `user` was right and something is owed."""
    ctx = session_context()
    assert login.begin(ctx, fresh(user), next_url)
    return ctx


def signed_in(user: Any, secret: str = "") -> Context:
    """A browser in which `user` is signed in, with a code where `secret` is given."""
    ctx = session_context()
    owed = login.begin(ctx, fresh(user))
    if secret:
        assert owed == "proof"
        challenge.answer(ctx, totp_code(secret))
    else:
        assert owed is None
    return next_request(ctx)


def next_request(ctx: Context) -> Context:
    """The next request of the same browser, as the middleware would let it see."""
    store = ctx.require_session().store
    store.save()
    again = session_context(type(store)(store.session_key))
    session = again.require_session()
    user: Any = get_user(session.request)
    if user.is_authenticated:
        user = gate.review(session, user, exempt=False)
    session.request.user = user
    return Context(
        actor=session.user(),
        session=session,
        address=ctx.address,
        user_agent=ctx.user_agent,
        host=ctx.host,
    )


def told() -> list[str]:
    """What the audit log says happened, oldest first, beside plain sign-ins."""
    events = AuditEvent.objects.exclude(event="signed_in").order_by("id")
    return list(events.values_list("event", flat=True))


def last_told() -> AuditEvent:
    """The newest row of the audit log."""
    return AuditEvent.objects.order_by("id").last() or AuditEvent()


@contextmanager
def queries() -> Iterator[list[str]]:
    """The statements that are run meanwhile, without those that control transactions."""
    seen: list[str] = []

    def note(execute: Any, sql: str, params: Any, many: Any, context: Any) -> Any:
        if not sql.startswith(TRANSACTION_CONTROL):
            seen.append(sql)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        yield seen


class CountingCache(LocMemCache):
    """A cache that says how often it was asked."""

    calls = 0

    def make_and_validate_key(self, key: str, version: int | None = None) -> str:
        type(self).calls += 1
        return super().make_and_validate_key(key, version)
