"""The one setting, `DJANGO_MFA`: every key, its type, its default, its sentence.

`get()` reads it at use. An unknown key or a value of the wrong type is an error
with a hint, so that a slip of the pen never switches a protection off.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import Field, dataclass, field, fields, is_dataclass
from difflib import get_close_matches
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.signals import setting_changed
from django.utils.module_loading import import_string

NAME = "DJANGO_MFA"


@dataclass(frozen=True, kw_only=True)
class TOTP:
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


@dataclass(frozen=True, kw_only=True)
class Passkey:
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
    ATTESTATION_ROOTS: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Files with root certificates (PEM) by attestation format: `{"packed": ["/etc/roots.pem"]}`."""
    AAGUIDS_ALLOWED: Sequence[str] = ()
    """The only authenticator models that may register. Rests on attestation: use it with `direct`."""
    AAGUIDS_DENIED: Sequence[str] = ()
    """Authenticator models that may not register."""
    MDS_ROOT: str | None = None
    """File with the root certificate (PEM) that signs the FIDO metadata read by `mfa_update_mds`."""
    PROVIDERS: Mapping[str, str] = field(default_factory=dict)
    """Names of providers by AAGUID, beside those that come with the package."""


@dataclass(frozen=True, kw_only=True)
class RecoveryCodes:
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


@dataclass(frozen=True, kw_only=True)
class Limits:
    FAILURES: int = 5
    """Wrong codes within `FAILURE_WINDOW` seconds after which codes are refused for a while."""
    FAILURE_WINDOW: int = 900
    """Seconds in which `FAILURES` are counted."""
    LOCK: int = 1800
    """Seconds for which codes are refused after too many failures."""
    DEVICE_CAP: int = 20
    """Consecutive wrong codes after which a device is disabled. Never more than 100."""
    RECOVERY_CAP: int = 100
    """The same for a set of recovery codes, whose codes are far harder to guess. Never more than 100."""
    ADDRESS_FAILURES: int = 10
    """Wrong codes from one network address within `ADDRESS_WINDOW` seconds."""
    ADDRESS_WINDOW: int = 300
    """Seconds in which `ADDRESS_FAILURES` are counted."""
    TRUSTED_PROXIES: int = 0
    """How many proxies of yours stand before the site and add to X-Forwarded-For. 0: use REMOTE_ADDR."""
    MAX_DEVICES: int = 5
    """Devices of one factor a person may have."""


@dataclass(frozen=True, kw_only=True)
class StepUp:
    MAX_AGE: int = 900
    """Seconds for which a proof is fresh enough to change one's factors."""
    TRIGGERS: Sequence[str | Mapping[str, Any]] = ()
    """What else asks for a fresh proof: `admin_actions`, `approval_operations`, and rules such as `{"path": "billing/*"}` or `{"view": "shop:refund", "methods": "write"}`."""
    KEEP_FORM: bool = False
    """Keep what was typed into a form that was stopped for a step-up, sealed, to show it again once."""
    FORM_TTL: int = 300
    """Seconds for which such a form is kept."""


@dataclass(frozen=True, kw_only=True)
class Sessions:
    PROOF_AGE: int = 0
    """Seconds after which a session must show a factor again. 0: never."""
    ABSOLUTE_AGE: int = 0
    """Seconds after which a session ends, however busy it is. 0: as Django's settings say."""
    BIND: Sequence[str] = ()
    """What a session is bound to: `browser` (its family), `address` (its network). Another one must prove itself anew."""


@dataclass(frozen=True, kw_only=True)
class TrustedDevices:
    ENABLED: bool = False
    """Let people tick "trust this browser", so that it is not asked for a factor at sign-in."""
    DAYS: int = 30
    """Days for which a browser is trusted."""
    MAX: int = 10
    """Browsers a person may trust; the oldest makes room."""


@dataclass(frozen=True, kw_only=True)
class Approvals:
    TTL: int = 300
    """Seconds within which an approval must be given, and then used."""
    SECOND_PERSON_TTL: int = 3600
    """Seconds that a request waits for a second person."""


@dataclass(frozen=True, kw_only=True)
class SSO:
    AMR_MAP: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """What an identity provider's `amr` or `acr` value is worth here: `{"hwk": {"acr": "aal3", "phishing_resistant": True}}`. Any other is one factor."""


@dataclass(frozen=True, kw_only=True)
class Audit:
    LOG: bool = True
    """Also write each event as a line of JSON to the logger `django_mfa`."""


