"""What every factor must pass."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.conf import settings
from django.contrib.auth import get_user_model

from django_mfa import clock, conf
from django_mfa.errors import MFAError, TooManyAttempts
from django_mfa.factors import registry
from django_mfa.flows import challenge, login

from .kit import freeze, session_context

if TYPE_CHECKING:
    from unittest import TestCase as Base
else:
    Base = object


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
        """Return a response that is right now, for the device that `enrol` made.

        Where the factor asks first: a callable that asks `flows.challenge` with the
        context it is given, and returns the same response to the same person.
        """
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
        if callable(response):
            # A factor that asks first: what is answered depends on what was asked.
            response = response(context)
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
