from __future__ import annotations

from http.client import BAD_REQUEST, OK
from typing import TYPE_CHECKING, Any

from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext
from django.views.decorators.debug import sensitive_variables

from django_mfa import answers
from django_mfa.decorators import mfa_settles
from django_mfa.errors import (
    AlreadyRegistered,
    EnrolmentRequired,
    InvalidCode,
    MalformedCode,
    MFAError,
    SetupExpired,
    TooManyAttempts,
)
from django_mfa.factors import registry
from django_mfa.factors.sent_code.factor import SentCodeFactor
from django_mfa.flows import enrol
from django_mfa.web.base import Page
from django_mfa.web.ceremony import CeremonyPage
from django_mfa.web.forms import NameForm, SetupForm

from .codes import show_codes

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponseBase

    from django_mfa.factors.base import Setup
    from django_mfa.values import Credential


@method_decorator(mfa_settles(EnrolmentRequired.code), name="dispatch")
class ChooseView(Page):
    """Which factor to set up."""

    template_name = "django_mfa/setup_choose.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Return the choice."""
        return self.render(
            factors=enrol.factors_open(self.context), must=self.context.actor is None
        )


@method_decorator(mfa_settles(EnrolmentRequired.code), name="dispatch")
class SetupView(CeremonyPage):
    """Set up one factor: see what it needs, and prove it once."""

    template_name = "django_mfa/setup.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Return what the factor needs, the same on every look until it is over."""
        return self.show(SetupForm())

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Judge the first response."""
        if self.credential is not None:
            return self._register(self.credential)
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
        return self._done(done)

    @sensitive_variables()
    def _register(self, credential: Credential) -> HttpResponseBase:
        """Judge the answer of an authenticator to the set-up."""
        said = self.body.get("name") or self.request.POST.get("name")
        # Of JSON a text alone is a name: a form would take whatever it is as one.
        given = NameForm({"name": said if isinstance(said, str) else ""})
        name = given.cleaned_data["name"] if given.is_valid() else ""
        try:
            done = enrol.confirm(
                self.context, self.kwargs["factor"], credential, name=name
            )
        except (InvalidCode, AlreadyRegistered) as error:
            if self.speaks_json:
                raise
            return self.show(SetupForm(initial={"name": name}), error)
        return self._done(done)

    @sensitive_variables()
    def _done(self, done: enrol.Confirmed) -> HttpResponseBase:
        after = self.next_url or done.next_url
        if self.credential is not None and self.speaks_json:
            codes = (
                {"recovery_codes": done.recovery_codes} if done.recovery_codes else {}
            )
            device = {"id": str(done.device.public_id), "name": done.device.name}
            return self.arrive(
                after or reverse("django_mfa:security"), device=device, **codes
            )
        self.say(gettext("%(name)s is set up.") % {"name": done.device.name})
        if done.recovery_codes:
            return show_codes(self, done.recovery_codes, after)
        return self.go_on(after, name="security")

    def show(
        self,
        form: SetupForm | None = None,
        error: MFAError | None = None,
        to_form: Any = None,  # of a factor that sends codes
    ) -> HttpResponseBase:
        """Return the page of the factor that is set up."""
        setup = enrol.begin(self.context, self.kwargs["factor"])
        factor = registry.get(self.kwargs["factor"])
        # What is wrong with the answer is told beside its field, as forms do.
        refused = self.credential is not None or (
            error is not None and error.status != BAD_REQUEST
        )
        page = self.render(
            status=error.status if error and refused else OK,
            factor=factor,
            show=setup.show,
            form=form or SetupForm(),
            error=error,
            **self._sent(setup, to_form),
        )
        return answers.with_headers(error, page) if error and refused else page

    def _sent(self, setup: Setup, to_form: Any) -> dict[str, Any]:
        """Return how far a set-up by sent code is, where the factor sends some."""
        kind = registry.get(self.kwargs["factor"])
        if not isinstance(kind, SentCodeFactor):
            return {}
        waits = setup.device is not None
        suggested = {"to": setup.show["suggestion"]}
        return {
            "waiting": setup.device,
            "sent": enrol.look(self.context, kind.slug) if waits else None,
            "to_form": to_form or kind.destination_form(initial=suggested),
        }
