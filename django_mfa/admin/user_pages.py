"""The pages of one user's second factors: what there is, and the reset."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib.admin.utils import quote, unquote
from django.contrib.admin.widgets import AdminTextInputWidget
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponseBase, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from django_mfa import answers
from django_mfa.accounts import service as accounts
from django_mfa.audit.models import AuditEvent
from django_mfa.errors import NotPermitted, StepUpRequired
from django_mfa.factors import registry
from django_mfa.flows import reset, step_up
from django_mfa.limits import attempts
from django_mfa.session import Context

from .devices import state_of
from .events import events_of

if TYPE_CHECKING:
    from django.contrib.admin import ModelAdmin
    from django.http import HttpRequest

SHOWN_EVENTS = 10


class ResetForm(forms.Form):
    """Why."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=255,
        widget=AdminTextInputWidget(attrs={"autofocus": True}),
        help_text=_("Kept in the audit log with your name; not told to the user."),
    )


class UserPages:
    """What `MFAUserAdminMixin` adds to the pages of the user's admin."""

    def __init__(self, owner: ModelAdmin[Any]) -> None:
        self.owner = owner

    def factors(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        """Show the devices of one user and what happened to them lately."""
        person = self._find(request, object_id)
        site = self.owner.admin_site
        may_read = request.user.has_perm("django_mfa.view_auditevent")
        events = AuditEvent.objects.filter(user_id=person.pk).order_by("-pk")
        return self._render(
            request,
            "django_mfa/admin/user.html",
            person,
            title=gettext("Second factors"),
            devices=[
                (device, registry.get(device.factor).label, state_of(device))
                for device in devices_of(person)
            ],
            account=accounts.of(person),
            locked_until=attempts.locked_until(person),
            events=events[:SHOWN_EVENTS] if may_read else (),
            events_url=events_of(person.pk, site) if may_read else "",
            reset_url=self._reset_url(request, person),
        )

    def reset(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        """Ask for a reason, then take every factor away from one user."""
        person, context = self._find(request, object_id), Context.of(request)
        if not reset.may_reset(context.actor, person):
            raise PermissionDenied
        form = ResetForm(request.POST or None)
        try:
            step_up.require_fresh(context)
            if form.is_valid():
                reset.reset(context, person, form.cleaned_data["reason"])
                return self._done(request, person)
        except StepUpRequired as error:
            # SECURITY: the way back is a GET: nothing that was posted is replayed.
            return answers.owed_page(error, self.address(person, reset=True))
        except NotPermitted as error:
            raise PermissionDenied from error
        return self._render(
            request,
            "django_mfa/admin/reset.html",
            person,
            title=gettext("Reset second factors"),
            devices=devices_of(person),
            form=form,
        )

    def address(self, person: Any, *, reset: bool = False) -> str:
        """Return the address of the page of a user, or of the reset."""
        options = self.owner.opts
        name = f"admin:{options.app_label}_{options.model_name}_mfa"
        return reverse(
            f"{name}_reset" if reset else name,
            args=[quote(person.pk)],
            current_app=self.owner.admin_site.name,
        )

    def _find(self, request: HttpRequest, object_id: str) -> Any:
        person = self.owner.get_object(request, unquote(object_id))
        if person is None:
            raise Http404
        if not self.owner.has_view_permission(request, person):
            raise PermissionDenied
        return person

    def _reset_url(self, request: HttpRequest, person: Any) -> str:
        if not reset.may_reset(request.user, person):
            return ""
        return self.address(person, reset=True)

    def _done(self, request: HttpRequest, person: Any) -> HttpResponseBase:
        text = gettext("The second factors of %(user)s were removed.") % {
            "user": person
        }
        self.owner.message_user(request, text)
        return HttpResponseRedirect(self.address(person))

    def _render(
        self, request: HttpRequest, template: str, person: Any, **more: Any
    ) -> HttpResponseBase:
        context = {
            **self.owner.admin_site.each_context(request),
            "opts": self.owner.opts,
            "original": person,
            "page_url": self.address(person),
            **more,
        }
        request.current_app = self.owner.admin_site.name
        return TemplateResponse(request, template, context)


def devices_of(person: Any) -> list[Any]:
    """Every device of one user, those that wait for their confirmation as well."""
    found = [
        device
        for kind in registry.factors().values()
        for device in kind.model._default_manager.filter(user=person)
    ]
    return sorted(found, key=lambda device: device.created)
