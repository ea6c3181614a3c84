"""Lists of a million rows: pages by key, no count, no offset."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.admin.views.main import ChangeList
from django.core.paginator import Paginator

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest

#: The names in an address: rows older, or newer, than the one with this key.
OLDER_THAN, NEWER_THAN = "before", "after"
MAX_KEY = 2**63 - 1


class KeysetChangeList(ChangeList):
    """The newest rows first, and from each page the next by the last key seen.

    Every page costs the same: one query that reads about as many rows as it shows.
    """

    older_url: str | None = None
    newer_url: str | None = None
    #: Whether only some rows were looked through, see `KeysetAdminMixin.span`.
    is_cut = False

    def get_queryset(
        self, request: HttpRequest, *args: Any, **kw: Any
    ) -> QuerySet[Any]:
        """Take the place in the list out of the address, then filter and search."""
        self.before = self._take(OLDER_THAN)
        self.after = self._take(NEWER_THAN)
        return super().get_queryset(request, *args, **kw)

    def get_ordering(self, request: HttpRequest, queryset: QuerySet[Any]) -> list[Any]:
        """Order by key; an address cannot ask for what no index gives."""
        return ["-pk"]

    def get_results(self, request: HttpRequest) -> None:
        """Read one row more than fits: it tells whether there are others."""
        span = self.model_admin.span(self.params)  # type: ignore[attr-defined]  # KeysetAdminMixin
        if self.after is not None and not self._read_newer(self.after, span):
            self.before = None  # the newest page is near: show all of it
            self.after = None
        if self.after is None:
            self._read_older(self.before, span)
        self._tell_django()

    def _read_newer(self, after: int, span: int | None) -> bool:
        rows = self.queryset.filter(pk__gt=after)
        if span:
            rows = rows.filter(pk__lte=after + span)
        found = list(rows.order_by("pk")[: self.list_per_page + 1])
        if len(found) <= self.list_per_page:
            return bool(span) and self._tell_part(found, after, after + (span or 0))
        self.rows = found[-2::-1]
        self.newer_url = self._link(NEWER_THAN, self.rows[0].pk)
        self.older_url = self._link(OLDER_THAN, self.rows[-1].pk)
        return True

    def _tell_part(self, found: list[Any], after: int, end: int) -> bool:
        """Show the few rows found in a span, unless the newest page is next to it."""
        if end >= self._end("-pk"):
            return False
        self.rows, self.is_cut = found[::-1], True
        self.newer_url = self._link(NEWER_THAN, end)
        self.older_url = self._link(OLDER_THAN, after + 1)
        return True

    def _read_older(self, before: int | None, span: int | None) -> None:
        rows, floor = self.queryset, 0
        if before is not None:
            rows = rows.filter(pk__lt=before)
        if span:
            floor = (before if before is not None else self._end("-pk") + 1) - span
            rows = rows.filter(pk__gte=floor)
        found = list(rows[: self.list_per_page + 1])
        self.rows = found[: self.list_per_page]
        if before is not None:
            first = self.rows[0].pk if self.rows else before - 1
            self.newer_url = self._link(NEWER_THAN, first)
        if len(found) > self.list_per_page:
            self.older_url = self._link(OLDER_THAN, self.rows[-1].pk)
        elif floor > 1 and floor > self._end("pk"):
            self.is_cut = True
            self.older_url = self._link(OLDER_THAN, floor)

    def _end(self, order: str) -> int:
        """Return the key of the first row in this order; 0 when there is none."""
        keys = self.root_queryset.order_by(order).values_list("pk", flat=True)
        return int(keys.first() or 0)

    def _take(self, name: str) -> int | None:
        self.filter_params.pop(name, None)
        value = self.params.pop(name, "")
        if not (value.isascii() and value.isdigit()):
            return None
        return min(int(value[:19]), MAX_KEY)

    def _link(self, name: str, key: int) -> str:
        return self.get_query_string({name: key})

    @property
    def newest_url(self) -> str:
        """The first page of the same search."""
        return self.get_query_string()

    def _tell_django(self) -> None:
        """Set what Django's templates and `ModelAdmin` read."""
        self.result_list = self.rows
        # Equal, so that no number of results is shown beside the search field.
        self.result_count = self.full_result_count = len(self.rows)
        self.show_full_result_count = False
        self.show_admin_actions = False
        self.can_show_all = self.multi_page = False
        self.paginator = Paginator(self.rows, self.list_per_page)
