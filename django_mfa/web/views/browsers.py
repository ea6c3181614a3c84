from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.utils.translation import gettext

from django_mfa.flows import trust
from django_mfa.web.base import Page
from django_mfa.web.forms import NameForm

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponseBase


class BrowsersView(Page):
    """The browsers that are not asked for a factor at sign-in."""

    template_name = "django_mfa/trusted_browsers.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Return the list."""
        browsers = [
            {"row": each, "is_here": trust.is_here(self.context, each)}
            for each in trust.own(self.context)
        ]
        return self.render(browsers=browsers)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Trust none of them any more."""
        trust.revoke_all(self.context)
        self.say(gettext("No browser is trusted any more."))
        return self.go_on(name="trusted_browsers")


class BrowserView(Page):
    """Rename one of them, or trust it no more."""

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Do what the button says: `revoke`, or give it the `name`."""
        if "revoke" in request.POST:
            trust.revoke(self.context, kwargs["public_id"])
            self.say(gettext("This browser is not trusted any more."))
            return self.go_on(name="trusted_browsers")
        form = NameForm(request.POST)
        if form.is_valid():
            name = form.cleaned_data["name"]
            trust.rename(self.context, kwargs["public_id"], name)
            self.say(gettext("The name was changed."))
        else:
            wrong = f"{form['name'].label}: {form.errors['name'][0]}"
            self.say(wrong, messages.ERROR)
        return self.go_on(name="trusted_browsers")
