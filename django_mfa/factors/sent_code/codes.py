"""Make a code, keep its digest, compare."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from django.utils.crypto import constant_time_compare
from django.views.decorators.debug import sensitive_variables

from django_mfa import conf, crypto
from django_mfa.factors import typed

if TYPE_CHECKING:
    from django_mfa.challenges.models import Challenge

PURPOSE = "sent_code"


@sensitive_variables()
def new_code() -> str:
    """Return a code from the system's source of randomness, leading zeros and all."""
    length = conf.get().SENT_CODES.LENGTH
    return f"{secrets.randbelow(10**length):0{length}}"


@sensitive_variables()
def normalized(code: Any) -> str | None:
    """Return the code without spaces and hyphens if it has the shape of one, else None."""
    if not isinstance(code, str):
        return None
    return typed.digits(code, conf.get().SENT_CODES.LENGTH)


@sensitive_variables()
def digest(challenge: Any, code: str) -> str:
    """Return under what the code of a challenge is kept.

    Keyed, for a million codes are soon tried out; and bound to its challenge, so
    that equal codes do not look alike in the table.
    """
    return crypto.keyed_digest(f"{challenge}:{code}", PURPOSE)


@sensitive_variables()
def is_right(asked: Challenge, code: str) -> bool:
    """Whether this is the code that was made for `asked`."""
    given = crypto.keyed_digests(f"{asked.pk}:{code}", PURPOSE)
    return any(constant_time_compare(each, asked.digest) for each in given)
