"""The arithmetic of RFC 6238, by pyotp, and what the app is shown."""

from __future__ import annotations

import hashlib
from base64 import b32decode, b32encode
from typing import TYPE_CHECKING

from django.utils.crypto import constant_time_compare
from django.views.decorators.debug import sensitive_variables

from django_mfa.extras import lazy
from django_mfa.factors import typed

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyotp
else:
    pyotp = lazy("pyotp")

ALGORITHMS = {
    "SHA1": hashlib.sha1,
    "SHA256": hashlib.sha256,
    "SHA512": hashlib.sha512,
}


@sensitive_variables()
def new_secret() -> str:
    """160 random bits in base32, as RFC 4226 section 4 R6 recommends."""
    secret: str = pyotp.random_base32(length=32)
    return secret


@sensitive_variables()
def normalized(code: str, digits: int) -> str | None:
    """`code` without spaces and hyphens if it is `digits` ASCII digits, else None."""
    return typed.digits(code, digits)


@sensitive_variables()
def code_at(secret: str, step: int, *, digits: int, period: int, algorithm: str) -> str:
    """Return the code of one time step."""
    totp = pyotp.TOTP(
        _long_enough(secret),
        digits=digits,
        digest=ALGORITHMS[algorithm],
        interval=period,
    )
    code: str = totp.generate_otp(step)
    return code


@sensitive_variables()
def _long_enough(secret: str) -> str:
    """Return the secret, filled up with zero bytes to the length that pyotp demands.

    HMAC fills keys shorter than a block with zeros itself (RFC 2104 section 2), so
    the codes of a short secret, as other packages stored them, stay the same.
    """
    key = b32decode(secret + "=" * (-len(secret) % 8), casefold=True)
    return b32encode(key.ljust(20, b"\0")).decode()


@sensitive_variables()
def matching_step(
    secret: str,
    code: str,
    steps: Sequence[int],
    *,
    digits: int,
    period: int,
    algorithm: str,
) -> int | None:
    """Return the newest of `steps` whose code is `code`, or None; all of them are compared."""
    found = None
    for step in sorted(step for step in steps if step >= 0):
        right = code_at(secret, step, digits=digits, period=period, algorithm=algorithm)
        # SECURITY: no early end, so that time does not tell which step it was.
        if constant_time_compare(right, code):
            found = step
    return found


@sensitive_variables()
def provisioning_uri(
    secret: str, *, account: str, issuer: str, digits: int, period: int, algorithm: str
) -> str:
    """Return the `otpauth://` link that an authenticator app reads (Key URI format)."""
    totp = pyotp.TOTP(
        secret, digits=digits, digest=ALGORITHMS[algorithm], interval=period
    )
    # A colon would end the issuer in the label of the link.
    uri: str = totp.provisioning_uri(
        name=account.replace(":", " "), issuer_name=issuer.replace(":", " ")
    )
    return uri


@sensitive_variables()
def grouped(secret: str) -> str:
    """Return the secret in groups of four, for typing."""
    return " ".join(secret[i : i + 4] for i in range(0, len(secret), 4))
