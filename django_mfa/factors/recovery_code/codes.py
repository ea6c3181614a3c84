"""Made, written, read and digested: the codes themselves."""

from __future__ import annotations

import hashlib
import secrets

from django.views.decorators.debug import sensitive_variables

from django_mfa import conf
from django_mfa.factors import typed


@sensitive_variables()
def new_code() -> str:
    """Return a random code with at least one letter, so that none looks like a TOTP code."""
    settings = conf.get().RECOVERY_CODES
    while True:
        code = "".join(
            secrets.choice(settings.ALPHABET) for _ in range(settings.LENGTH)
        )
        if not code.isdigit() or settings.ALPHABET.isdigit():
            return code


@sensitive_variables()
def new_codes() -> list[str]:
    """As many different codes as a set holds."""
    codes: set[str] = set()
    while len(codes) < conf.get().RECOVERY_CODES.COUNT:
        codes.add(new_code())
    return sorted(codes, key=lambda _: secrets.token_bytes(4))


@sensitive_variables()
def written(code: str) -> str:
    """Return the code as people see it, in two halves."""
    half = (len(code) + 1) // 2
    return f"{code[:half]}-{code[half:]}"


@sensitive_variables()
def normalized(code: str) -> str | None:
    """Return the code as it was made, whatever case, spaces and hyphens; None if it is none."""
    settings = conf.get().RECOVERY_CODES
    bare = typed.plain(code)
    if not bare.isascii() or len(bare) != settings.LENGTH:
        return None
    if settings.ALPHABET.isupper():
        bare = bare.upper()
    elif settings.ALPHABET.islower():
        bare = bare.lower()
    return bare if set(bare) <= set(settings.ALPHABET) else None


@sensitive_variables()
def digest(code: str, salt: bytes, cost: int) -> str:
    """Scrypt (RFC 7914) with N = 2**cost, r = 8, p = 1: about 27 ms at 14."""
    n = 2**cost
    raw = hashlib.scrypt(
        code.encode(), salt=salt, n=n, r=8, p=1, maxmem=n * 2048, dklen=32
    )
    return raw.hex()
