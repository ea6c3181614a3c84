"""The user of a request, and what it asks of their account, in one statement.

Django builds the SQL of a query anew each time, which takes longer than running it.
This one is asked in every request and never changes, so its text is kept.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any  # `Any`: the user model is the site's choice

from django.contrib.auth import get_user_model
from django.db import connections, router
from django.db.models import F
from django.db.models.manager import BaseManager

from .models import MFAAccount

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper

#: What a request or a sign-in asks of the account, and how it is called on its user.
CARRIED = {
    name: f"_mfa_account_{name}"
    for name in (
        *("epoch", "roles", "required", "grace_deadline", "default_device"),
        "user_handle",
    )
}
#: What every database gives as it is.
PLAIN = frozenset({"epoch", "roles", "user_handle"})

#: The SQL by user model and database: as immutable as these are.
_statements: dict[tuple[Any, str], str] = {}


def user(pk: Any) -> Any:
    """Return the user with this key, who carries what is asked of the account; or None."""
    model = get_user_model()
    if not _is_plain(model):
        return _joined(model).filter(pk=pk).first()
    alias = router.db_for_write(model)
    connection = connections[alias]
    key = _as_looked_up(model._meta.pk, pk, connection)
    if (model, alias) not in _statements:
        _statements[model, alias] = _sql(model, alias, pk)
    statement = _statements[model, alias]
    rows = model._default_manager.using(alias).raw(statement, [key])
    found = next(iter(rows), None)
    if found is not None:
        _convert(found, connection)
    return found


def _as_looked_up(field: Any, pk: Any, connection: BaseDatabaseWrapper) -> Any:
    """Return `pk` as a filter would: MariaDB takes no 0 as a key, but looks for one."""
    return field.get_db_prep_value(field.get_prep_value(pk), connection, prepared=True)


async def auser(pk: Any) -> Any:
    """`user` on the event loop: in a thread runs Django's own code alone."""
    return await _joined(get_user_model()).filter(pk=pk).afirst()


def _is_plain(model: Any) -> bool:
    """Whether the model is read from its own table by a manager that leaves nothing out."""
    manager = type(model._default_manager)
    return manager.get_queryset is BaseManager.get_queryset and not model._meta.parents


def _sql(model: Any, alias: str, pk: Any) -> str:
    rows = _joined(model).using(alias).filter(pk=pk)
    sql, _params = rows.query.get_compiler(using=alias).as_sql()
    return str(sql)


def _joined(model: Any) -> Any:
    # Some columns of a join: to build the whole row as well would cost every
    # request as much as a query of its own.
    columns = {called: F(f"mfa_account__{name}") for name, called in CARRIED.items()}
    # SECURITY: of the primary database: on a replica a proof may not be over yet.
    users = model._default_manager.using(router.db_for_write(model))
    return users.annotate(**columns)


def _convert(found: Any, connection: BaseDatabaseWrapper) -> None:
    """Make of the account's columns what the model makes of them."""
    for name, called in CARRIED.items():
        value = getattr(found, called)
        if value is None or name in PLAIN:
            continue
        column: Any = getattr(MFAAccount, name).field.cached_col
        for convert in (
            *connection.ops.get_db_converters(column),
            *column.get_db_converters(connection),
        ):
            value = convert(value, column, connection)
        setattr(found, called, value)
