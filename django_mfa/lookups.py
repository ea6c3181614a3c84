"""Rows of ours by the values of some columns, without composing the SELECT anew.

Django's ORM takes longer to make such a statement than a database to run it, and it
is the same statement at every sign-in.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeVar

from django.db import connections, models, router

if TYPE_CHECKING:
    from collections.abc import Mapping

M = TypeVar("M", bound=models.Model)


class Primary(models.Manager[M]):
    """Reads where it writes, whatever the site's routers say of reading."""

    #: Django's own, for the routers.
    _hints: dict[str, Any]

    def get_queryset(self) -> models.QuerySet[M]:
        """Return the rows of the database that is written to."""
        # SECURITY: a replica lags behind: on it a code is not yet spent, an account
        # not yet locked, a device not yet removed.
        using = self._db or router.db_for_write(self.model, **self._hints)
        return super().get_queryset().using(using)


def rows(model: type[M], where: Mapping[str, Any]) -> list[M]:
    """Return the rows in which each column named in `where` has that value; none is NULL."""
    using = router.db_for_write(model)
    sql, fields = _statement(using, model, tuple(where))
    connection = connections[using]
    pairs = zip(fields, where.values(), strict=True)
    params = [field.get_db_prep_value(value, connection) for field, value in pairs]
    return list(model._default_manager.using(using).raw(sql, params))


@lru_cache(maxsize=32)
def _statement(
    using: str, model: type[models.Model], names: tuple[str, ...]
) -> tuple[str, tuple[Any, ...]]:
    """Return the SQL, and the fields whose values go in the places it leaves."""
    quote = connections[using].ops.quote_name
    columns = ", ".join(quote(str(f.column)) for f in model._meta.concrete_fields)
    fields: tuple[Any, ...] = tuple(model._meta.get_field(name) for name in names)
    conditions = " AND ".join(f"{quote(field.column)} = %s" for field in fields)
    table = quote(model._meta.db_table)
    return f"SELECT {columns} FROM {table} WHERE {conditions}", fields  # noqa: S608  # our models' names
