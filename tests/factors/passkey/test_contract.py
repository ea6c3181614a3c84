from __future__ import annotations

from typing import Any

from django.test import TestCase

from django_mfa.flows import challenge
from django_mfa.testing import FactorContract, FakeAuthenticator, add_passkey

ORIGIN = "https://testserver"


class Answers:
    """The answer of an authenticator to each person's challenge, made when it is asked."""

    def __init__(self, authenticator: FakeAuthenticator, *, right: bool) -> None:
        self.authenticator = authenticator
        self.is_right = right
        self.given: dict[str, Any] = {}

    def __call__(self, ctx: Any) -> Any:
        person = ctx.session.require_hold().user
        if person not in self.given:
            asked = challenge.ask(ctx, "passkey")
            self.given[person] = self.authenticator.get(
                asked, passkey=self.authenticator.passkeys[-1], tamper=self.tamper
            )
        return self.given[person]

    def tamper(self, draft: Any) -> None:
        draft.spoil_signature = not self.is_right


class PasskeyContract(FactorContract, TestCase):
    slug = "passkey"

    def setUp(self) -> None:
        self.kept: dict[Any, FakeAuthenticator] = {}

    def enrol(self, user: Any) -> None:
        self.kept[user.pk] = FakeAuthenticator("testserver", ORIGIN)
        add_passkey(user, self.kept[user.pk])

    def right(self, user: Any) -> Any:
        return Answers(self.kept[user.pk], right=True)

    def wrong(self, user: Any) -> Any:
        return Answers(self.kept[user.pk], right=False)
