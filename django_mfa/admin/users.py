"""The users of the site's admin, with their second factors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Exists, F, OuterRef, Q
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.urls import path
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from django_mfa import clock
from django_mfa.extras import lazy
from django_mfa.factors import registry
from django_mfa.limits import attempts

from .deeds import DEEDS
from .user_pages import UserPages

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.db.models import QuerySet

    from django_mfa.factors.base import Factor

    Base = admin.ModelAdmin[Any]
    from django_mfa.flows import reset
else:
    Base = object
    # Of use when an administrator acts.
    reset = lazy("django_mfa.flows.reset")

ACTION = "mfa_reset"
PANEL = "mfa_panel"
LOCKED = "_mfa_locked_until"


class MFAFilter(admin.SimpleListFilter):
    """Users by how they stand."""

    title = _("second factor")
    parameter_name = "mfa"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[Any]:
        """Offer the four questions asked most."""
        return [
            ("has", gettext("has one")),
            ("none", gettext("has none")),
            ("required", gettext("required by an administrator")),
            ("locked", gettext("codes refused for a while")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Keep those who stand so."""
        value = self.value()
        if value in ("has", "none"):
            has = _has_primary()
            return queryset.filter(has if value == "has" else ~has)
        if value == "required":
            return queryset.filter(mfa_account__required=True)
        if value == "locked":
            return queryset.filter(mfa_account__locked_until__gt=clock.now())
        return queryset


class MFAUserAdminMixin(Base):
    """A column, a filter, a panel, a page and a reset; name it before your `UserAdmin`.

    The guarded site adds it by itself to the class with which users are registered.
    """

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        if self.actions is not None:
            self.actions = [*self.actions, ACTION]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Read along which factors each user has: no query a row."""
        has = {_mark(kind): _has(kind) for kind in registry.factors().values()}
        locked = {LOCKED: F("mfa_account__locked_until")}
        rows = super().get_queryset(request)
        marked: QuerySet[Any] = rows.annotate(**has, **locked)
        return marked

    def get_list_display(self, request: HttpRequest) -> Any:
        """Add the column."""
        return (*super().get_list_display(request), "mfa_factors")

    def get_list_filter(self, request: HttpRequest) -> Any:
        """Add the filter."""
        return (*super().get_list_filter(request), MFAFilter)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Add the panel to the page of a user who is there."""
        return (*super().get_readonly_fields(request, obj), *([PANEL] if obj else []))

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Add a part for the panel at the end."""
        found = super().get_fieldsets(request, obj)
        if obj is None:
            return found
        return [*_without_panel(found), (_("Second factors"), {"fields": (PANEL,)})]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> Any:
        """Show the list; an action asked for by hand is refused like any other door."""
        asked = ACTION in request.POST.getlist("action")
        if asked and not self.has_mfa_reset_permission(request):
            raise PermissionDenied
        return super().changelist_view(request, extra_context)

    def get_urls(self) -> Any:
        """Add the page of a user's second factors and the reset."""
        pages, guard = UserPages(self), self.admin_site.admin_view
        place = f"{self.opts.app_label}_{self.opts.model_name}_mfa"
        ours = [
            path("<path:object_id>/mfa/", guard(pages.factors), name=place),
            *(
                path(
                    f"<path:object_id>/mfa/{deed}/",
                    guard(pages.act),
                    {"deed": deed},
                    name=f"{place}_{deed}",
                )
                for deed in DEEDS
            ),
        ]
        return [*ours, *super().get_urls()]

    @admin.display(description=_("MFA"))
    def mfa_factors(self, user: Any) -> str:
        """Name the factors of a user, and a lock."""
        kinds = registry.factors().values()
        names = [str(kind.label) for kind in kinds if getattr(user, _mark(kind), False)]
        until = getattr(user, LOCKED, None)
        if until and until > clock.now():
            names.append(gettext("refused for a while"))
        return ", ".join(names) or self.get_empty_value_display()

    @admin.display(description=_("Status"))
    def mfa_panel(self, user: Any) -> str:
        """Say how a user stands, with a link to more."""
        return format_html(
            '{}<br><a href="{}">{}</a>',
            status_of(user),
            UserPages(self).address(user),
            gettext("Devices, recent events, reset"),
        )

    def has_mfa_reset_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whether the action is on offer; whom it may concern, the flow decides."""
        return bool(request.user.has_perm(reset.PERMISSION))

    @admin.action(
        description=_("Reset the second factors of the selected user"),
        permissions=["mfa_reset"],
    )
    def mfa_reset(
        self, request: HttpRequest, queryset: QuerySet[Any]
    ) -> HttpResponseBase | None:
        """Lead to the page that asks for a reason; refuse many at once, or the mightier."""
        chosen = list(queryset)
        if not all(reset.may_reset(request.user, person) for person in chosen):
            raise PermissionDenied
        if len(chosen) == 1:
            page = UserPages(self).address(chosen[0], "reset")
            return HttpResponseRedirect(page)
        text = gettext("Choose one user: every reset has a reason of its own.")
        self.message_user(request, text, messages.WARNING)
        return None


def status_of(user: Any) -> str:
    """Say in words how a user stands."""
    devices = registry.enrolled(user)
    if not registry.primary(devices):
        return gettext("No second factor.")
    names = [f"{device.name} ({device.kind.label})" for device in devices]
    if attempts.locked_until(user):
        names.append(gettext("codes refused for a while"))
    return ", ".join(names)


def _without_panel(fieldsets: Iterable[Any]) -> list[Any]:
    # Where the site names no fieldsets, Django lists every read-only field.
    return [
        (
            name,
            {**parts, "fields": [each for each in parts["fields"] if each != PANEL]},
        )
        for name, parts in fieldsets
    ]


def _mark(kind: Factor) -> str:
    return f"_mfa_{kind.slug}"


def _has(kind: Factor) -> Exists:
    rows = kind.model._default_manager.filter(user=OuterRef("pk"), confirmed=True)
    return Exists(rows.order_by())


def _has_primary() -> Q:
    kinds = [kind for kind in registry.factors().values() if kind.primary]
    found = Q(pk__in=[])
    for kind in kinds:
        found |= Q(_has(kind))
    return found
