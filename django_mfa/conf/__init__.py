"""The one setting, `DJANGO_MFA`.

`get()` reads it at use. An unknown key or a value of the wrong type is an error
with a hint, so that a slip of the pen never switches a protection off.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.signals import setting_changed
from django.utils.module_loading import import_string

from .declared import (
    Api,
    AppPasswords,
    Approvals,
    Audit,
    Limits,
    Notices,
    Sessions,
    Settings,
    Sso,
    StepUp,
    TrustedDevices,
)
from .factors import Passkey, RecoveryCodes, Totp
from .sends import Sends, SentCodes, Sms
from .shape import NAME, Problem, build, is_group, problems

__all__ = [
    "NAME",
    "Api",
    "AppPasswords",
    "Approvals",
    "Audit",
    "Limits",
    "Notices",
    "Passkey",
    "Problem",
    "RecoveryCodes",
    "Sends",
    "SentCodes",
    "Sessions",
    "Settings",
    "Sms",
    "Sso",
    "StepUp",
    "Totp",
    "TrustedDevices",
    "get",
    "is_group",
    "problems",
    "resolve",
]


#: What a site says that has no such setting: the same object at each look.
_NOTHING: dict[str, Any] = {}


class _Reader:
    """Keeps what was read for as long as the setting is the same object."""

    def __init__(self) -> None:
        self.clear()

    def clear(self, **kwargs: Any) -> None:
        if kwargs.get("setting") in (None, NAME):
            self.source: Any = None
            self.value: Settings | None = None

    def get(self) -> Settings:
        source = getattr(settings, NAME, _NOTHING)
        if self.value is None or source is not self.source:
            wrong = next(problems(source), None)
            if wrong:
                raise ImproperlyConfigured(f"{wrong.message} {wrong.hint}")
            self.source, self.value = source, build(source)
        return self.value


_reader = _Reader()
setting_changed.connect(_reader.clear, dispatch_uid="django_mfa.conf")


def get() -> Settings:
    """Return the settings as they stand now; `ImproperlyConfigured` when they cannot be read."""
    return _reader.get()


def resolve(value: Any, *args: Any) -> Any:
    """Return a setting that may be a plain value, a callable, or a callable's dotted path."""
    if isinstance(value, str) and value.replace(".", "").isidentifier():
        # A text like "example.com" looks the same and leads to no callable.
        with suppress(ImportError):
            value = import_string(value)
    return value(*args) if callable(value) else value
