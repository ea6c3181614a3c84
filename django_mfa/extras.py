"""Packages that are imported when first used, and said by name when missing."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ImproperlyConfigured

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

DISTRIBUTION = "django-mfa-suite"


class MissingExtra(ImproperlyConfigured):
    """A feature is switched on whose package is not installed."""


def require(module: str, *, extra: str | None = None) -> ModuleType:
    """Import `module`; raise `MissingExtra` with the pip line when it is absent."""
    try:
        return import_module(module)
    except ImportError as error:
        wanted = f"{DISTRIBUTION}[{extra}]" if extra else DISTRIBUTION
        message = f'{module!r} is not installed. Run: pip install "{wanted}"'
        raise MissingExtra(message) from error


class Lazy:
    """A module that is imported at the first look at one of its names."""

    def __init__(self, module: str, *, extra: str | None = None) -> None:
        self._module = module
        self._extra = extra

    def __getattr__(self, name: str) -> Any:  # whatever the module holds
        value = getattr(require(self._module, extra=self._extra), name)
        setattr(self, name, value)
        return value


def lazy(module: str, *, extra: str | None = None) -> Any:
    """Stand in for `module` until it is needed, so that start-up stays light."""
    return Lazy(module, extra=extra)


def late(package: str, **names: str) -> Callable[[str], Any]:
    """Return a `__getattr__` for `package`: each name is in the module given for it."""

    def find(name: str) -> Any:  # whatever the module holds
        if name not in names:
            message = f"module {package!r} has no attribute {name!r}"
            raise AttributeError(message)
        return getattr(import_module(f"{package}.{names[name]}"), name)

    return find


def later(path: str) -> Callable[..., Any]:
    """Stand in for the function with this dotted path, which is loaded when it is called."""
    module, _, name = path.rpartition(".")

    def call(*args: Any, **kwargs: Any) -> Any:  # whatever the function takes and gives
        return getattr(require(module), name)(*args, **kwargs)

    call.__module__, call.__name__ = module, name
    return call
