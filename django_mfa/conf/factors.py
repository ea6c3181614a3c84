"""The settings of each factor: every key, its type, its default, its sentence."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from .group import Group

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


class Totp(Group):
    DIGITS: int = 6
    """Digits in a code: 6 or 8. Most authenticator apps know only 6."""
    PERIOD: int = 30
    """Seconds for which a code is shown."""
    ALGORITHM: str = "SHA1"
    """Hash of the code: SHA1, SHA256 or SHA512. Many apps silently ignore any but SHA1."""
    ISSUER: str | Callable[..., str] | None = None
    """Name of your site in the app; a text, a callable or dotted path given the host. Default: the host name."""
    WINDOW: int = 1
    """Steps before and after the present one that are accepted, for clocks that differ."""


class Passkey(Group):
    RP_ID: str | Callable[..., str] | None = None
    """Domain that passkeys belong to (`example.com`); a text, or a callable or dotted path given the host. Default: the host, where ALLOWED_HOSTS names it in full."""
    RP_NAME: str | None = None
    """Name of the site in the browser's dialogs. Default: SITE_NAME, or the domain."""
    ORIGINS: Sequence[str] | Callable[..., Sequence[str]] = ()
    """Origins that may use the passkeys (`https://www.example.com`, `android:apk-key-hash:...`), or a callable or dotted path given the host. Default: `https://` and the RP id."""
    TOP_ORIGINS: Sequence[str] = ()
    """Origins of other sites that may frame yours while a passkey is used. Default: none."""
    ALGORITHMS: Sequence[int] = (-8, -7, -257)
    """COSE algorithms that are offered and accepted, the best first. Only those that can be verified."""
    USER_VERIFICATION: str = "preferred"
    """Whether a second factor must check its user by PIN or biometry: `required`, `preferred`, `discouraged`. Sign-in without a password always requires it."""
    PASSWORDLESS: bool = True
    """Let people sign in with a passkey alone."""
    SATISFIES_MFA: bool = True
    """Whether a passkey that checked its user counts as two factors. If not, another one is asked for after it."""
    RESIDENT_KEY: str = "preferred"
    """Whether a new passkey must be able to sign in without a user name: `required`, `preferred`, `discouraged`."""
    ATTACHMENT: str = ""
    """Only `platform` (this device) or `cross-platform` (keys, phones) for new passkeys. Default: both."""
    HINTS: Sequence[str] = ()
    """What the browser should offer first: `security-key`, `client-device`, `hybrid`."""
    TIMEOUT: int = 300
    """Seconds for which a challenge can be answered."""
    MAX_DEVICES: int = 20
    """Passkeys a person may have."""
    CONDITIONAL_CREATE: bool = False
    """Let the browser add a passkey by itself for people who have a factor already and have just shown it."""
    DECOYS: bool = True
    """Answer a typed name that has no passkeys with made-up ones, so that names cannot be tried out."""
    CLONE: str = "refuse"
    """When a counter says that a passkey was copied: `refuse` the answer, `log` it and let in, or `disable` the passkey."""
    ATTESTATION: str = "none"
    """What new passkeys must tell of their maker: `none`, `indirect`, `direct`, `enterprise`. The last two must lead to a root you trust."""
    ATTESTATION_ROOTS: Mapping[str, Sequence[str]] = MappingProxyType({})
    """Files with root certificates (PEM) by attestation format: `{"packed": ["/etc/roots.pem"]}`."""
    AAGUIDS_ALLOWED: Sequence[str] = ()
    """The only authenticator models that may register. Rests on attestation: use it with `direct`."""
    AAGUIDS_DENIED: Sequence[str] = ()
    """Authenticator models that may not register."""
    MDS_ROOT: str | None = None
    """File with the root certificate (PEM) that signs the FIDO metadata read by `mfa_update_mds`."""
    PROVIDERS: Mapping[str, str] = MappingProxyType({})
    """Names of providers by AAGUID, beside those that come with the package."""


class RecoveryCodes(Group):
    COUNT: int = 10
    """How many codes a set holds."""
    LENGTH: int = 8
    """Signs in a code, without the hyphen."""
    ALPHABET: str = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
    """Signs that codes are made of; none that could be read as another."""
    WARN_AT: int = 3
    """From this many left on, pages and mails remind the person to make new ones."""
    COST: int = 14
    """Work of the slow digest: scrypt with N = 2 to this power. Less than 14 is for tests."""
