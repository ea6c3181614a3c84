"""People with factors, signed-in clients, a clock to move."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import datetime, timedelta
from importlib import import_module
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import transaction
from django.http import HttpRequest

from django_mfa import clock
from django_mfa.accounts import service as accounts
from django_mfa.app_passwords import service as app_passwords
from django_mfa.factors import registry
from django_mfa.factors.recovery_code.factor import new_codes
from django_mfa.factors.totp import codes
from django_mfa.factors.totp.models import TOTPDevice
from django_mfa.session import Context, MFASession

from .passkeys import store_passkey
from .sent import store_email, store_phone

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Frozen:
    """A stopped clock."""

    def __init__(self, at: float) -> None:
        self._set(at)

    def tick(self, seconds: float | timedelta) -> None:
        """Move the clock on, or back."""
        if isinstance(seconds, timedelta):
            seconds = seconds.total_seconds()
        self._set(self.at + seconds)

    def move_to(self, at: datetime | float) -> None:
        """Set the clock."""
        self._set(_seconds(at))

    def _set(self, at: float) -> None:
        self.at = at
        clock.set_frozen(at)


@contextmanager
def freeze(at: datetime | float | None = None) -> Iterator[Frozen]:
    """Stop the package's clock at an instant (now, without one) and hand it over."""
    before = clock.set_frozen(None)
    try:
        yield Frozen(clock.timestamp() if at is None else _seconds(at))
    finally:
        clock.set_frozen(before)


def add_totp(user: Any, name: str = "Phone", **options: Any) -> str:
    """Give `user` a confirmed authenticator app; return its secret in base32."""
    secret = options.pop("secret", None) or codes.new_secret()
    with _enrolment(user):
        device = TOTPDevice(user=user, name=name, confirmed=True, **options)
        device.secret = secret
        device.save(force_insert=True)
    return str(secret)


def totp_code(secret: str, at: datetime | float | None = None, **options: Any) -> str:
    """Return the code that an app with this secret shows at an instant (now, without one).

    Spaces do not matter: pages show the secret in groups.
    """
    secret = secret.replace(" ", "")
    instant = clock.timestamp() if at is None else _seconds(at)
    look = {"digits": 6, "period": 30, "algorithm": "SHA1", **options}
    return codes.code_at(secret, int(instant) // look["period"], **look)


def add_recovery_codes(user: Any) -> list[str]:
    """Give `user` new recovery codes in the place of any old ones; return them."""
    made = new_codes(user)
    with _enrolment(user):
        made.store()
    return made.written


def add_passkey(user: Any, authenticator: Any = None, **options: Any) -> Any:
    """Give `user` a passkey of a `FakeAuthenticator`; return its row.

    Options are fields of the row: `name`, `sign_count`, `backed_up`... A passkey that
    was recorded elsewhere is given by `credential_id` and `public_key` (COSE), and
    `user_handle` where its answers have one.
    """
    with _enrolment(user):
        return store_passkey(user, authenticator, **options)


def add_phone(user: Any, number: str = "+447700900123", **options: Any) -> Any:
    """Give `user` a proven phone; return its row. `sms_outbox` has what is sent to it.

    The site's tests need `"SMS": {"GATEWAYS": ["locmem"]}`. The number is taken as it
    is, so that numbers which nobody has may be used.
    """
    with _enrolment(user):
        return store_phone(user, number, **options)


def add_email(user: Any, address: str = "", **options: Any) -> Any:
    """Give `user` a proven e-mail address, their own without one; return its row."""
    with _enrolment(user):
        return store_email(user, address, **options)


def add_app_password(user: Any, *scopes: str, **options: Any) -> str:
    """Give `user` an app password that allows `scopes` ("read", without any); return it.

    Options: `name`, `expires`, `address` (where it was made, a known place).
    """
    options = {"name": "Script", "expires": None, "address": "127.0.0.1", **options}
    _row, secret = app_passwords.issue(user, scopes=scopes or ("read",), **options)
    return str(secret)


ADD: dict[str, Callable[[Any], Any]] = {
    "passkey": add_passkey,
    "totp": add_totp,
    "sms": add_phone,
    "email": add_email,
    "recovery_code": add_recovery_codes,
}


def mfa_login(client: Any, user: Any, factor: str = "totp") -> None:
    """Sign `user` in to a Django test client, password and factor shown just now.

    A device of `factor` is made where the user has none.
    """
    kind = registry.get(factor)
    devices = kind.devices(user.pk)
    if not devices:
        ADD[factor](user)
        devices = kind.devices(user.pk)
    context = session_context(client.session)
    device = devices[0]
    session = context.require_session()
    device.user.otp_device = device
    backend = settings.AUTHENTICATION_BACKENDS[0]
    session.sign_in(device.user, backend, kind.proof(device, None))
    session.store.save()
    client.cookies[settings.SESSION_COOKIE_NAME] = session.store.session_key


def session_context(store: Any = None, user: Any = None) -> Context:
    """Return a context with a session of its own, for calling flows without a browser."""
    request = HttpRequest()
    request.META |= {"REMOTE_ADDR": "127.0.0.1", "SERVER_NAME": "testserver"}
    request.META["SERVER_PORT"] = "80"
    engine = import_module(settings.SESSION_ENGINE)
    request.session = engine.SessionStore() if store is None else store
    request.user = AnonymousUser() if user is None else user
    session = MFASession(request)
    return Context(
        actor=session.user(), session=session, address="127.0.0.1", host="testserver"
    )


@contextmanager
def _enrolment(user: Any) -> Iterator[None]:
    """As if `user` enrolled elsewhere: the first factor ends the proofs of sessions."""
    with transaction.atomic():
        if registry.enrolled(user):
            accounts.ensure(user)
        else:
            accounts.begin_change(user)
        yield


def _seconds(at: datetime | float) -> float:
    return at.timestamp() if isinstance(at, datetime) else float(at)
