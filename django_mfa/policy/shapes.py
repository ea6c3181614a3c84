"""What a policy and a rule of the settings may say, key by key."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from .models import MIN_FRESH
from .requirements import LEVELS

#: What a key may hold, and how that is said.
Shape = tuple[Callable[[Any], bool], str]

MAX_DAYS = 3650
KINDS = (
    "everyone, staff, superusers, group:NAME, permission:APP.NAME, audience:NAME,"
    " a callable or its dotted path"
)


def wrong(said: Mapping[str, Any], shapes: Mapping[str, Shape]) -> Iterator[str]:
    """Yield the keys whose values cannot be."""
    yield from (key for key, value in said.items() if not shapes[key][0](value))


def _is_number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and value != ""


def is_days(value: Any) -> bool:
    """Whether it is a number of days that a calendar can count."""
    return _is_number(value) and 0 <= value <= MAX_DAYS


def _is_age(value: Any) -> bool:
    return _is_number(value) and value > 0


def _is_policy_age(value: Any) -> bool:
    return value is None or (_is_number(value) and value >= MIN_FRESH)


def _are_days(value: Any) -> bool:
    return value is None or _are(is_days, value)


def _are_texts(value: Any) -> bool:
    return _are(_is_text, value)


def _are_methods(value: Any) -> bool:
    return value is None or _is_text(value) or _are_texts(value)


def _are(kind: Callable[[Any], bool], values: Any) -> bool:
    return isinstance(values, list | tuple) and all(map(kind, values))


def _is_who(value: Any) -> bool:
    return _is_text(value) or callable(value)


FLAG: Shape = (_is_flag, "True or False")
POLICY: Mapping[str, Shape] = {
    "who": (_is_who, KINDS),
    "name": (_is_text, "a text"),
    "required": FLAG,
    "grace_days": (is_days, f"days, at most {MAX_DAYS}"),
    "reminder_days": (_are_days, "a list of days"),
    "allowed_factors": (_are_texts, "a list of factors"),
    "minimum_strength": (_is_text, f"one of {', '.join(LEVELS)}"),
    "phishing_resistant": FLAG,
    "step_up_age": (_is_policy_age, f"at least {MIN_FRESH} seconds"),
    "trust_allowed": FLAG,
}
TRIGGER: Mapping[str, Shape] = {
    "path": (_is_name, "a route, such as billing/*"),
    "view": (_is_name, "the name of a view"),
    "methods": (_are_methods, "write, or a list of methods"),
    "max_age": (_is_age, "a number of seconds"),
    "strength": (lambda value: value in LEVELS, f"one of {', '.join(LEVELS)}"),
    "phishing_resistant": FLAG,
}
