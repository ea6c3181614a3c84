"""Passkeys and security keys (WebAuthn Level 3)."""

from __future__ import annotations

from typing import Any

from django.utils.module_loading import import_string

__all__ = ["PasskeyFactor"]


def __getattr__(name: str) -> Any:  # the factor, when somebody asks for it
    # Django imports this package for its models; the rest can wait.
    if name in __all__:
        return import_string(f"{__name__}.factor.{name}")
    message = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(message)
