from __future__ import annotations

import pytest

from django_mfa.challenges.models import Challenge
from django_mfa.factors.recovery_code.models import RecoveryCode
from django_mfa.testing import totp_code
from tests.programs import Program

from .crowd import all_at_once, statuses

pytest.importorskip("rest_framework")
pytestmark = pytest.mark.race


@pytest.mark.parametrize("_time", range(5))
def test_one_sign_in_that_waits_lets_one_answer_in(alice, _time):
    first = Program("token")
    first.login(alice)
    codes = [totp_code(alice.secret), *alice.codes[:3]]
    programs = [Program("token") for _code in codes]
    for program in programs:
        program.token = first.token
    found = statuses(
        all_at_once(
            [
                lambda program=program, code=code: program.answer(
                    "mfa/verify", {"code": code}
                )
                for program, code in zip(programs, codes, strict=True)
            ]
        )
    )
    # Whoever came later found nothing that waits; what they sent is not spent.
    assert found.count(200) == 1, found
    assert max(found) < 500 or set(found) <= {200, 401, 503}, found
    assert Challenge.objects.filter(factor="", taken__isnull=False).count() == 1
    assert RecoveryCode.objects.filter(used_at__isnull=False).count() <= 1
    assert sum(program.is_in for program in programs) == 1
