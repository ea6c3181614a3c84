from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext
from django.views.decorators.debug import sensitive_variables

from django_mfa.flows import app_passwords, step_up
from django_mfa.web.base import Page
from django_mfa.web.forms import AppPasswordForm

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponseBase


class AppPasswordsView(Page):
    """The passwords that machines use, and a form for a new one."""

    template_name = "django_mfa/app_passwords.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Return the list; none of the passwords is ever shown again."""
        return self.show(AppPasswordForm())

    @sensitive_variables()
    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Make one, and return the one page that shows it."""
        app_passwords.require_on()
        form = AppPasswordForm(request.POST)
        if not form.is_valid():
            return self.show(form)
        made = app_passwords.make(self.context, **form.cleaned_data)
        return self.render(
            "django_mfa/app_password_new.html",
            row=made.row,
            secret=made.secret,
            labels=labels_of(made.row),
        )

    def show(self, form: AppPasswordForm) -> HttpResponseBase:
        """Return the list with the form, for those who proved just now who they are."""
        rows = app_passwords.own(self.context)
        return self.render(
            rows=[(row, labels_of(row)) for row in rows],
            form=form,
            is_fresh=step_up.is_fresh(self.context),
        )


class RevokeView(Page):
    """Revoke one of them."""

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Revoke it, at once."""
        app_passwords.revoke(self.context, kwargs["public_id"])
        self.say(gettext("The app password was revoked."))
        return self.go_on(name="app_passwords")


class RevokeAllView(Page):
    """Revoke all of them."""

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Revoke them, at once."""
        app_passwords.revoke_all(self.context)
        self.say(gettext("All app passwords were revoked."))
        return self.go_on(name="app_passwords")


def labels_of(row: Any) -> list[str]:
    """Say in words what an app password may do."""
    known = app_passwords.scopes()
    return [known.get(name, name) for name in row.scopes]