@dataclass(frozen=True, kw_only=True)
class Notices:
    ENABLED: bool = True
    """Mail people about changes to their factors."""
    FROM_EMAIL: str | None = None
    """Sender of the mails. Default: DEFAULT_FROM_EMAIL."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    FACTORS: Sequence[str] = (
        "django_mfa.factors.passkey.PasskeyFactor",
        "django_mfa.factors.totp.TOTPFactor",
        "django_mfa.factors.recovery_code.RecoveryCodeFactor",
    )
    """Dotted paths of the factors people may use, or the short names of our own; in the order they are offered."""
    ENCRYPTION_KEYS: Sequence[str] = ()
    """Secrets that seal what is stored; the first one seals, all of them open. Default: derived from SECRET_KEY."""
    POLICIES: Sequence[Mapping[str, Any]] = field(
        default_factory=lambda: ({"who": "staff", "grace_days": 0},)
    )
    """Who must have a second factor: `who` (everyone, staff, superusers, group:NAME, permission:APP.NAME, audience:NAME, a dotted path or callable given the user), `grace_days` and more. See Policies."""
    POLICY_AUDIENCES: Mapping[str, str | Callable[..., bool]] = field(
        default_factory=dict
    )
    """Audiences that policies of the admin may name, such as an organisation: a callable or dotted path given the user, by name."""
    POLICY_SNAPSHOT: int = 10
    """Seconds after which an edit of a policy is seen by other processes. Your own sees it at once."""
    REMINDER_DAYS: Sequence[int] = (3, 1)
    """Days before the deadline on which people are reminded to set up a factor."""
    GRACE_DAYS: int = 7
    """Days that a person has to set up a factor, where a policy does not say otherwise."""
    PENDING_LOGIN_TTL: int = 900
    """Seconds a sign-in waits for the second factor."""
    SETUP_TTL: int = 600
    """Seconds a set-up waits for its first code. Fixed: nothing renews it."""
    SITE_NAME: str | None = None
    """Name of the site in mails and on pages. Default: the host name."""
    CONTENT_SECURITY_POLICY: str = (
        "default-src 'self'; base-uri 'none'; form-action 'self';"
        " frame-ancestors 'none'; object-src 'none'"
    )
    """Header of the pages. If signing in leads on to another site (an OAuth client), name it in `form-action`."""
    TOTP: TOTP = field(default_factory=TOTP)
    """Codes from authenticator apps."""
    PASSKEY: Passkey = field(default_factory=Passkey)
    """Passkeys and security keys (WebAuthn)."""
    RECOVERY_CODES: RecoveryCodes = field(default_factory=RecoveryCodes)
    """Single-use codes to keep on paper."""
    LIMITS: Limits = field(default_factory=Limits)
    """How many wrong answers are judged."""
    STEP_UP: StepUp = field(default_factory=StepUp)
    """When a fresh proof is asked for."""
    SESSIONS: Sessions = field(default_factory=Sessions)
    """How long what a session has shown is worth something."""
    TRUSTED_DEVICES: TrustedDevices = field(default_factory=TrustedDevices)
    """Browsers that are not asked for a factor at sign-in."""
    APPROVALS: Approvals = field(default_factory=Approvals)
    """Proofs for one action on one object."""
    SSO: SSO = field(default_factory=SSO)
    """Sign-ins by an identity provider."""
    AUDIT: Audit = field(default_factory=Audit)
    """The record of what happened."""
    NOTICES: Notices = field(default_factory=Notices)
    """The mails people get."""


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with the setting, and how to mend it."""

    message: str
    hint: str


def problems(
    data: Any, shape: type[Any] = Settings, at: str = NAME
) -> Iterator[Problem]:
    """Everything that is wrong with `data` as a value of the setting."""
    if not isinstance(data, Mapping):
        yield Problem(f"{at} must be a dict.", f"Write {at} = {{...}}.")
        return
    known = {item.name: item for item in fields(shape)}
    for key, value in data.items():
        here = f"{at}[{key!r}]"
        if key not in known:
            yield _unknown(str(key), here, list(known))
            continue
        default = getattr(shape(), key)
        if is_dataclass(default):
            yield from problems(value, type(default), here)
        elif not (_fits(value, default) or _may_be_called(value, known[key])):
            wanted = type(default).__name__
            yield Problem(
                f"{here} must be of type {wanted}.", f"The default is {default!r}."
            )


def _unknown(key: str, here: str, known: list[str]) -> Problem:
    close = get_close_matches(key.upper(), known, n=1)
    hint = f"Did you mean {close[0]!r}?" if close else f"Known: {', '.join(known)}."
    return Problem(f"{here} is not a setting.", hint)


def _may_be_called(value: Any, item: Field[Any]) -> bool:
    """Whether the setting takes a callable, and this is one or the name of one."""
    return "Callable" in str(item.type) and (callable(value) or isinstance(value, str))


def _fits(value: Any, default: Any) -> bool:
    if default is None:
        return value is None or isinstance(value, str) or callable(value)
    if isinstance(default, tuple):
        return isinstance(value, list | tuple)
    if isinstance(default, int) and not isinstance(default, bool):
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, type(default))


def _build(data: Mapping[str, Any], shape: type[Any]) -> Any:
    values = {}
    for item in fields(shape):
        if item.name not in data:
            continue
        default = getattr(shape(), item.name)
        value = data[item.name]
        values[item.name] = (
            _build(value, type(default)) if is_dataclass(default) else value
        )
    return shape(**values)


class _Reader:
    """Keeps what was read for as long as the setting is the same object."""

    def __init__(self) -> None:
        self.clear()

    def clear(self, **kwargs: Any) -> None:
        if kwargs.get("setting") in (None, NAME):
            self.source: Any = None
            self.value: Settings | None = None

    def get(self) -> Settings:
        source = getattr(settings, NAME, {})
        if self.value is None or source is not self.source:
            wrong = next(problems(source), None)
            if wrong:
                raise ImproperlyConfigured(f"{wrong.message} {wrong.hint}")
            self.source, self.value = source, _build(source, Settings)
        return self.value


_reader = _Reader()
setting_changed.connect(_reader.clear, dispatch_uid="django_mfa.conf")


def get() -> Settings:
    """Return the settings as they stand now; `ImproperlyConfigured` when they cannot be read."""
    return _reader.get()


def resolve(value: Any, *args: Any) -> Any:
    """Return a setting that may be a plain value, a callable, or a callable's dotted path."""
    if isinstance(value, str) and value.replace(".", "").isidentifier():
        # A text like "example.com" looks the same and leads to no callable.
        with suppress(ImportError):
            value = import_string(value)
    return value(*args) if callable(value) else value
