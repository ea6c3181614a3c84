"""The OpenAPI schema, from what `does` says of every handler: by drf-spectacular."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from django.conf import settings
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse

from django_mfa.errors import MFAError, MFARequired

from .outputs import Error

if TYPE_CHECKING:
    from .operations import Operation

PLAIN = "application/json"
#: What can go wrong everywhere: status, code, sentence.
ALWAYS = (
    (401, "authentication_failed", "The token is not valid."),
    (403, "csrf_failed", "Send the CSRF token in the header X-CSRFToken."),
    (413, "too_large", "The request is too large."),
    (503, "temporarily_unavailable", "We could not finish this just now."),
)
WITH_BODY = (
    (400, "malformed_request", "Send one JSON object, without a name twice."),
    (400, "invalid_input", "This field is required."),
    (415, "unsupported_media_type", 'Unsupported media type "text/plain" in request.'),
)


class BrowserSessionScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # theirs is untyped
    """The cookie of a session."""

    target_class = "django_mfa.api.client.BrowserSession"
    name = "mfaSession"  # a site's own views with a session have `cookieAuth`

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        """Return where it stands."""
        name = settings.SESSION_COOKIE_NAME
        return {"type": "apiKey", "in": "cookie", "name": name}


class AppPasswordScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # theirs is untyped
    """An app password, for views of the site's own."""

    target_class = "django_mfa.api.authentication.AppPasswordAuthentication"
    name = ("appPasswordBasic", "appPasswordBearer")  # type: ignore[assignment]

    def get_security_definition(self, auto_schema: Any) -> list[dict[str, str]]:
        """Return both ways in which it is sent."""
        return [
            {"type": "http", "scheme": "basic"},
            {"type": "http", "scheme": "bearer"},
        ]


class Schema(AutoSchema):
    """Reads what the handlers say of themselves."""

    #: The method, where it passes for another one.
    spoken_of = ""

    @property
    def operation(self) -> Operation:
        """What this handler says."""
        name = self.spoken_of or self.method
        found: Operation = getattr(self.view, name.lower()).operation
        return found

    def is_excluded(self) -> bool:
        """Whether it is the other spelling of a path, with a slash at its end."""
        return bool(self.path.endswith("/"))

    def get_tags(self) -> list[str]:
        """Return the chapter."""
        return [str(getattr(self.view, "tag", ""))]

    def get_operation_id(self) -> str:
        """Return the path and the method: no two of them are alike."""
        words = re.findall(r"[a-zA-Z0-9]+", self.path)
        return "_".join([*words, self.method.lower()])

    def get_summary(self) -> str:
        """Return the sentence."""
        return self.operation.summary

    def get_description(self) -> str:  # type: ignore[override]  # as spectacular's
        """Return what more there is to say."""
        return self.operation.description

    def get_serializer_name(self, serializer: Any, direction: Any) -> str:
        """Return a name that is not one of the site's own: they, too, have a `Device`."""
        return f"MFA{type(serializer).__name__}"

    def get_request_serializer(self) -> Any:
        """Return what is sent."""
        return self.operation.request

    def _get_request_body(self, direction: str = "request") -> Any:
        if self.method == "DELETE" and self.operation.request is not None:
            # An address of the specification takes an id in the body of a DELETE.
            self.method, self.spoken_of = "POST", "DELETE"
            try:
                return super()._get_request_body(direction)  # type: ignore[no-untyped-call]
            finally:
                self.method, self.spoken_of = "DELETE", ""
        return super()._get_request_body(direction)  # type: ignore[no-untyped-call]

    def get_examples(self) -> list[Any]:
        """Return a request as it is sent."""
        if self.operation.request is None:
            return []
        return [
            OpenApiExample(
                "request", value=dict(self.operation.sent), request_only=True
            )
        ]

    def get_override_parameters(self) -> list[Any]:
        """Return the parameters in the path and the query."""
        return [
            OpenApiParameter(name, kind, place, description=text)
            for name, kind, place, text in parameters_of(self.view)
        ]

    def get_response_serializers(self) -> Any:
        """Return every answer, by status."""
        operation = self.operation
        example = OpenApiExample("answer", value=operation.example, response_only=True)
        answers: dict[Any, Any] = {
            200: OpenApiResponse(
                operation.answer, description=operation.summary, examples=[example]
            )
        }
        for status, told in sorted(_errors(operation, self.view, self.method).items()):
            answers[status] = OpenApiResponse(
                Error,
                description=", ".join(f"`{body['code']}`" for body in told),
                examples=[
                    OpenApiExample(
                        body["code"],
                        value=body,
                        response_only=True,
                        status_codes=[str(status)],
                    )
                    for body in told
                ],
            )
        return answers


def _errors(
    operation: Operation, view: Any, method: str
) -> dict[int, list[dict[str, Any]]]:
    found: dict[int, dict[str, dict[str, Any]]] = defaultdict(dict)
    plain = (*ALWAYS, *_refused_input(view, method))
    for status, code, detail in plain:
        found[status][code] = {"code": code, "detail": detail}
    for error in operation.errors:
        found[error.status][error.code] = _body(error)
    for status in getattr(view, "more_statuses", ()):
        found.setdefault(status, {})
    return {status: list(bodies.values()) for status, bodies in found.items()}


def _refused_input(view: Any, method: str) -> tuple[tuple[int, str, str], ...]:
    if method != "GET":
        return WITH_BODY
    asks = any(place == "query" for _name, _kind, place, _ in parameters_of(view))
    return WITH_BODY[1:2] if asks else ()


def parameters_of(view: Any) -> tuple[Any, ...]:
    """Return what the view takes from its path and query."""
    return tuple(getattr(view, "parameters", ()))


def _body(error: type[MFAError]) -> dict[str, Any]:
    body: dict[str, Any] = {"code": error.code, "detail": str(error.message)}
    if error.hint:
        body["hint"] = str(error.hint)
    if issubclass(error, MFARequired):
        body |= {"mfa_required": True, "methods": ["passkey", "totp"]}
    if error.code == "step_up_required":
        body["max_age"] = 900
    return body
