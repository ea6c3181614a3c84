"""The audit log: read by everybody who may, touched by nobody."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib import admin
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.urls import reverse
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.text import capfirst
from django.utils.timezone import localtime
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from django_mfa import clock
from django_mfa.audit.models import AuditEvent
from django_mfa.audit.receivers import RESULTS
from django_mfa.factors import registry
from django_mfa.signals import EVENTS

from .devices import ReadOnlyAdmin
from .keyset import KeysetChangeList

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from django.db.models import QuerySet
    from django.http import HttpRequest

#: Rows looked through for a page where no index helps.
SPAN = 20_000
#: Rows that may stand before an older one: those written at the same time.
DISORDER = 1_000
MAX_PEOPLE = 10


class Choice(admin.SimpleListFilter):
    """A filter that takes only what it offers."""

    def chosen(self) -> str | None:
        """Return the value if it is on offer."""
        offered = {str(value) for value, _label in self.lookup_choices}
        return self.value() if self.value() in offered else None

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Keep what was chosen; a value that is not on offer finds nothing."""
        if self.value() is None:
            return queryset
        chosen = self.chosen()
        return queryset.none() if chosen is None else self.narrow(queryset, chosen)

    def narrow(self, queryset: QuerySet[Any], chosen: str) -> QuerySet[Any]:
        """Keep what was chosen."""
        raise NotImplementedError


class EventFilter(Choice):
    """By what happened."""

    title = _("event")
    parameter_name = "event"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[Any]:
        """Offer every event of the package: known without a query."""
        return [(name, name) for name in sorted(EVENTS)]

    def narrow(self, queryset: QuerySet[Any], chosen: str) -> QuerySet[Any]:
        """Keep the event; an index holds them in order."""
        return queryset.filter(event=chosen)


class ResultFilter(Choice):
    """By result."""

    title = _("result")
    parameter_name = "result"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[Any]:
        """Offer both."""
        return [
            (AuditEvent.PASSED, gettext("passed")),
            (AuditEvent.FAILED, gettext("failed")),
        ]

    def narrow(self, queryset: QuerySet[Any], chosen: str) -> QuerySet[Any]:
        """Keep the events that have this result: the index of events serves here too."""
        events = [event for event, result in RESULTS.items() if result == chosen]
        if len(events) == 1:
            return queryset.filter(event=events[0])
        return queryset.filter(event__in=events)


class FactorFilter(Choice):
    """By factor."""

    title = _("factor")
    parameter_name = "factor"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[Any]:
        """Offer the factors of this site."""
        return [(slug, kind.label) for slug, kind in registry.factors().items()]

    def narrow(self, queryset: QuerySet[Any], chosen: str) -> QuerySet[Any]:
        """Keep the factor, among the rows that `AuditEventAdmin.span` allows."""
        return queryset.filter(factor=chosen)


class TimeFilter(Choice):
    """By age."""

    title = _("time")
    parameter_name = "time"

    HOURS: ClassVar[dict[str, int]] = {"hour": 1, "day": 24, "week": 168, "month": 720}

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[Any]:
        """Offer a few spans."""
        return [
            ("hour", gettext("Last hour")),
            ("day", gettext("Last 24 hours")),
            ("week", gettext("Last 7 days")),
            ("month", gettext("Last 30 days")),
        ]

    def narrow(self, queryset: QuerySet[Any], chosen: str) -> QuerySet[Any]:
        """Keep what is young enough, found by the key of the oldest such row."""
        since = clock.now() - timedelta(hours=self.HOURS[chosen])
        young = AuditEvent.objects.filter(at__gte=since).order_by("at")
        oldest = young.values_list("pk", flat=True).first()
        if oldest is None:
            return queryset.none()
        return queryset.filter(at__gte=since, pk__gte=oldest - DISORDER)


class UserFilter(Choice):
    """By the key of a user; reached by links, and shown once it is in use."""

    title = _("user")
    parameter_name = "user"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[Any]:
        """Offer what was asked for."""
        return [(self.value(), self.value())] if self.value() else []

    def narrow(self, queryset: QuerySet[Any], chosen: str) -> QuerySet[Any]:
        """Keep the events of one user."""
        key = user_key(chosen)
        return queryset.none() if key is None else queryset.filter(user_id=key)


