from __future__ import annotations

from typing import IO, Any

from django.views.decorators.debug import sensitive_variables
from rest_framework.exceptions import APIException, ParseError
from rest_framework.parsers import BaseParser

from django_mfa import strict_json


class TooLarge(APIException):
    """The body is longer than any that means something."""

    status_code = 413
    default_detail = "The request is too large."
    default_code = "too_large"


class StrictJSONParser(BaseParser):
    """One JSON object: bounded in length and depth, no name twice, nothing else."""

    media_type = "application/json"

    @sensitive_variables()
    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Any = None,
    ) -> dict[str, Any]:
        """Read the body; raise `TooLarge` or `ParseError`."""
        body = stream.read(strict_json.MAX_LENGTH + 1)
        if len(body) > strict_json.MAX_LENGTH:
            raise TooLarge
        try:
            found = strict_json.loads(body.decode())
        except (UnicodeDecodeError, strict_json.BadJSON) as error:
            message = "Send one JSON object, without a name twice."
            raise ParseError(message, "malformed_request") from error
        if not isinstance(found, dict):
            message = "Send a JSON object."
            raise ParseError(message, "malformed_request")
        return found
