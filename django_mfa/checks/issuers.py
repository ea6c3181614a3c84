"""Who issues tokens to programs."""

from __future__ import annotations

from typing import Any

from django.core.checks import CheckMessage, Error

from django_mfa.clients import problems as issuer_problems

from .settings import is_readable


def check_issuers(**kwargs: Any) -> list[CheckMessage]:
    """E009: an issuer of the API that is not there."""
    if not is_readable():
        return []
    return [
        Error(f'DJANGO_MFA["API"]["ISSUERS"]: {text}', hint=hint, id="django_mfa.E009")
        for text, hint in issuer_problems.problems()
    ]
