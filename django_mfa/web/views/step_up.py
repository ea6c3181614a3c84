from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.urls import reverse
from django.utils.decorators import method_decorator
from django.views.decorators.debug import sensitive_variables

from django_mfa.decorators import mfa_settles
from django_mfa.errors import (
    EnrolmentRequired,
    StepUpRequired,
    TooManyAttempts,
    WrongPassword,
)
from django_mfa.factors import registry
from django_mfa.flows import manage, step_up
from django_mfa.values import Purpose
from django_mfa.web.forms import PasswordForm

from .verify import ChallengePage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.http import HttpRequest, HttpResponseBase

    from django_mfa.factors.base import Factor


@method_decorator(
    mfa_settles(StepUpRequired.code, EnrolmentRequired.code), name="dispatch"
)
class StepUpView(ChallengePage):
    """Show again that it is you, by a factor or, without one, by the password."""

    template_name = "django_mfa/step_up.html"
    page = "step_up"
    purpose = Purpose.STEP_UP

    def factors(self) -> Sequence[Factor]:
        """Return the factors of the signed-in user, those that will do alone."""
        wanted = self.wanted()
        factors = step_up.factors_asked(self.context)
        if wanted is None:
            return factors
        return [each for each in factors if each.slug in wanted]

    def wanted(self) -> list[str] | None:
        """Return the factors that the page which sent us here would take; None: any.

        Only a filter of what is offered: that page judges the proof by itself.
        """
        asked = self.request.GET.get("factors", "")[:255]
        if not asked:
            return None
        return [slug for slug in asked.split(",") if slug in registry.factors()]

    def lacks(self) -> Sequence[Factor] | None:
        """Return what would do, where the person has a factor and none of these."""
        wanted, has = self.wanted(), step_up.factors_asked(self.context)
        if wanted is None or not has or self.factors():
            return None
        return [registry.get(slug) for slug in wanted]

    def asks_password(self) -> bool:
        """Whether the person has no factor; one that is switched off is one, too."""
        factors = step_up.factors_asked(self.context)
        return not (factors or manage.overview(self.context).is_protected)

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Ask, or say what must be set up first."""
        lacks = self.lacks()
        if lacks is not None:
            return self.render(lacks=[each for each in lacks if each.enrollable])
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
            except (WrongPassword, TooManyAttempts) as error:
                form.add_error("password", str(error))
            else:
                return self.go_on(self.next_url, name="security")
        return self.render(password_form=form)
