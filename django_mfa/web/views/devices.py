from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext

from django_mfa.factors import registry
from django_mfa.flows import manage, step_up
from django_mfa.web.base import Page
from django_mfa.web.forms import NameForm

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponseBase


class DeviceView(Page):
    """One device of one's own: its name, and what can be done with it."""

    template_name = "django_mfa/device.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Return the device and the form for its name."""
        device = manage.find(self.context, kwargs["public_id"])
        return self.show(device, NameForm(initial={"name": device.name}))

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Give it another name."""
        device = manage.find(self.context, kwargs["public_id"])
        form = NameForm(request.POST)
        if not form.is_valid():
            return self.show(device, form)
        manage.rename(self.context, kwargs["public_id"], form.cleaned_data["name"])
        self.say(gettext("The name was changed."))
        return self.go_on(name="security")

    def show(self, device: Any, form: NameForm) -> HttpResponseBase:
        """Return the page of the device."""
        overview = manage.overview(self.context)
        own = {each.public_id: each for each in overview.devices}
        shown = own.get(device.public_id)
        return self.render(
            device=device,
            badges=shown.badges if shown else (),
            factor=registry.get(device.factor),
            form=form,
            is_default=overview.default == device.public_id,
            several=len(overview.devices) > 1,
        )


class DefaultView(Page):
    """Ask for this device first."""

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Make it the default."""
        manage.set_default(self.context, kwargs["public_id"])
        self.say(gettext("This device is asked for first from now on."))
        return self.go_on(name="security")


class RemoveView(Page):
    """Remove a device, after a question."""

    template_name = "django_mfa/device_remove.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Return the question; nothing changes by looking at it."""
        device = manage.find(self.context, kwargs["public_id"])
        step_up.require_fresh(self.context)
        left = manage.left_without(device, manage.overview(self.context).devices)
        return self.render(
            device=device,
            factor=registry.get(device.factor),
            is_last=not left,
            is_needed=manage.is_needed(self.context.actor, device, left),
        )

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Remove it."""
        manage.remove(self.context, kwargs["public_id"])
        self.say(gettext("The device was removed."))
        return self.go_on(name="security")
