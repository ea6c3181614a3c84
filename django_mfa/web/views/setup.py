from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext

from django_mfa.errors import (
    InvalidCode,
    MalformedCode,
    MFAError,
    SetupExpired,
    TooManyAttempts,
)
from django_mfa.factors import registry
from django_mfa.flows import enrol
from django_mfa.web.base import Page
from django_mfa.web.forms import SetupForm

from .codes import show_codes

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponseBase


class ChooseView(Page):
    """Which factor to set up."""

    template_name = "django_mfa/setup_choose.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Return the choice."""
        return self.render(
            factors=enrol.factors_open(self.context), must=self.context.actor is None
        )


class SetupView(Page):
    """Set up one factor: see what it needs, and prove it once."""

    template_name = "django_mfa/setup.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Return what the factor needs, the same on every look until it is over."""
        return self.show(SetupForm())

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Judge the first response."""
        form = SetupForm(request.POST)
        if not form.is_valid():
            return self.show(form)
        name = form.cleaned_data["name"]
        try:
            done = enrol.confirm(
                self.context, kwargs["factor"], form.response(), name=name
            )
        except TooManyAttempts as error:
            return self.show(SetupForm(), error)
        except (InvalidCode, MalformedCode, SetupExpired) as error:
            return self.show(SetupForm(initial={"name": name}), error)
        self.say(gettext("%(name)s is set up.") % {"name": done.device.name})
        after = self.next_url or done.next_url
        if done.recovery_codes:
            return show_codes(self, done.recovery_codes, after)
        return self.go_on(after, name="security")

    def show(self, form: SetupForm, error: MFAError | None = None) -> HttpResponseBase:
        """Return the page of the factor that is set up."""
        setup = enrol.begin(self.context, self.kwargs["factor"])
        factor = registry.get(self.kwargs["factor"])
        status = error.status if isinstance(error, TooManyAttempts) else 200
        return self.render(
            status=status, factor=factor, show=setup.show, form=form, error=error
        )
