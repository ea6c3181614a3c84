"""For the tests of your site: people with factors, signed-in clients, a clock to move.

::

    from django_mfa.testing import add_totp, freeze, mfa_login, totp_code


    def test_transfer(client, alice):
        mfa_login(client, alice)
        assert client.get("/transfer/").status_code == 200
"""

from __future__ import annotations

from contextlib import contextmanager
from datetime import datetime, timedelta
from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AnonymousUser
from django.db import transaction
from django.http import HttpRequest

from . import clock, conf
from .accounts import service as accounts
from .errors import MFAError, TooManyAttempts
from .factors import registry
from .factors.recovery_code.factor import new_codes
from .factors.totp import codes
from .factors.totp.models import TOTPDevice
from .flows import challenge, login
from .session import Context, MFASession

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from unittest import TestCase as Base
else:
    Base = object

__all__ = [
    "FactorContract",
    "Frozen",
    "add_recovery_codes",
    "add_totp",
    "freeze",
    "mfa_login",
    "session_context",
    "totp_code",
]


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
    """Return the code that an app with this secret shows at an instant (now, without one)."""
    instant = clock.timestamp() if at is None else _seconds(at)
    look = {"digits": 6, "period": 30, "algorithm": "SHA1", **options}
    return codes.code_at(secret, int(instant) // look["period"], **look)


def add_recovery_codes(user: Any) -> list[str]:
    """Give `user` new recovery codes in the place of any old ones; return them."""
    made = new_codes(user)
    with _enrolment(user):
        made.store()
    return made.written


ADD: dict[str, Callable[[Any], Any]] = {
    "totp": add_totp,
    "recovery_code": add_recovery_codes,
}


def mfa_login(client: Any, user: Any, factor: str = "totp") -> None:
    """Sign `user` in to a Django test client, password and factor shown just now.

    A device of `factor` is made where the user has none (TOTP and recovery codes).
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


class FactorContract(Base):
    """What every factor must pass, ours and yours; mix it into a `TestCase`.

    Say what is yours with `slug`, `enrol`, `right` and `wrong`::

        class TOTPContract(FactorContract, TestCase):
            slug = "totp"

            def enrol(self, user):
                self.secret = add_totp(user)

            def right(self, user):
                return totp_code(self.secret)

            def wrong(self, user):
                return "000000"
    """

    #: The factor under test.
    slug: ClassVar[str]
    #: Seconds after which a right response is too old; None: it never is.
    expires_after: ClassVar[int | None] = None

    def enrol(self, user: Any) -> None:
        """Give `user` a confirmed device of the factor."""
        raise NotImplementedError

    def right(self, user: Any) -> Any:
        """Return a response that is right now, for the device that `enrol` made."""
        raise NotImplementedError

    def wrong(self, user: Any) -> Any:
        """Return a response of the right shape that is not right."""
        raise NotImplementedError

    # The contract

    def test_a_right_response_signs_in(self) -> None:
        user = self._person("alice")
        self.enrol(user)
        self.assertTrue(self._answer(user, self.right(user)))

    def test_a_wrong_response_is_refused_and_counted(self) -> None:
        user = self._person("alice")
        self.enrol(user)
        self.assertFalse(self._answer(user, self.wrong(user)))
        self.assertEqual(self._device(user).failures_total, 1)

    def test_a_response_is_accepted_once(self) -> None:
        user = self._person("alice")
        self.enrol(user)
        response = self.right(user)
        self.assertTrue(self._answer(user, response))
        self.assertFalse(self._answer(user, response))

    def test_an_expired_response_is_refused(self) -> None:
        if self.expires_after is None:
            self.skipTest("Responses of this factor do not expire.")
        user = self._person("alice")
        self.enrol(user)
        with freeze() as clock_:
            response = self.right(user)
            clock_.tick(self.expires_after)
            self.assertFalse(self._answer(user, response))

    def test_a_response_of_another_person_is_refused(self) -> None:
        alice, bob = self._person("alice"), self._person("bob")
        self.enrol(bob)
        self.enrol(alice)
        response = self.right(alice)
        self.assertFalse(self._answer(bob, response))
        self.assertTrue(self._answer(alice, response))

    def test_an_unconfirmed_device_is_no_device(self) -> None:
        user = self._person("alice")
        self.enrol(user)
        self._rows(user).update(confirmed=False)
        self.assertEqual(list(registry.get(self.slug).devices(user.pk)), [])
        self.assertEqual(registry.enrolled(user), [])

    def test_a_disabled_device_answers_nothing_and_still_stands_guard(self) -> None:
        user = self._person("alice")
        self.enrol(user)
        response = self.right(user)
        self._rows(user).update(disabled_at=clock.now())
        self.assertFalse(self._answer(user, response))
        self.assertEqual(login.begin(session_context(), _fresh(user)), "proof")

    def test_guesses_are_refused_for_a_while_after_too_many(self) -> None:
        user = self._person("alice")
        self.enrol(user)
        if not self._device(user).guessable:
            self.skipTest("Responses of this factor cannot be guessed.")
        for _ in range(conf.get().LIMITS.FAILURES):
            self._answer(user, self.wrong(user))
        with self.assertRaises(TooManyAttempts):
            self._judge(user, self.right(user))

    def test_a_device_shows_no_secret_of_itself(self) -> None:
        user = self._person("alice")
        self.enrol(user)
        response = self.right(user)
        shown = f"{self._device(user)!r} {self._device(user)}"
        self.assertNotIn(str(response), shown)

    # How it is tried

    def _person(self, name: str) -> Any:
        users = get_user_model()
        fields = {users.USERNAME_FIELD: name}
        if users.get_email_field_name() == users.USERNAME_FIELD:
            fields = {users.USERNAME_FIELD: f"{name}@example.com"}
        return users._default_manager.create(**fields)

    def _rows(self, user: Any) -> Any:
        return registry.get(self.slug).model._default_manager.filter(user=user)

    def _device(self, user: Any) -> Any:
        return self._rows(user).get()

    def _judge(self, user: Any, response: Any) -> None:
        context = session_context()
        if login.begin(context, _fresh(user)) != "proof":
            self.fail("The factor does not guard the sign-in.")
        challenge.answer(context, response, factor=self.slug)
        self.assertTrue(context.require_session().proofs())

    def _answer(self, user: Any, response: Any) -> bool:
        try:
            self._judge(user, response)
        except MFAError:
            return False
        return True


def _fresh(user: Any) -> Any:
    found = get_user_model()._default_manager.get(pk=user.pk)
    found.backend = settings.AUTHENTICATION_BACKENDS[0]
    return found
