"""Who the site is to its passkeys: settings say it, a request only chooses."""

from __future__ import annotations

import logging
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from django.conf import settings as django_settings
from django.utils.module_loading import import_string

from django_mfa import conf
from django_mfa.errors import FactorNotAvailable

if TYPE_CHECKING:
    from collections.abc import Callable

LOCAL = "localhost"
log = logging.getLogger("django_mfa")


class RelyingParty(NamedTuple):
    """The site as WebAuthn knows it (L3 section 4)."""

    id: str
    name: str
    origins: tuple[str, ...]
    top_origins: tuple[str, ...] = ()

    @property
    def related_origins(self) -> list[str]:
        """Return the web origins that may use its passkeys from other domains."""
        return [origin for origin in self.origins if origin.startswith("https://")]


def relying_party(host: str) -> RelyingParty:
    """Return the site behind `host` (with its port); `FactorNotAvailable` if it has no id."""
    passkey = conf.get().PASSKEY
    rp_id = next(iter(_of_host(passkey.RP_ID, host)), "") or _listed(hostname(host))
    if not rp_id:
        raise FactorNotAvailable
    return RelyingParty(
        id=rp_id,
        name=passkey.RP_NAME or conf.get().SITE_NAME or rp_id,
        origins=_of_host(passkey.ORIGINS, host) or _own_origins(rp_id, host),
        top_origins=tuple(passkey.TOP_ORIGINS),
    )


def has_relying_party(host: str) -> bool:
    """Whether passkeys can be used on `host`."""
    try:
        relying_party(host)
    except FactorNotAvailable:
        return False
    return True


def hostname(host: str) -> str:
    """Return the host without its port, in lower case."""
    name, _, port = host.rpartition(":")
    return (name if name and port.isdigit() else host).lower().rstrip(".")


def is_local(name: str) -> bool:
    """Whether browsers trust this name without TLS: it never leaves the machine."""
    return name == LOCAL or name.endswith(f".{LOCAL}")


def _listed(name: str) -> str:
    """Return `name` if the settings name it in full, else an empty text."""
    # SECURITY: the Host header is the client's to choose. It picks one of the
    # names that ALLOWED_HOSTS spells out; a wildcard there gives no RP id.
    if name in django_settings.ALLOWED_HOSTS and _is_domain(name):
        return name
    return name if django_settings.DEBUG and is_local(name) else ""


def _is_domain(name: str) -> bool:
    labels = name.split(".")
    return not labels[-1].isdigit() and all(
        label.isascii() and label for label in labels
    )


def _own_origins(rp_id: str, host: str) -> tuple[str, ...]:
    secure = f"https://{rp_id}"
    if is_local(rp_id) and is_local(hostname(host)):
        return (secure, f"http://{host.lower()}")
    return (secure,)


def _of_host(value: Any, host: str) -> tuple[str, ...]:
    """Return the texts of a setting: one, several, or what a callable says of a host."""
    found = called_by(value)
    try:
        return texts(found(host) if found else value)
    except Exception as error:
        # SECURITY: whatever the site's own code does with a Host that a stranger
        # chose, it costs passkeys alone: people can still sign in with a password.
        log.exception("%r does not say who the site is on %r", value, host)
        raise FactorNotAvailable from error


def texts(value: Any) -> tuple[str, ...]:
    """Return one text or several as a tuple; raise `TypeError` for anything else."""
    found = (value,) if isinstance(value, str) else tuple(value or ())
    if not all(isinstance(each, str) for each in found):
        message = f"{value!r} is neither a text nor a list of texts"
        raise TypeError(message)
    return tuple(each for each in found if each)


def called_by(value: Any) -> Callable[[str], Any] | None:
    """Return the callable that a setting is or names, or None."""
    if isinstance(value, str):
        return _callable(value)
    found: Callable[[str], Any] | None = value if callable(value) else None
    return found


@lru_cache(maxsize=32)
def _callable(path: str) -> Callable[[str], Any] | None:
    """Return what a dotted path leads to, or None for a text that is a domain."""
    try:
        found = import_string(path)
    except (ImportError, ValueError):
        return None
    return found if callable(found) else None
