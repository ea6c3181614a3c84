from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.urls import reverse
from django.views.decorators.debug import sensitive_variables

from django_mfa.errors import WrongPassword
from django_mfa.flows import manage, step_up
from django_mfa.web.forms import PasswordForm

from .verify import ChallengePage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.http import HttpRequest, HttpResponseBase

    from django_mfa.factors.base import Factor


class StepUpView(ChallengePage):
    """Show again that it is you, by a factor or, without one, by the password."""

    template_name = "django_mfa/step_up.html"
    page = "step_up"

    def factors(self) -> Sequence[Factor]:
        """Return the factors of the signed-in user."""
        return step_up.factors_asked(self.context)

    def asks_password(self) -> bool:
        """Whether the person has no factor; one that is switched off is one, too."""
        return not (self.factors() or manage.overview(self.context).is_protected)

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Ask."""
        if self.asks_password():
            return self.render(password_form=PasswordForm())
        return self.ask()

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Judge the answer; back to where the person came from, or ask again."""
        if self.asks_password():
            return self._check_password()

        @sensitive_variables()
        def answer(response: Any) -> str:
            step_up.answer(self.context, response, factor=kwargs.get("factor", ""))
            return self.next_url or reverse("django_mfa:security")

        return self.judge(answer)

    def _check_password(self) -> HttpResponseBase:
        form = PasswordForm(self.request.POST)
        if form.is_valid():
            try:
                step_up.check_password(self.context, form.cleaned_data["password"])
            except WrongPassword as error:
                form.add_error("password", str(error))
            else:
                return self.go_on(self.next_url, name="security")
        return self.render(password_form=form)
