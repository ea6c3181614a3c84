"""Every key of `DJANGO_MFA`, its type, its default, its sentence."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from .factors import Passkey, RecoveryCodes, Totp
from .group import Group
from .sends import Sends, SentCodes, Sms

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


class Limits(Group):
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


class StepUp(Group):
    MAX_AGE: int = 900
    """Seconds for which a proof is fresh enough to change one's factors."""
    TRIGGERS: Sequence[str | Mapping[str, Any]] = ()
    """What else asks for a fresh proof: `admin_actions`, `approval_operations`, and rules such as `{"path": "billing/*"}` or `{"view": "shop:refund", "methods": "write"}`."""
    KEEP_FORM: bool = False
    """Keep what was typed into a form that was stopped for a step-up, sealed, to show it again once."""
    FORM_TTL: int = 300
    """Seconds for which such a form is kept."""


class Sessions(Group):
    PROOF_AGE: int = 0
    """Seconds after which a session must show a factor again. 0: never."""
    ABSOLUTE_AGE: int = 0
    """Seconds after which a session ends, however busy it is. 0: as Django's settings say."""
    BIND: Sequence[str] = ()
    """What a session is bound to: `browser` (its family), `address` (its network). Another one must prove itself anew."""


class TrustedDevices(Group):
    ENABLED: bool = False
    """Let people tick "trust this browser", so that it is not asked for a factor at sign-in."""
    DAYS: int = 30
    """Days for which a browser is trusted."""
    MAX: int = 10
    """Browsers a person may trust; the oldest makes room."""


class Approvals(Group):
    TTL: int = 300
    """Seconds within which an approval must be given, and then used."""
    SECOND_PERSON_TTL: int = 3600
    """Seconds that a request waits for a second person."""


class Sso(Group):
    AMR_MAP: Mapping[str, Mapping[str, Any]] = MappingProxyType({})
    """What an identity provider's `amr` or `acr` value is worth here: `{"hwk": {"acr": "aal3", "phishing_resistant": True}}`. Any other is one factor."""


class Api(Group):
    ISSUERS: Sequence[str] = ("session",)
    """How programs are let in: `session`, `token` (REST framework's), `jwt` (simplejwt), or the dotted path of an `Issuer`. The first one, where the URLs name none; tokens of all of them are understood."""


class AppPasswords(Group):
    ENABLED: bool = True
    """Whether people can make app passwords. Off: none is made, and none opens anything."""
    SCOPES: Mapping[str, Any] = MappingProxyType(
        {"read": "See your data", "write": "Change your data"}
    )
    """What an app password can be allowed, by name, with a few words for people. Your views ask for a name by `HasScope`."""
    MAX_AGE_DAYS: int = 365
    """Days after which an app password ends at the latest. 0: it need not end."""
    MAX_PER_USER: int = 20
    """App passwords a person may have at a time."""


class Audit(Group):
    LOG: bool = True
    """Also write each event as a line of JSON to the logger `django_mfa`."""


class Notices(Group):
    ENABLED: bool = True
    """Mail people about changes to their factors."""
    FROM_EMAIL: str | None = None
    """Sender of the mails. Default: DEFAULT_FROM_EMAIL."""
    SMS: bool = True
    """Tell a person's phones by text message when a phone was added or removed. See Changing a number."""


class Settings(Group):
    FACTORS: Sequence[str] = (
        "django_mfa.factors.passkey.PasskeyFactor",
        "django_mfa.factors.totp.TOTPFactor",
        "django_mfa.factors.recovery_code.RecoveryCodeFactor",
    )
    """Dotted paths of the factors people may use, or the short names of our own; in the order they are offered."""
    ENCRYPTION_KEYS: Sequence[str] = ()
    """Secrets that seal what is stored; the first one seals, all of them open. Default: derived from SECRET_KEY."""
    POLICIES: Sequence[Mapping[str, Any]] = (
        MappingProxyType({"who": "staff", "grace_days": 0}),
    )
    """Who must have a second factor: `who` (everyone, staff, superusers, group:NAME, permission:APP.NAME, audience:NAME, a dotted path or callable given the user), `grace_days` and more. See Policies."""
    POLICY_AUDIENCES: Mapping[str, str | Callable[..., bool]] = MappingProxyType({})
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
    TOTP: Totp = Totp()
    """Codes from authenticator apps."""
    PASSKEY: Passkey = Passkey()
    """Passkeys and security keys (WebAuthn)."""
    SENT_CODES: SentCodes = SentCodes()
    """Codes in text messages and mails."""
    SMS: Sms = Sms()
    """Text messages: who sends them, and where to."""
    SENDS: Sends = Sends()
    """How many codes are sent, and when sending stops by itself."""
    RECOVERY_CODES: RecoveryCodes = RecoveryCodes()
    """Single-use codes to keep on paper."""
    APP_PASSWORDS: AppPasswords = AppPasswords()
    """Passwords for machines, which cannot show a second factor."""
    LIMITS: Limits = Limits()
    """How many wrong answers are judged."""
    STEP_UP: StepUp = StepUp()
    """When a fresh proof is asked for."""
    SESSIONS: Sessions = Sessions()
    """How long what a session has shown is worth something."""
    TRUSTED_DEVICES: TrustedDevices = TrustedDevices()
    """Browsers that are not asked for a factor at sign-in."""
    APPROVALS: Approvals = Approvals()
    """Proofs for one action on one object."""
    SSO: Sso = Sso()
    """Sign-ins by an identity provider."""
    API: Api = Api()
    """The HTTP API, where it is mounted."""
    AUDIT: Audit = Audit()
    """The record of what happened."""
    NOTICES: Notices = Notices()
    """The mails people get."""
