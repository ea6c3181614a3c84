"""Policies and exemptions: edited here, each change with a fresh proof and a row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.utils.translation import gettext_lazy as _

from django_mfa import signals
from django_mfa.decorators import refusal
from django_mfa.extras import lazy
from django_mfa.policy import audience, snapshot
from django_mfa.policy.models import Policy
from django_mfa.policy.requirements import Recent
from django_mfa.session import Context

from .devices import ReadOnlyAdmin, owner_fields
from .lists import PolicyLists

if TYPE_CHECKING:
    from django.http import HttpRequest

    from django_mfa.flows import reset
    from django_mfa.policy import problems
    from django_mfa.policy.models import Exemption
    from django_mfa.policy.rules import Rule

    Base = admin.ModelAdmin[Any]
else:
    Base = admin.ModelAdmin
    # Of use when an administrator acts.
    reset = lazy("django_mfa.flows.reset")
    problems = lazy("django_mfa.policy.problems")

SAFE = ("GET", "HEAD", "OPTIONS")


class FreshAdmin(Base):
    """Asks for a fresh proof before anything is written."""

    actions = None

    def _stopped(self, request: Any) -> Any:
        if request.method in SAFE:
            return None
        return refusal(request, Recent(request.mfa.step_up_age))

    def changelist_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Guard the list."""
        stopped = self._stopped(request)
        return stopped or super().changelist_view(request, *args, **kwargs)

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Guard adding and changing."""
        stopped = self._stopped(request)
        return stopped or super().changeform_view(request, *args, **kwargs)

    def delete_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Guard deleting."""
        stopped = self._stopped(request)
        return stopped or super().delete_view(request, *args, **kwargs)


class PolicyForm(PolicyLists):
    """A policy, held against the other ones."""

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]  # Django's, which fills the instance
        if self.errors:
            return
        rule = self.instance.as_rule()
        if self.instance.who == "permission" and audience.is_missing(rule.who):
            # SECURITY: it would concern nobody, and look as if it did.
            self.add_error("permission", _("This site has no such permission."))
        elif self.instance.active and self._shuts_out(rule):
            text = _("Nobody could meet this, alone or beside the other policies.")
            self.add_error(None, text)

    def _shuts_out(self, rule: Rule) -> bool:
        """Whether nobody could meet the policies any more, who edits them neither."""
        rows = Policy.objects.filter(active=True).exclude(pk=self.instance.pk)
        others = [*snapshot.from_settings(), *(row.as_rule() for row in rows)]
        before, after = problems.of_rules(others), problems.of_rules([*others, rule])
        return not set(after) <= set(before)


class PolicyAdmin(FreshAdmin):
    """Who must have a second factor, and of what kind."""

    form = PolicyForm
    list_display = ("name", "who", "required", "grace_days", "asks", "active")
    list_filter = ("active", "who")
    fieldsets = (
        (None, {"fields": ("name", "active", "order")}),
        (_("Whom it concerns"), {"fields": ("who", "group", "permission", "audience")}),
        (
            _("What it asks"),
            {
                "fields": (
                    *("required", "grace_days", "reminder_days"),
                    *("allowed_factors", "minimum_strength", "phishing_resistant"),
                    *("step_up_age", "trust_allowed"),
                )
            },
        ),
    )

    @admin.display(description=_("asks for"))
    def asks(self, policy: Policy) -> str:
        """Tell what it asks of a proof."""
        asked = [*policy.allowed_factors, policy.minimum_strength]
        if policy.phishing_resistant:
            asked.append(str(_("resists phishing")))
        return ", ".join(each for each in asked if each) or "-"

    def save_model(self, request: Any, obj: Any, form: Any, change: Any) -> None:
        """Save it, and tell the log."""
        super().save_model(request, obj, form, change)
        changed = ", ".join(form.changed_data)
        _tell(request, obj, "changed" if change else "added", fields=changed)

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """Delete it, and tell the log."""
        super().delete_model(request, obj)
        _tell(request, obj, "deleted")


class ExemptionAdmin(FreshAdmin):
    """People whom the policies do not bind for a while."""

    list_display = ("user", "reason", "expires", "granted_by")
    list_select_related = ("user", "granted_by")
    raw_id_fields = ("user",)
    readonly_fields = ("created", "granted_by")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Keep whom it concerns: for another person grant another one."""
        return (*self.readonly_fields, "user") if obj else self.readonly_fields

    def get_search_fields(self, request: HttpRequest) -> list[str]:
        """Search by the person's name and e-mail address."""
        return owner_fields()

    def save_model(self, request: Any, obj: Exemption, form: Any, change: Any) -> None:
        """Save it with the name of who grants it, and tell the log."""
        if not reset.reaches(request.user, obj.user):
            # SECURITY: who may exempt others must not lift what binds themselves, nor
            # leave somebody mightier with a password alone.
            raise PermissionDenied
        obj.granted_by = request.user
        super().save_model(request, obj, form, change)
        if change:
            fields = ", ".join(form.changed_data)
            _tell_of(signals.exemption_changed, request, obj, fields=fields)
        else:
            _tell_of(signals.exemption_granted, request, obj)

    def delete_model(self, request: HttpRequest, obj: Exemption) -> None:
        """Delete it, and tell the log."""
        super().delete_model(request, obj)
        _tell_of(signals.exemption_deleted, request, obj)


class TrustedDeviceAdmin(ReadOnlyAdmin):
    """Browsers that people trust; an administrator may take the trust back."""

    lookups = frozenset({"user"})
    list_display = ("user", "name", "created", "last_seen", "expires", "address")
    list_select_related = ("user",)
    fields = readonly_fields = list_display

    def get_search_fields(self, request: HttpRequest) -> list[str]:
        """Search by the owner's name and e-mail address."""
        return owner_fields()


class ApprovalAdmin(ReadOnlyAdmin):
    """What was asked for, who said yes or no, how and when."""

    list_display = (
        "issued",
        "summary",
        "requester",
        "approver",
        "factor",
        "approved_at",
        "refused_at",
        "used_at",
    )
    list_select_related = ("requester", "approver")
    fields = readonly_fields = (
        *("public_id", "action", "object_label", "object_keys", "summary", "fields"),
        *("requester", "second_person", "permission", "issued", "expires"),
        *("approver", "factor", "device", "approved_at", "refused_at", "used_at"),
    )


def _tell(request: HttpRequest, policy: Policy, reason: str, **details: Any) -> None:
    signals.policy_changed.emit(
        Context.of(request), None, reason=reason, policy=policy.name, **details
    )


def _tell_of(
    event: signals.Event, request: HttpRequest, obj: Exemption, **details: Any
) -> None:
    until = obj.expires.isoformat()
    event.emit(Context.of(request), obj.user, reason=obj.reason, until=until, **details)
