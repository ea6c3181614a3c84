from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.decorators import method_decorator
from django.utils.translation import gettext

from django_mfa.decorators import mfa_settles
from django_mfa.errors import EnrolmentRequired
from django_mfa.flows import manage
from django_mfa.web.base import Page

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.http import HttpRequest, HttpResponseBase


class RecoveryCodesView(Page):
    """How many codes are left, and a way to new ones."""

    template_name = "django_mfa/recovery_codes.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Return the count; the codes themselves are never shown again."""
        manage.require_codes_offered()
        return self.render(overview=manage.overview(self.context))

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Return new codes in the place of the old."""
        codes = manage.regenerate_codes(self.context)
        return show_codes(self, codes, self.next_url, renewed=True)


@method_decorator(mfa_settles(EnrolmentRequired.code), name="dispatch")
class SavedView(Page):
    """The owner says that the codes are kept in a safe place."""

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Note it and go on."""
        manage.mark_codes_saved(self.context)
        self.say(gettext("Good. Keep your recovery codes where you can find them."))
        return self.go_on(self.next_url, name="security")


def show_codes(
    page: Page, codes: Sequence[str], next_url: str, *, renewed: bool = False
) -> HttpResponseBase:
    """Return the one page that ever shows these codes: nothing of it is stored."""
    return page.render(
        "django_mfa/recovery_codes_new.html",
        codes=codes,
        next=next_url,
        renewed=renewed,
    )
