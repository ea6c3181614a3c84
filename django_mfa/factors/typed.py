"""What people type for a code, brought to the form in which it is compared."""

from __future__ import annotations

from django.views.decorators.debug import sensitive_variables


@sensitive_variables()
def plain(code: str) -> str:
    """Return the code without the spaces and hyphens that people and apps put in."""
    return code.replace(" ", "").replace("-", "")


@sensitive_variables()
def digits(code: str, length: int) -> str | None:
    """Return `code` without spaces and hyphens if it is `length` ASCII digits, else None."""
    bare = plain(code)
    # SECURITY: ASCII only; `isdigit` alone is true for the digits of every script.
    fits = len(bare) == length and bare.isascii() and bare.isdigit()
    return bare if fits else None
