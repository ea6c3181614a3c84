from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import router

from django_mfa import crypto
from django_mfa.errors import KeyTrouble

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.db.models import Model

BATCH = 500


class Command(BaseCommand):
    """Seal again, with the first key, whatever another key sealed.

    A row that was done is known by its own text, so the command can be stopped and
    started at any time, and run beside a busy site.
    """

    help = "Seal every stored secret with the first of ENCRYPTION_KEYS."

    def add_arguments(self, parser: CommandParser) -> None:
        """Whether to write."""
        parser.add_argument(
            "--dry-run", action="store_true", help="count, and change nothing"
        )

    def handle(self, *args: Any, dry_run: bool, **options: Any) -> None:
        """Go through every sealed column of every model; fail if a row stays shut."""
        self.dry_run = dry_run
        self.sealed = self.changed = self.shut = 0
        for model, field in sealed_columns():
            self._column(model, field)
        verb = "would be sealed" if dry_run else "sealed"
        self.stdout.write(
            f"{self.sealed} {verb} again, {self.changed} changed meanwhile,"
            f" {self.shut} could not be opened"
        )
        if self.shut:
            message = "Some secrets open with none of the keys. They were left alone."
            raise CommandError(message)

    def _column(self, model: type[Model], field: str) -> None:
        done, last = 0, None
        while batch := _next_batch(model, field, last):
            for row in batch:
                self._row(row, field)
            done, last = done + len(batch), batch[-1].pk
            self.stdout.write(f"{model._meta.label}.{field}: {done} rows")

    def _row(self, row: Any, field: str) -> None:
        old = getattr(row, field)
        try:
            secret = crypto.unseal(old, row.place(field))
        except KeyTrouble as error:
            self.shut += 1
            why = error.details.get("why", "")
            self.stderr.write(f"{row._meta.label} {row.pk}: {field}: {why}")
            return
        if self.dry_run:
            self.sealed += 1
            return
        # Only if nobody wrote the row since it was read.
        rows = _rows(type(row)).filter(pk=row.pk, **{field: old})
        values = {field: crypto.seal(secret, row.place(field))}
        if hasattr(row, "digests_of"):
            values |= row.digests_of(secret)
        if rows.update(**values):
            self.sealed += 1
        else:
            self.changed += 1


def sealed_columns() -> Iterator[tuple[type[Model], str]]:
    """Every sealed column there is, a third party's factors included."""
    for model in apps.get_models():
        for field in getattr(model, "sealed_fields", ()):
            yield model, field


def _next_batch(model: type[Model], field: str, last: Any) -> list[Any]:
    done = {f"{field}__startswith": crypto.sealed_with_first_key()}
    rows = _rows(model).exclude(**done).exclude(**{field: ""}).order_by("pk")
    return list((rows if last is None else rows.filter(pk__gt=last))[:BATCH])


def _rows(model: type[Model]) -> Any:
    return model._default_manager.using(router.db_for_write(model))
