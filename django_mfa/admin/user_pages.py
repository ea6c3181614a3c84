"""The pages of one user's second factors: what there is, and what can be done."""

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

from django_mfa import answers, clock
from django_mfa.accounts import service as accounts
from django_mfa.audit.models import AuditEvent
from django_mfa.errors import NotPermitted, StepUpRequired
from django_mfa.extras import lazy
from django_mfa.factors import registry
from django_mfa.limits import attempts
from django_mfa.session import Context

from .deeds import DEEDS, Deed, on_offer
from .devices import state_of
from .events import events_of

if TYPE_CHECKING:
    from django.contrib.admin import ModelAdmin
    from django.http import HttpRequest

    from django_mfa.flows import reset, step_up
else:  # of use when an administrator acts
    reset = lazy("django_mfa.flows.reset")
    step_up = lazy("django_mfa.flows.step_up")

SHOWN_EVENTS = 10


class ReasonForm(forms.Form):
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
            deeds=self._offered(request, person),
        )

    def act(self, request: HttpRequest, object_id: str, deed: str) -> HttpResponseBase:
        """Ask for a reason, then do it."""
        person, context = self._find(request, object_id), Context.of(request)
        if not reset.may_reset(context.actor, person):
            raise PermissionDenied
        words, form = DEEDS[deed], ReasonForm(request.POST or None)
        try:
            step_up.require_fresh(context)
            if form.is_valid():
                words.do(context, person, form.cleaned_data["reason"])
                return self._done(request, person, words)
        except StepUpRequired as error:
            # SECURITY: the way back is a GET: nothing that was posted is replayed.
            return answers.owed_page(error, self.address(person, deed))
        except NotPermitted as error:
            raise PermissionDenied from error
        return self._render(
            request,
            words.template,
            person,
            title=words.title,
            explained=words.explained,
            devices=devices_of(person),
            form=form,
        )

    def address(self, person: Any, deed: str = "") -> str:
        """Return the address of the page of a user, or of something done to them."""
        options = self.owner.opts
        name = f"admin:{options.app_label}_{options.model_name}_mfa"
        return reverse(
            f"{name}_{deed}" if deed else name,
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

    def _offered(self, request: HttpRequest, person: Any) -> list[tuple[str, Any]]:
        if not reset.may_reset(request.user, person):
            return []
        locked = bool(attempts.locked_until(person)) or _has_locked_device(person)
        names = on_offer(accounts.of(person), is_locked=locked)
        return [(self.address(person, name), DEEDS[name].title) for name in names]

    def _done(self, request: HttpRequest, person: Any, words: Deed) -> HttpResponseBase:
        self.owner.message_user(request, str(words.done) % {"user": person})
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


def _has_locked_device(person: Any) -> bool:
    now = clock.now()
    return any(
        each.locked_until and each.locked_until > now for each in devices_of(person)
    )
