from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.conf import settings
from django.shortcuts import resolve_url
from django.urls import reverse
from django.views.decorators.debug import sensitive_variables

from django_mfa import answers, conf
from django_mfa.errors import (
    FactorNotAvailable,
    InvalidCode,
    KeyTrouble,
    MalformedCode,
    MFAError,
    SendFailed,
    TooManyAttempts,
    Unavailable,
)
from django_mfa.flows import challenge, send_code, trust
from django_mfa.values import Purpose
from django_mfa.web.ceremony import CeremonyPage
from django_mfa.web.forms import CodeForm

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from django.http import HttpRequest, HttpResponse, HttpResponseBase

    from django_mfa.factors.base import Factor

#: What is said beside the form: it is worth another try, or another factor.
BESIDE_THE_FORM = (
    InvalidCode,
    MalformedCode,
    TooManyAttempts,
    KeyTrouble,
    SendFailed,  # the provider that made the code cannot be asked
    Unavailable,
)
#: What is no answer to the code, and told to programs by the status as well.
PLAIN = (TooManyAttempts, KeyTrouble, SendFailed, Unavailable)


class ChallengePage(CeremonyPage):
    """Asks for a factor, the best first, with a way to every other one."""

    template_name = "django_mfa/verify.html"
    #: The name of the page for another factor.
    page = "verify"
    purpose = Purpose.LOGIN

    def factors(self) -> Sequence[Factor]:
        """Return the factors that can be asked for."""
        return challenge.factors_asked(self.context)

    def about(self) -> str:
        """Return what is approved here, as a digest; empty where nothing is."""
        return ""

    def ask(
        self, form: CodeForm | None = None, error: MFAError | None = None
    ) -> HttpResponseBase:
        """Return the page for the wanted factor, or for the best one."""
        factors = self.factors()
        wanted = self.kwargs.get("factor")
        current = next((f for f in factors if f.slug == wanted), None)
        if wanted and current is None:
            raise FactorNotAvailable
        current = current or next(iter(factors), None)
        response = self.render(
            **self._sent(current),
            form=form or CodeForm(),
            factor=current,
            others=[
                {"factor": each, "place": self.place(each)}
                for each in factors
                if each is not current
            ],
            takes_recovery_code="recovery_code" in {each.slug for each in factors},
            error=error,
            page=self.page,
            offers_trust=self.offers_trust(),
            trust_days=conf.get().TRUSTED_DEVICES.DAYS,
        )
        return self._with_status(response, error)

    @sensitive_variables()
    def judge(self, answer: Callable[[Any], str]) -> HttpResponseBase:
        """Have the response judged by `answer`; on to where it says, or ask again."""
        response: Any = self.credential
        if response is None:
            form = CodeForm(self.request.POST)
            if not form.is_valid():
                return self.ask(form)
            response = form.response()
        try:
            url = answer(response)
        except BESIDE_THE_FORM as error:
            if self.speaks_json and self.credential is not None:
                raise
            return self.ask(error=error)
        return self.arrive(url) if self.credential is not None else self.go_on(url)

    def place(self, factor: Factor, part: str = "") -> str:
        """Return the address of this page, or of a part of it, for a factor."""
        named = {**self.kwargs, "factor": factor.slug}
        kept = {"next": self.next_url, "factors": self.request.GET.get("factors")}
        query = {name: value for name, value in kept.items() if value}
        place = reverse(f"django_mfa:{self.page}{part}", kwargs=named)
        return f"{place}?{urlencode(query)}" if query else place

    def offers_trust(self) -> bool:
        """Whether this browser may be trusted by answering here."""
        return False

    def _sent(self, current: Factor | None) -> dict[str, Any]:
        """Return how it stands with codes that are sent, where the factor sends some."""
        if current is None or not current.sends:
            return {}
        sent, devices = send_code.look(
            self.context, current.slug, self.purpose, self.about()
        )
        return {
            "sent": sent,
            "devices": devices,
            "here": self.place(current),
            "send_place": self.place(current, "_send"),
        }

    def _with_status(
        self, response: HttpResponse, error: MFAError | None
    ) -> HttpResponse:
        plain = isinstance(error, PLAIN)
        if error and (plain or self.credential is not None):
            response.status_code = error.status
            answers.with_headers(error, response)
        return response


class VerifyView(ChallengePage):
    """The second factor of a sign-in."""

    #: Once signed in there is nothing to verify here.
    is_worth_returning = False

    def offers_trust(self) -> bool:
        """Whether the site and the policies let this person trust a browser."""
        # After a wrong answer it is cheap: the flow asks the policies once more.
        if self.request.method == "POST":
            return trust.is_on()
        return trust.is_offered_to_waiting(self.context)

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Ask."""
        self.session.remember_next(self.next_url)
        return self.ask()

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Judge the answer; in, or ask again."""
        self.session.require_hold()

        @sensitive_variables()
        def answer(response: Any) -> str:
            factor = kwargs.get("factor", "")
            passed = challenge.answer(
                self.context,
                response,
                factor=factor,
                trust_browser=self.trusts,
            )
            wanted = self.next_url or passed.next_url
            return wanted or resolve_url(settings.LOGIN_REDIRECT_URL)

        return self.judge(answer)
