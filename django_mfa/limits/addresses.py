"""Failures by network address, counted by django-ratelimit in the cache."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_network
from typing import TYPE_CHECKING, Any

from django_mfa import clock, conf
from django_mfa.errors import TooManyAttempts
from django_mfa.extras import lazy

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django_ratelimit import core
else:
    core = lazy("django_ratelimit.core")

log = logging.getLogger("django_mfa")


def client_address(meta: Mapping[str, Any]) -> str:
    """Return the client's address: REMOTE_ADDR, or what the site's own proxies saw."""
    proxies = conf.get().LIMITS.TRUSTED_PROXIES
    forwarded = str(meta.get("HTTP_X_FORWARDED_FOR") or "").split(",")
    seen = ""
    if proxies and len(forwarded) >= proxies:
        # SECURITY: counted from the right, where our own proxies wrote; what
        # stands further left is whatever the client cared to send.
        seen = _normal(forwarded[-proxies].strip())
    return seen or _normal(str(meta.get("REMOTE_ADDR") or ""))


def prefix_of(address: str) -> str:
    """Return the network of an address: its first 24 bits of IPv4, 48 of IPv6."""
    if not address:
        return ""
    bits = 48 if isinstance(ip_address(address), IPv6Address) else 24
    return str(ip_network(f"{address}/{bits}", strict=False))


def check(address: str, what: str = "") -> None:
    """Raise `TooManyAttempts` when too many answers from `address` were wrong.

    Each kind of `what` has a count of its own, codes and passkeys one together.
    """
    usage = _usage(address, what, increment=False)
    if usage and usage["count"] >= conf.get().LIMITS.ADDRESS_FAILURES:
        raise TooManyAttempts(retry_at=_window_end(), why="address")


def charge(address: str, what: str = "") -> None:
    """Count a wrong answer from `address`."""
    _usage(address, what, increment=True)


def _usage(address: str, what: str, *, increment: bool) -> dict[str, Any] | None:
    limits = conf.get().LIMITS
    if not address or not limits.ADDRESS_FAILURES:
        return None
    # The window is ours, so that it follows `clock`; the library's own is longer.
    group = f"django_mfa{what}:{int(clock.timestamp()) // limits.ADDRESS_WINDOW}"
    rate = (limits.ADDRESS_FAILURES, limits.ADDRESS_WINDOW * 2)
    place = network(address)
    try:
        usage: dict[str, Any] | None = core.get_usage(
            None, group=group, key=lambda *_: place, rate=rate, increment=increment
        )
    except Exception:  # each cache has its own errors
        # SECURITY: a dead cache costs this one limit. Those of device and account
        # live in the database and still hold, so nobody is let in or kept out.
        log.exception("The cache failed; attempts by address are not limited now.")
        return None
    return usage


def _window_end() -> datetime:
    window = conf.get().LIMITS.ADDRESS_WINDOW
    end = (int(clock.timestamp()) // window + 1) * window
    return datetime.fromtimestamp(end, tz=UTC)


@lru_cache(maxsize=1024)
def _normal(address: str) -> str:
    try:
        found = ip_address(address.partition("%")[0])  # without an IPv6 zone
    except ValueError:
        return ""
    # SECURITY: a socket that takes both kinds gives IPv4 addresses as
    # `::ffff:192.0.2.1`; all of those lie in one /64 and would share one count.
    return str(getattr(found, "ipv4_mapped", None) or found)


def network(address: str) -> str:
    """Return what counts as one address: a whole network of one customer."""
    # SECURITY: one customer holds a whole /64 of IPv6 addresses, 2^64 of them.
    if address and isinstance(ip_address(address), IPv6Address):
        return str(ip_network(f"{address}/64", strict=False))
    return address
