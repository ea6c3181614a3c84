"""One answer, one transaction, in which the session takes part."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from django.contrib.sessions.backends.base import UpdateError
from django.db import Error as DatabaseError
from django.db import router, transaction

from django_mfa.accounts.models import MFAAccount
from django_mfa.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

log = logging.getLogger("django_mfa")


@contextmanager
def all_or_nothing(request: Any) -> Iterator[None]:
    """One transaction in which the session takes part; on an error it is as before.

    Raises `Unavailable` when the database or the session's store fails.
    """
    rewind = _remember(request)
    try:
        with transaction.atomic(using=router.db_for_write(MFAAccount)):
            yield
            _save(request.session)
    except (DatabaseError, UpdateError) as error:
        rewind()
        # SECURITY: the kind of error alone: its text may hold what was stored.
        log.warning("A transaction was undone: %s", type(error).__name__)
        raise Unavailable from error
    except BaseException:
        rewind()
        raise


def _remember(request: Any) -> Callable[[], None]:
    store = request.session
    key, data = store.session_key, dict(store.items())
    modified, user = store.modified, getattr(request, "user", None)

    def rewind() -> None:
        fresh = type(store)(key)
        fresh._session_cache = data  # noqa: SLF001  # what it read, unread again
        fresh.accessed, fresh.modified = True, modified
        request.session = fresh
        if user is not None:
            request.user = user

    return rewind


def _save(store: Any) -> None:
    """Save now, inside the transaction, what Django would save after the view."""
    if not store.modified:
        return
    store.save()
    dump, save = store.serializer().dumps, store.save
    written = dump(dict(store.items()))

    def save_what_is_new(*, must_create: bool = False) -> None:
        # Django's middleware saves again only to set the cookie: nothing is
        # written twice, and a failing write has been undone already.
        if must_create or dump(dict(store.items())) != written:
            save(must_create=must_create)

    store.save = save_what_is_new
