"""What pages have in common that take the answer of an authenticator."""

from __future__ import annotations

from functools import cached_property
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from django.http import HttpResponseBase, JsonResponse

from django_mfa import answers, strict_json
from django_mfa.errors import MalformedResponse, MFAError
from django_mfa.factors import registry
from django_mfa.values import Credential
from django_mfa.web.base import Page

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.http import HttpRequest

JSON = "application/json"


class CeremonyPage(Page):
    """Takes a credential in a form field or in a JSON body; answers in kind."""

    #: Whether the body was too large to be looked at.
    is_oversized = False

    @property
    def speaks_json(self) -> bool:
        """Whether a program asks."""
        return self.is_json_ceremony or answers.wants_json(self.request)

    @property
    def is_json_ceremony(self) -> bool:
        """Whether the body is the JSON of a ceremony; codes come in forms."""
        if self.request.content_type != JSON:
            return False
        return self.expects_credential() or "credential" in self.body

    @cached_property
    def body(self) -> Mapping[str, Any]:
        """The JSON object that was sent; empty where it is none."""
        if self.is_oversized or self.request.content_type != JSON:
            return {}
        try:
            found = strict_json.loads(self._text())
        except strict_json.BadJSON:
            return {}
        return found if isinstance(found, dict) else {}

    @cached_property
    def credential(self) -> Credential | None:
        """The answer of an authenticator, as it came; None where a code was typed."""
        if self.is_oversized:
            return Credential("")
        if self.is_json_ceremony:
            # Not from `body`: what is no JSON must reach the flow, to be refused.
            return Credential(self.body or self._text())
        given = self.request.POST.get("credential")
        return None if given is None else Credential(given)

    @property
    def trusts(self) -> bool:
        """Whether the person wants this browser trusted."""
        return "trust" in self.request.POST or self.body.get("trust") is True

    @property
    def next_url(self) -> str:
        """Where the person wants to go, if that is on this site."""
        given = self.body.get("next")
        if isinstance(given, str) and given:
            return self.session.safe_next(given)
        return super().next_url

    def arrive(self, url: str, **more: Any) -> HttpResponseBase:
        """Go on to `url`: a program is told where that is."""
        if self.speaks_json:
            return JsonResponse({"next": url, **more})
        return self.go_on(url)

    def too_large(self) -> HttpResponseBase | None:
        """Refuse it in the flow, so that its challenge is spent and it is told."""
        if not (self.request.method == "POST" and self.expects_credential()):
            return super().too_large()
        self.is_oversized = True
        return None

    def expects_credential(self) -> bool:
        """Whether this address is one of a factor that asks."""
        kind = registry.factors().get(self.kwargs.get("factor", ""))
        return kind is not None and kind.is_ceremony

    def refused(self, error: MFAError) -> HttpResponseBase:
        """Return an error as an answer: to a program JSON, to a person a page."""
        return answers.as_json(error) if self.speaks_json else super().refused(error)

    def _text(self) -> str:
        return self.request.body.decode("utf-8", "replace")


class BeginView(CeremonyPage):
    """Makes a challenge: a POST, answered in JSON."""

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Return the options for the browser."""
        if request.content_type == JSON and not self.body and request.body.strip():
            self.check_empty_object()
        return JsonResponse(dict(self.asked()))

    def asked(self) -> Mapping[str, Any]:
        """Ask the flow."""
        raise NotImplementedError

    def check_empty_object(self) -> None:
        """Raise `MalformedResponse` unless the body is `{}`."""
        try:
            empty = strict_json.loads(self._text()) == {}
        except strict_json.BadJSON:
            empty = False
        if not empty:
            raise MalformedResponse

    def too_large(self) -> HttpResponseBase | None:
        """Refuse it."""
        return JsonResponse(
            {"code": MalformedResponse.code, "detail": str(MalformedResponse.message)},
            status=HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        )

    def refused(self, error: MFAError) -> HttpResponseBase:
        """Return the error in JSON, whoever asks."""
        return answers.as_json(error)
