from __future__ import annotations

from typing import Any

import pytest
from django.core import mail
from django.test import TestCase, override_settings

from django_mfa.flows import send_code
from django_mfa.testing import FactorContract, add_email, add_phone, freeze, sms_outbox
from tests.sent import SETTINGS, code_in


class Answers:
    """The code sent to one person, asked for when it is answered; to others it is wrong."""

    def __init__(self, case: Any, user: Any) -> None:
        self.case, self.user = case, user
        self.code = ""

    def __call__(self, ctx: Any) -> str:
        owner = ctx.session.require_hold().user_pk == self.user.pk
        if owner and self.code:
            return self.code
        self.case.clock.tick(61)
        send_code.to_sign_in(ctx, self.case.slug)
        sent = self.case.newest()
        if not owner:
            return "000000" if sent != "000000" else "000001"
        self.code = sent
        return sent


class SentCodeContract(FactorContract):
    def setUp(self) -> None:
        frozen = freeze()
        self.clock = frozen.__enter__()
        self.addCleanup(frozen.__exit__, None, None, None)

    def newest(self) -> str:
        raise NotImplementedError

    def right(self, user: Any) -> Any:
        return Answers(self, user)

    def wrong(self, user: Any) -> Any:
        return "000000"


@override_settings(DJANGO_MFA=SETTINGS)
class TestSMS(SentCodeContract, TestCase):
    slug = "sms"

    def setUp(self) -> None:
        pytest.importorskip("phonenumbers")
        super().setUp()

    def enrol(self, user: Any) -> None:
        add_phone(user)

    def newest(self) -> str:
        return code_in(sms_outbox[-1].text)


@override_settings(DJANGO_MFA=SETTINGS)
class TestEmail(SentCodeContract, TestCase):
    slug = "email"

    def enrol(self, user: Any) -> None:
        add_email(user, f"{user.pk}@example.com")

    def newest(self) -> str:
        return code_in(mail.outbox[-1].body)
