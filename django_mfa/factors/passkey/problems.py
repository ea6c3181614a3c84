"""What is wrong in the settings of passkeys, for the system checks."""

from __future__ import annotations

import re
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django.conf import settings as django_settings

from .aaguids import written
from .attestation import certificates_in, files_of
from .rp import called_by, is_local

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django_mfa import conf

ANDROID = "android:apk-key-hash:"
#: Algorithms that py_webauthn 3 verifies; SHA-1 left out.
VERIFIABLE = frozenset({-7, -8, -36, -37, -38, -39, -257, -258, -259, -48, -49, -50})
CHOICES = {
    "USER_VERIFICATION": ("required", "preferred", "discouraged"),
    "RESIDENT_KEY": ("required", "preferred", "discouraged"),
    "ATTACHMENT": ("", "platform", "cross-platform"),
    "CLONE": ("refuse", "log", "disable"),
    "ATTESTATION": ("none", "indirect", "direct", "enterprise"),
}
HINTS = ("security-key", "client-device", "hybrid")
LONGEST = 600
#: What a domain is made of; `site_conf.rp_id` is none.
LABELS = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*\Z")

Found = tuple[str, str]


def impossible(passkey: conf.Passkey) -> Iterator[Found]:
    """Yield what cannot work: message and hint."""
    for name, choices in CHOICES.items():
        if getattr(passkey, name) not in choices:
            known = ", ".join(repr(each) for each in choices)
            yield f"PASSKEY.{name} is none of {known}.", "Choose one of them."
    if unknown := set(passkey.HINTS) - set(HINTS):
        yield f"PASSKEY.HINTS holds {unknown}.", f"Known are {', '.join(HINTS)}."
    if bad := [each for each in passkey.ALGORITHMS if each not in VERIFIABLE]:
        yield (
            f"PASSKEY.ALGORITHMS holds {bad}, which cannot be verified.",
            "The default is (-8, -7, -257): EdDSA, ES256, RS256.",
        )
    if not set(passkey.ALGORITHMS) & VERIFIABLE:
        yield "PASSKEY.ALGORITHMS holds nothing to offer.", "Leave it out."
    yield from _bad_models(passkey)
    if not 0 < passkey.TIMEOUT <= LONGEST:
        yield f"PASSKEY.TIMEOUT must be from 1 to {LONGEST}.", "The default is 300."
    yield from _bad_files(passkey)


def bad_names(passkey: conf.Passkey) -> Iterator[Found]:
    """Yield what is wrong with the RP id and the origins, where they are plain texts."""
    rp_id = passkey.RP_ID
    if (
        isinstance(rp_id, str)
        and called_by(rp_id) is None
        and (why := _no_domain(rp_id))
    ):
        yield f"PASSKEY.RP_ID {rp_id!r} {why}.", "Write the bare domain: example.com."
    for origin in (*plain_origins(passkey), *passkey.TOP_ORIGINS):
        if why := _no_origin(origin):
            hint = "Write scheme and host, and the port if it is not 443."
            yield f"PASSKEY: {origin!r} {why}.", hint


def plain_origins(passkey: conf.Passkey) -> tuple[object, ...]:
    """Return the origins that the settings name; none where a callable does."""
    origins: Any = passkey.ORIGINS
    if called_by(origins) is not None:
        return ()
    return (origins,) if isinstance(origins, str) else tuple(origins)


def missing_name(passkey: conf.Passkey) -> Iterator[Found]:
    """Yield whether no host of this site can have an RP id."""
    if passkey.RP_ID or django_settings.DEBUG:
        return
    full = [each for each in django_settings.ALLOWED_HOSTS if each.strip("*.") == each]
    if not full:
        yield (
            "Passkeys are not offered: the site has no RP id.",
            "Set DJANGO_MFA['PASSKEY']['RP_ID'] to your domain, or name the host in"
            " full in ALLOWED_HOSTS.",
        )


def _no_domain(name: str) -> str:
    if not name:
        return ""
    if "://" in name or "/" in name or ":" in name:
        return "has a scheme, a port or a path"
    if _is_address(name):
        return "is an address; browsers want a name"
    if not LABELS.match(name):
        return "is no domain in plain lower case (IDNA), nor leads to a callable"
    if "." not in name and not is_local(name):
        return "is no domain that browsers accept"
    return ""


def _no_origin(origin: object) -> str:
    if not isinstance(origin, str):
        return "is no text"
    if origin.startswith(ANDROID):
        return ""
    parts = urlsplit(origin)
    if parts.path or parts.query or parts.fragment or "@" in parts.netloc:
        return "has more than scheme, host and port"
    host = parts.hostname or ""
    local = parts.scheme == "http" and is_local(host)
    if not host or (parts.scheme != "https" and not local):
        return "is not https"
    return "is not in lower case" if origin != origin.lower() else ""


def _is_address(name: str) -> bool:
    try:
        ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True


def _bad_models(passkey: conf.Passkey) -> Iterator[Found]:
    for name in ("AAGUIDS_ALLOWED", "AAGUIDS_DENIED", "PROVIDERS"):
        if bad := [each for each in getattr(passkey, name) if not written(each)]:
            yield (
                f"PASSKEY.{name} holds {bad}, which name no model.",
                "Write AAGUIDs: 32 hexadecimal digits, with hyphens or without.",
            )


def _bad_files(passkey: conf.Passkey) -> Iterator[Found]:
    roots = passkey.ATTESTATION_ROOTS
    files = [file for each in roots for file in files_of(roots, each)]
    for file in [*files, *([passkey.MDS_ROOT] if passkey.MDS_ROOT else [])]:
        if not Path(file).is_file():
            yield f"PASSKEY: there is no file {file}.", "Name a file of certificates."
        elif not certificates_in(file):
            yield f"PASSKEY: {file} holds no certificate.", "Write it as PEM."
    asked = passkey.ATTESTATION in ("direct", "enterprise")
    if asked and not (files or passkey.MDS_ROOT):
        yield (
            f"PASSKEY.ATTESTATION is {passkey.ATTESTATION!r}, and nothing can vouch.",
            "Set ATTESTATION_ROOTS, or MDS_ROOT and run mfa_update_mds.",
        )
