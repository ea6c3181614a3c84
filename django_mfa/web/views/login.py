from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django_mfa.flows import login, manage, passwordless
from django_mfa.web import admin_look
from django_mfa.web.base import Page
from django_mfa.web.forms import LoginForm

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponseBase

    from django_mfa.session import Hold

PAGES = {"proof": "verify", "enrolment": "setup"}


class LoginView(Page):
    """User name and password; what comes next is the flow's to say."""

    template_name = "django_mfa/login.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Return the form, or the page where a sign-in that waits goes on."""
        if self.context.actor is not None:
            return self._go_on_signed_in()
        hold = self.session.hold()
        if hold:
            return self._go_on_waiting(hold)
        return self.show(LoginForm(request))

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Check the password and go on."""
        form = LoginForm(request, data=request.POST)
        if not form.is_valid():
            return self.show(form)
        owed = login.begin(self.context, form.get_user(), self.next_url)
        return self.go_on(name=PAGES[owed]) if owed else self.go_on(self.next_url)

    def show(self, form: LoginForm, **more: Any) -> HttpResponseBase:
        """Return the page with both ways in, where passkeys can be used here."""
        both = passwordless.is_offered(self.context)
        if both:
            # Browsers offer passkeys in the field that says so (HTML, autofill).
            attrs = form.fields["username"].widget.attrs
            attrs["autocomplete"] = "username webauthn"
        return self.render(form=form, passwordless=both, **more)

    def _go_on_signed_in(self) -> HttpResponseBase:
        """Go on; but not to the page that has just sent its visitor here."""
        if not self.session.is_turned_away(self.next_url):
            return self.go_on(self.next_url)
        is_protected = manage.overview(self.context).is_protected
        way = "step_up" if is_protected else "setup"
        return self.show(LoginForm(self.request), turned_away=True, way=way)

    def _go_on_waiting(self, hold: Hold) -> HttpResponseBase:
        self.session.remember_next(self.next_url)
        return self.go_on(name=PAGES[hold.owed])


class CancelView(Page):
    """Give up a sign-in that waits, to start as somebody else."""

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """End it and show the sign-in page; that of the admin where the way led there."""
        site = admin_look.site_at(self.bound_for)
        door = admin_look.page_of(site, "login") if site else ""
        login.cancel(self.context)
        return self.go_on(door, name="login")
