"""JSON from strangers: bounded, and with one meaning only."""

from __future__ import annotations

import json
from typing import Any, NoReturn

MAX_LENGTH = 64 * 1024
MAX_DEPTH = 32


class BadJSON(ValueError):
    """The text is not JSON that we read."""


def loads(text: str) -> Any:  # whatever JSON holds
    """Read `text`; raise `BadJSON` when it is too long, too deep, or ambiguous."""
    if len(text) > MAX_LENGTH or _depth(text) > MAX_DEPTH:
        raise BadJSON
    try:
        found = json.loads(text, object_pairs_hook=_object, parse_constant=_no_constant)
        _check_signs(text, found)
    except (ValueError, RecursionError) as error:
        raise BadJSON from error
    return found


def _check_signs(text: str, found: Any) -> None:
    """Raise `ValueError` where a text holds half a sign, or NUL (RFC 7493 section 2.1)."""
    if "\\u" in text:
        # SECURITY: neither can be stored; what fails there is no answer to strangers.
        text = json.dumps(found, ensure_ascii=False)
        if "\\u0000" in text:
            raise BadJSON
    text.encode()


def _depth(text: str) -> int:
    """Return how deep the text is nested, without building anything; 0 for hardly."""
    if text.count("[") + text.count("{") <= MAX_DEPTH:
        return 0  # too few to matter, wherever they stand
    depth = deepest = 0
    in_text = escaped = False
    for sign in text:
        if in_text:
            in_text = escaped or sign != '"'
            escaped = sign == "\\" and not escaped
        elif sign == '"':
            in_text = True
        elif sign in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif sign in "]}":
            depth -= 1
    return deepest


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        # SECURITY: of two equal names one reader takes the first and another the
        # last; what was checked must be what is used.
        message = "duplicate name"
        raise BadJSON(message)
    return found


def _no_constant(name: str) -> NoReturn:
    raise BadJSON(name)
