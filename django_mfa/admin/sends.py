"""Codes that were sent, and where sending pauses: seen here, and let go on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from django_mfa import answers, clock
from django_mfa.errors import StepUpRequired
from django_mfa.extras import lazy
from django_mfa.limits.models import SendRecord
from django_mfa.session import Context

from .devices import ReadOnlyAdmin
from .events import Choice, FactorFilter, UserFilter, people_called
from .keyset import KeysetChangeList

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from django.db.models import QuerySet
    from django.http import HttpRequest

    from django_mfa.flows import resume
    from django_mfa.limits.models import SendPause
else:  # of use when an administrator acts
    resume = lazy("django_mfa.flows.resume")

#: Rows looked through for a page where no index helps.
SPAN = 20_000


class SendStateFilter(Choice):
    """By what became of it."""

    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[Any]:
        """Offer every state."""
        return SendRecord.STATES

    def narrow(self, queryset: QuerySet[Any], chosen: str) -> QuerySet[Any]:
        """Keep the state."""
        return queryset.filter(state=chosen)


class SendRecordAdmin(ReadOnlyAdmin):
    """Who had a code sent, and what it cost; of a number its last two digits."""

    lookups = frozenset({"state", "factor", "user"})
    list_display = (
        "when",
        "user",
        "factor",
        "masked",
        "country",
        "state",
        "gateway",
        "price",
        "answered",
    )
    list_display_links = ("when",)
    list_filter = (SendStateFilter, FactorFilter, UserFilter)
    list_select_related = ("user",)
    list_per_page = 50
    sortable_by = ()
    actions = None
    search_fields = ("user",)
    search_help_text = _("The beginning of a user name or an e-mail address, or a key.")
    change_list_template = "django_mfa/admin/events.html"
    fields = readonly_fields = (
        *("when", "user", "factor", "purpose", "masked", "country", "kind"),
        *("state", "reason", "gateway", "price", "answered"),
    )

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> Any:
        """List by key."""
        return KeysetChangeList

    def span(self, params: Mapping[str, str]) -> int | None:
        """How many rows a page looks through; None: an index finds them in order."""
        searched = params.get("user") or params.get("q")
        filtered = params.get("state") or params.get("factor")
        return SPAN if filtered and not searched else None

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Find people first, by their own indexes, and then what they were sent."""
        term = search_term.strip()
        if not term:
            return queryset, False
        return queryset.filter(user_id__in=people_called(term)), False

    @admin.display(description=_("when"))
    def when(self, record: SendRecord) -> str:
        """Write the moment to the second, in the site's time zone."""
        return f"{localtime(record.at):%Y-%m-%d %H:%M:%S}"

    @admin.display(description=_("cost"))
    def price(self, record: SendRecord) -> str:
        """Write cost and currency."""
        if record.cost is None:
            return "-"
        return f"{record.cost.normalize():f} {record.currency}"


class SendPauseAdmin(ReadOnlyAdmin):
    """Where nothing is sent for a while, because hardly any code was used there."""

    list_display = ("label", "opened", "until", "sends", "answered", "is_open")
    fields = readonly_fields = list_display
    ordering = ("-until",)
    actions = ("end_pauses",)

    @admin.display(description=_("paused"), boolean=True)
    def is_open(self, pause: SendPause) -> bool:
        """Tell whether it holds still."""
        return pause.until > clock.now()

    def has_end_permission(self, request: HttpRequest) -> bool:
        """Whether the person who looks may end pauses."""
        return resume.may_resume(request.user)

    @admin.action(description=_("Send there again now"), permissions=["end"])
    def end_pauses(self, request: HttpRequest, queryset: QuerySet[SendPause]) -> Any:
        """End the pauses that were chosen."""
        try:
            ended = resume.resume(Context.of(request), list(queryset))
        except StepUpRequired as error:
            # SECURITY: the way back is a GET: nothing that was posted is replayed.
            return answers.owed_page(error, request.path)
        text = ngettext("%(n)d pause was ended.", "%(n)d pauses were ended.", ended)
        self.message_user(request, text % {"n": ended}, messages.SUCCESS)
        return None
