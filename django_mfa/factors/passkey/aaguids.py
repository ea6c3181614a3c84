"""What the makers of passkeys are called, by the AAGUID of their models."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from uuid import UUID

from django.utils.translation import gettext

from django_mfa import conf

#: Each one as the public list of passkey providers (`passkeydeveloper` on GitHub) or the
#: FIDO metadata have it; models of one line are called alike.
FILE = Path(__file__).with_name("providers.json")
NONE = "00000000-0000-0000-0000-000000000000"


@lru_cache(maxsize=1)
def bundled() -> dict[str, str]:
    """Return the names that come with the package."""
    found: dict[str, str] = json.loads(FILE.read_text(encoding="utf-8"))
    return found


def written(aaguid: object) -> str:
    """Return an AAGUID as authenticators have it: in lower case, with hyphens."""
    try:
        return str(UUID(str(aaguid)))
    except ValueError:
        return ""


def provider(aaguid: str) -> str:
    """Return the name of a provider, or an empty text."""
    own = {written(key): name for key, name in conf.get().PASSKEY.PROVIDERS.items()}
    return own.get(aaguid) or bundled().get(aaguid, "")


def default_name(aaguid: str, transports: tuple[str, ...], taken: set[str]) -> str:
    """Return a name for a new passkey that its owner does not use yet."""
    kind = gettext("Passkey") if not _is_key(transports) else gettext("Security key")
    name = (provider(aaguid) or kind)[:60]
    number = 1
    while (found := name if number == 1 else f"{name} {number}") in taken:
        number += 1
    return found


def _is_key(transports: tuple[str, ...]) -> bool:
    return bool({"usb", "nfc"} & set(transports)) and "internal" not in transports
