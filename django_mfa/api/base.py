"""What every view of the API has in common."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.contrib.auth.decorators import login_not_required
from django.db import transaction
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from rest_framework.exceptions import ValidationError
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.permissions import SAFE_METHODS
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response
from rest_framework.views import APIView

from django_mfa import answers, strict_json
from django_mfa.clients import issuer as issuers
from django_mfa.errors import LoginExpired

from . import problems
from .client import BrowserSession, Client, client_of, new_client, tokens_in
from .parsers import StrictJSONParser, TooLarge
from .serializers import Input

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rest_framework.authentication import BaseAuthentication
    from rest_framework.request import Request

try:
    from .schema import Schema
except ImportError:  # without drf-spectacular
    Schema = None  # type: ignore[assignment,misc]


class ForAnybody:
    """A door where nobody need be known: a sign-in begins here, or goes on."""

    def perform_authentication(self, request: Request) -> None:
        """Look at a token where it matters: an old one keeps nobody from a new sign-in."""

    def admit(self, given: Mapping[str, Any]) -> None:
        """Let everybody ask."""


class JSONOnly(DefaultContentNegotiation):
    """Answers in JSON, whatever is asked for."""

    def select_renderer(
        self, request: Request, renderers: Any, format_suffix: str | None = None
    ) -> Any:
        """Return the only one."""
        return renderers[0], renderers[0].media_type


@method_decorator(
    # For Django's LoginRequiredMiddleware: the flows see to that themselves.
    [login_not_required, never_cache, transaction.non_atomic_requests],
    name="dispatch",
)
class Door(APIView):
    """Reads the input, calls one flow, answers; errors become answers here."""

    # SECURITY: nothing of this is left to the defaults of the site: a parser for
    # forms, or authentication by password, would open a way round.
    parser_classes = (StrictJSONParser,)
    renderer_classes = (JSONRenderer,)
    permission_classes = ()
    throttle_classes = ()
    versioning_class = None
    metadata_class = None
    http_method_names = ("get", "head", "post", "patch", "delete")
    content_negotiation_class = JSONOnly
    if Schema is not None:
        schema = Schema()
    tag = "MFA"
    #: What is taken from the path and the query: name, kind, place, a sentence.
    parameters: tuple[tuple[str, Any, str, str], ...] = ()

    @property
    def issuer_name(self) -> str:
        """Who lets programs in here, as the site's URLs say; else the first one."""
        return str(self.kwargs.get("issuer", ""))

    def get_authenticators(self) -> list[BaseAuthentication]:
        """Return what reads a token, or else the session."""
        found = [
            each
            for issuer in issuers.all_of_them().values()
            for each in issuer.authenticators()
        ]
        return [*found, BrowserSession()]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Refuse what is too big before anything is read."""
        if answers.is_too_large(request, strict_json.MAX_LENGTH):
            raise TooLarge
        super().initial(request, *args, **kwargs)
        if request.method not in SAFE_METHODS and not self._has_input(request):
            # Whatever a body may be, one that nobody asked for is a mistake.
            self.read(Input)

    def _has_input(self, request: Request) -> bool:
        handler = getattr(self, str(request.method).lower(), None)
        operation = getattr(handler, "operation", None)
        return operation is None or operation.request is not None

    @sensitive_variables()
    def read(self, shape: type[Input], sent: Any = None) -> dict[str, Any]:
        """Return what was sent, if it has this shape."""
        body: Any = self.request.data
        serializer = shape(data=body if sent is None else sent)
        if not serializer.is_valid():
            # Who may not ask is told that, whatever they sent.
            self.admit(tokens_in(body))
            raise ValidationError(serializer.errors)
        return dict(serializer.validated_data)

    def admit(self, given: Mapping[str, Any]) -> None:
        """Raise unless the caller may ask here, with the tokens that were `given`."""
        self.enter(given).context.require_actor()

    def enter(self, data: Mapping[str, Any] | None = None) -> Client:
        """Return who sent `data`; raise `MFARequired` for a token that owes a proof."""
        client = client_of(self.request, data or {})
        client.require_shown(getattr(self.dispatch, "mfa_settles", ()))
        # The middleware tells of it, to programs as to browsers.
        django_request: Any = self.request._request  # noqa: SLF001
        django_request.mfa_grace = getattr(client.session.request, "mfa_grace", None)
        return client

    def begin(self) -> Client:
        """Return who begins to sign in."""
        return new_client(self.request, self.issuer_name)

    def reply(
        self,
        client: Client,
        payload: Mapping[str, Any] | None = None,
        status: int = 200,
    ) -> Response:
        """Return the answer, with new tokens where those of the caller changed."""
        return Response({**(payload or {}), **client.keep()}, status=status)

    def handle_exception(self, exc: Exception) -> Any:
        """Return the answer to an error; what nobody foresaw goes on."""
        response = problems.answer(exc)
        if response is None:
            return super().handle_exception(exc)
        # A sign-in that waits is explained by the middleware where nobody is known,
        # and nowhere else.
        if not isinstance(exc, LoginExpired):
            django_request: Any = self.request._request  # noqa: SLF001
            django_request.mfa_exempt = True
        return response

    def finalize_response(
        self, request: Request, response: Any, *args: Any, **kwargs: Any
    ) -> Any:
        """Name the way to be known in every 401 (RFC 9110 section 11.6.1)."""
        response = super().finalize_response(request, response, *args, **kwargs)
        if response.status_code == 401:  # noqa: PLR2004
            response.headers.setdefault("WWW-Authenticate", self._challenge)
        response.headers.setdefault("X-Content-Type-Options", "nosniff")
        return response

    @cached_property
    def _challenge(self) -> str:
        """The scheme of the tokens that are understood here."""
        for each in self.get_authenticators():
            scheme = each.authenticate_header(self.request)
            if scheme:
                return scheme
        return 'Session realm="api"'
