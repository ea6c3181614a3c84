from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from django_mfa.audit import changes, sign_ins
from django_mfa.flows import sessions
from django_mfa.notifications.subjects import SUBJECTS
from django_mfa.web.base import Page

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponseBase


#: What is shown of one's own account beside the sign-ins, in the words of the mails.
CHANGES = {
    **{name: said for name, said in SUBJECTS.items() if name != "enrolment_reminded"},
    "browser_trusted": _("A browser was trusted"),
    "browser_untrusted": _("The trust in a browser was taken back"),
}


class SignInsView(Page):
    """One's own recent sign-ins and changes, and a way to end all other sessions."""

    template_name = "django_mfa/sign_ins.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Return the lists."""
        user = self.context.require_actor()
        return self.render(
            sign_ins=sign_ins.recent(user),
            changes=[
                (CHANGES[each.event], each) for each in changes.recent(user, CHANGES)
            ],
        )

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Sign out everywhere else."""
        sessions.end_others(self.context)
        self.say(gettext("You are signed out everywhere else."))
        return self.go_on(name="sign_ins")
