from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import call_command

from django_mfa.challenges import service as challenges
from django_mfa.challenges.models import Challenge
from django_mfa.factors.totp.models import TOTPDevice
from django_mfa.testing import add_totp, freeze
from django_mfa.values import Asking, Purpose

pytestmark = pytest.mark.django_db


def begin(user, secret):
    asking = Asking(
        purpose=Purpose.LOGIN, browser=secret.hex(), host="h", user_pk=user.pk
    )
    challenges.issue("passkey", asking, secret, lifetime=300)
    device = TOTPDevice(user=user, name="waits")
    device.secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    device.save()


def test_what_is_over_goes_and_what_is_not_stays(user):
    with freeze() as clock:
        add_totp(user)
        begin(user, b"old")
        clock.tick(601)
        begin(user, b"new")
        out = StringIO()
        call_command("mfa_prune", stdout=out)
    assert out.getvalue().splitlines() == [
        "1 challenges deleted",
        "1 set-ups deleted",
        "0 sent codes deleted",
        "0 app passwords deleted",
        "0 clients deleted",
    ]
    assert Challenge.objects.get().digest == challenges.digest(b"new")
    assert TOTPDevice.objects.filter(confirmed=False).count() == 1
    assert TOTPDevice.objects.filter(confirmed=True).count() == 1