class AuditEventAdmin(ReadOnlyAdmin):
    """Every page of it costs the same, with a thousand rows or many millions."""

    lookups = frozenset({"event", "result", "factor", "time", "user"})
    list_display = (
        "when",
        "event",
        "result",
        "reason",
        "whom",
        "actor_name",
        "factor",
        "address",
    )
    list_display_links = ("when",)
    list_filter = (TimeFilter, EventFilter, ResultFilter, FactorFilter, UserFilter)
    list_per_page = 50
    sortable_by = ()
    actions = None
    search_fields = ("user_name",)
    search_help_text = _("The beginning of a user name or an e-mail address, or a key.")
    change_list_template = "django_mfa/admin/events.html"
    fields = readonly_fields = (
        "when",
        "event",
        "result",
        "reason",
        "whom",
        "actor_name",
        "factor",
        "device",
        "device_name",
        "address",
        "user_agent",
        "request_id",
        "more",
    )

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> Any:
        """List by key."""
        return KeysetChangeList

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody deletes what happened."""
        return False

    def span(self, params: Mapping[str, str]) -> int | None:
        """How many rows a page looks through; None: an index finds them in order."""
        searched = params.get("user") or params.get("q")
        return SPAN if params.get("factor") and not searched else None

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Find people first, by their own indexes, and then their events by key."""
        term = search_term.strip()
        if not term:
            return queryset, False
        keys = people_called(term)
        if len(keys) == 1:
            return queryset.filter(user_id=keys[0]), False
        return queryset.filter(user_id__in=keys), False

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> Any:
        """Show the list under its own name."""
        title = capfirst(self.opts.verbose_name_plural)
        return super().changelist_view(
            request, {"title": title, **(extra_context or {})}
        )

    @admin.display(description=_("when"))
    def when(self, event: AuditEvent) -> str:
        """Write the moment to the second, in the site's time zone."""
        return f"{localtime(event.at):%Y-%m-%d %H:%M:%S}"

    @admin.display(description=_("user"))
    def whom(self, event: AuditEvent) -> str:
        """Name the user, with a way to all of their events."""
        if event.user_id is None:
            return event.user_name
        url = events_of(event.user_id, self.admin_site)
        return format_html('<a href="{}">{}</a>', url, event.user_name)

    @admin.display(description=_("details"))
    def more(self, event: AuditEvent) -> str:
        """Write the details as JSON."""
        return json.dumps(event.details, ensure_ascii=False, sort_keys=True)


def events_of(user_pk: Any, site: admin.AdminSite) -> str:
    """Return the address of the events of one user."""
    name = "admin:django_mfa_auditevent_changelist"
    query = urlencode({"user": user_pk})
    return f"{reverse(name, current_app=site.name)}?{query}"


def user_key(text: str) -> Any:
    """Return `text` as a key of the user model; None when it cannot be one."""
    try:
        key = get_user_model()._meta.pk.to_python(text)
    except (ValidationError, ValueError):
        return None
    too_big = isinstance(key, int) and abs(key) >= 2**63
    return None if too_big or "\0" in text else key


def people_called(term: str) -> list[Any]:
    """Return the keys of a few users whose name or address begins with `term`."""
    users = get_user_model()
    rows: Any = users._default_manager.order_by()
    exact = rows.filter(**{users.USERNAME_FIELD: term}).values_list("pk", flat=True)
    found = list(exact[:1])
    if found:
        return found
    names = {users.USERNAME_FIELD, users.get_email_field_name()}
    known = {field.name for field in users._meta.get_fields()}
    begins = Q(pk__in=[])
    for name in names & known:
        begins |= Q(**{f"{name}__startswith": term})
    key = user_key(term)
    found = list(rows.filter(begins).values_list("pk", flat=True)[:MAX_PEOPLE])
    return found if key is None or found else [key]
