"""Whether a value of the setting has the right shape, and the settings made from it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any, NamedTuple

from .declared import Settings
from .group import Group

NAME = "DJANGO_MFA"


class Problem(NamedTuple):
    """One thing that is wrong with the setting, and how to mend it."""

    message: str
    hint: str


def problems(
    data: Any, shape: type[Group] = Settings, at: str = NAME
) -> Iterator[Problem]:
    """Everything that is wrong with `data` as a value of the setting."""
    if not isinstance(data, Mapping):
        yield Problem(f"{at} must be a dict.", f"Write {at} = {{...}}.")
        return
    known = shape.__annotations__
    for key, value in data.items():
        here = f"{at}[{key!r}]"
        if key not in known:
            yield _unknown(str(key), here, list(known))
            continue
        default = getattr(shape, key)
        if is_group(default):
            yield from problems(value, type(default), here)
        elif not (_fits(value, default) or _may_be_called(value, known[key])):
            wanted = type(default).__name__
            yield Problem(
                f"{here} must be of type {wanted}.", f"The default is {default!r}."
            )


def _unknown(key: str, here: str, known: list[str]) -> Problem:
    close = get_close_matches(key.upper(), known, n=1)
    hint = f"Did you mean {close[0]!r}?" if close else f"Known: {', '.join(known)}."
    return Problem(f"{here} is not a setting.", hint)


def is_group(default: Any) -> bool:
    """Whether a key holds settings of its own, told by its default."""
    return isinstance(default, Group)


def _may_be_called(value: Any, kind: Any) -> bool:
    """Whether the setting takes a callable, and this is one or the name of one."""
    return "Callable" in str(kind) and (callable(value) or isinstance(value, str))


def _fits(value: Any, default: Any) -> bool:
    if default is None:
        return value is None or isinstance(value, str) or callable(value)
    if isinstance(default, tuple):
        return isinstance(value, list | tuple)
    if isinstance(default, Mapping):
        return isinstance(value, Mapping)
    if isinstance(default, int) and not isinstance(default, bool):
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, type(default))


def build(data: Mapping[str, Any], shape: type[Group] = Settings) -> Any:
    """Return the settings that `data` gives; what it does not name is as declared."""
    given = {
        name: build(data[name], type(default)) if is_group(default) else data[name]
        for name, default in shape.declared().items()
        if name in data
    }
    return shape(**given)
