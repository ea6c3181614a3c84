"""What each operation is, beside its code: for whoever reads the OpenAPI schema."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from django_mfa.errors import (
    EnrolmentRequired,
    FactorNotAvailable,
    InvalidCode,
    KeyTrouble,
    LoginExpired,
    MalformedCode,
    MFAError,
    MFARequired,
    StepUpRequired,
    TooManyAttempts,
    Unavailable,
)

Handler = TypeVar("Handler", bound=Callable[..., Any])


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One thing that can be done: what is sent, what comes back, what can go wrong."""

    summary: str
    #: A serializer, and an answer as it comes.
    answer: Any
    example: Any
    request: Any = None
    sent: Mapping[str, Any] = field(default_factory=dict)
    #: Errors by class; those of every operation stand in the schema by themselves.
    errors: tuple[type[MFAError], ...] = ()
    description: str = ""


def does(summary: str, **of: Any) -> Callable[[Handler], Handler]:
    """Say of a handler what it does."""

    def mark(handler: Handler) -> Handler:
        handler.operation = Operation(summary=summary, **of)  # type: ignore[attr-defined]
        return handler

    return mark


#: What can go wrong where a response is judged,
JUDGED = (
    InvalidCode,
    MalformedCode,
    FactorNotAvailable,
    TooManyAttempts,
    KeyTrouble,
    Unavailable,
)
#: where somebody must be signed in,
SIGNED_IN = (LoginExpired, MFARequired, EnrolmentRequired, Unavailable)
#: and where factors are changed.
CHANGES = (*SIGNED_IN, StepUpRequired)
