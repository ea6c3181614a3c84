"""App passwords: who has which, and a way to end them; never the passwords."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.urls import reverse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from django_mfa import answers
from django_mfa.errors import NotPermitted, StepUpRequired
from django_mfa.extras import lazy
from django_mfa.session import Context

from .devices import ReadOnlyAdmin, owner_fields

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest, HttpResponseBase

    from django_mfa.app_passwords.models import AppPassword
    from django_mfa.flows import reset
else:  # of use when an administrator acts
    reset = lazy("django_mfa.flows.reset")


class AppPasswordAdmin(ReadOnlyAdmin):
    """What an owner sees of them, and an action that ends them at once."""

    lookups = frozenset({"user"})
    list_display = (
        *("user", "name", "prefix", "allows", "state"),
        *("created", "last_used", "last_address"),
    )
    list_select_related = ("user", "user__mfa_account")
    fields = readonly_fields = (
        *("user", "name", "prefix", "public_id", "allows", "state", "created"),
        *("expires", "last_used", "last_address", "revoked"),
    )
    actions = ("revoke",)

    def get_search_fields(self, request: HttpRequest) -> list[str]:
        """Search by the owner, and by the prefix of one that was found somewhere."""
        return [*owner_fields(), "lookup"]

    @admin.display(description=_("prefix"))
    def prefix(self, row: AppPassword) -> str:
        """Return the beginning of it, by which a leaked one is recognised."""
        return row.prefix

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Take the prefix as it is written everywhere else."""
        term = search_term.strip().removeprefix("djmfa_")
        return super().get_search_results(request, queryset, term)

    @admin.display(description=_("allows"))
    def allows(self, row: AppPassword) -> str:
        """Name the scopes."""
        return ", ".join(row.scopes)

    @admin.display(description=_("state"))
    def state(self, row: AppPassword) -> str:
        """Tell whether it opens anything."""
        if row.revoked:
            return gettext("revoked")
        return gettext("expired") if row.is_expired else gettext("in use")

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        """Whether the action is on offer; whom it may concern, the flow decides."""
        return bool(request.user.has_perm(reset.PERMISSION))

    @admin.action(
        description=_("Revoke the selected app passwords"), permissions=["revoke"]
    )
    def revoke(
        self, request: HttpRequest, queryset: QuerySet[Any]
    ) -> HttpResponseBase | None:
        """Revoke them, with a fresh proof; none where one is not allowed."""
        context, rows = Context.of(request), list(queryset.filter(revoked=None))
        if not all(reset.may_reset(request.user, row.user) for row in rows):
            raise PermissionDenied
        try:
            for row in rows:
                reset.revoke_app_password(context, row)
        except StepUpRequired as error:
            place = f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist"
            here = reverse(place, current_app=self.admin_site.name)
            return answers.owed_page(error, here)
        except NotPermitted as error:  # pragma: no cover - lost since the look above
            raise PermissionDenied from error
        text = ngettext(
            "%(count)d app password was revoked.",
            "%(count)d app passwords were revoked.",
            len(rows),
        )
        self.message_user(request, text % {"count": len(rows)}, messages.SUCCESS)
        return None
