"""Compare and set: the one UPDATE that decides, without what composing it costs.

Django's ORM takes longer to make such a statement than a database to run it, and it
is the same statement at every sign-in.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from django.db import connections, router

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.db.models import Field, Model

SIGNS = {"": "=", "lt": "<", "gt": ">"}

Names = tuple[str, ...]


def compare_and_set(
    model: type[Model],
    where: Mapping[str, Any],
    values: Mapping[str, Any],
    *,
    add_one: Names = (),
) -> int:
    """Set `values` where `where` holds; return in how many rows.

    `where` knows `name`, `name__lt` and `name__gt`, and None for NULL; the columns
    `add_one` grow by one. Outside of a transaction it commits by itself.
    """
    using = router.db_for_write(model)
    given = {key: value for key, value in where.items() if value is not None}
    nulls = tuple(key for key in where if key not in given)
    sql, fields = _statement(using, model, tuple(given), nulls, tuple(values), add_one)
    connection = connections[using]
    pairs = zip(fields, (*values.values(), *given.values()), strict=True)
    params = [field.get_db_prep_save(value, connection) for field, value in pairs]
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return int(cursor.rowcount)


@lru_cache(maxsize=128)
def _statement(
    using: str,
    model: type[Model],
    given: Names,
    nulls: Names,
    values: Names,
    add_one: Names,
) -> tuple[str, tuple[Field[Any, Any], ...]]:
    """Return the SQL, and the fields whose values go in the places it leaves."""
    quote = connections[using].ops.quote_name

    def column(name: str) -> str:
        found: Any = model._meta.get_field(name)
        return str(quote(found.column))

    compared = [key.partition("__")[::2] for key in given]
    changes = [f"{column(name)} = %s" for name in values]
    changes += [f"{column(name)} = {column(name)} + 1" for name in add_one]
    conditions = [f"{column(name)} {SIGNS[sign]} %s" for name, sign in compared]
    conditions += [f"{column(name)} IS NULL" for name in nulls]
    sql = (
        f"UPDATE {quote(model._meta.db_table)} SET {', '.join(changes)}"  # noqa: S608  # our models' names
        f" WHERE {' AND '.join(conditions)}"
    )
    names = (*values, *(name for name, _ in compared))
    return sql, tuple(model._meta.get_field(name) for name in names)  # type: ignore[misc]  # columns all
