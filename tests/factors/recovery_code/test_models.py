from __future__ import annotations

import hashlib
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from django_mfa import clock
from django_mfa.errors import MalformedCode
from django_mfa.factors.recovery_code.models import RecoveryCode, RecoveryCodeSet
from django_mfa.testing import add_recovery_codes, freeze
from tests.stories import queries


@pytest.fixture
def moving():
    with freeze(1_700_000_010) as frozen:
        yield frozen


@pytest.fixture
def written(user, moving):
    return add_recovery_codes(user)


def codes() -> RecoveryCodeSet:
    return RecoveryCodeSet.objects.select_related("user__mfa_account").get()


@pytest.fixture
def runs(monkeypatch):
    """How often a slow digest was computed."""
    seen: list[bytes] = []
    real = hashlib.scrypt

    def note(password, **kwargs):
        seen.append(password)
        return real(password, **kwargs)

    monkeypatch.setattr(hashlib, "scrypt", note)
    return seen


def test_codes_are_kept_as_digests_under_a_salt_of_their_own(make_user):
    for name in ("alice", "bob"):
        add_recovery_codes(make_user(name))
    one, other = RecoveryCodeSet.objects.all()
    assert one.salt != other.salt
    assert len(one.salt) == 32
    assert {len(row.digest) for row in RecoveryCode.objects.all()} == {64}


@pytest.mark.parametrize("place", [0, 4, 9])
def test_a_right_code_costs_one_slow_digest_whichever_it_is(written, runs, place):
    assert codes().judge(written[place]).right
    assert len(runs) == 1


@pytest.mark.parametrize("response", ["ZZZZ-ZZZZ", "2222-2222"])
def test_a_wrong_code_costs_one_slow_digest(written, runs, response):
    verdict = codes().judge(response)
    assert (verdict.right, verdict.reason, verdict.is_charged) == (False, "wrong", True)
    assert len(runs) == 1


@pytest.mark.parametrize("response", ["", "123456", "ABCDEFG0", None, [], 12345678.5])
def test_what_is_no_code_is_malformed_and_costs_nothing(written, runs, response):
    with pytest.raises(MalformedCode):
        codes().judge(response)
    assert runs == []


def test_a_code_is_spent_by_its_claim(written):
    found = codes()
    verdict = found.judge(written[0].lower())
    assert found.claim(verdict)
    assert found.left == 9
    stored = codes()
    assert (stored.left, stored.uses, stored.last_used) == (9, 1, clock.now())
    spent = RecoveryCode.objects.get(used_at__isnull=False)
    assert spent.used_at == clock.now()
    assert spent.digest == stored.digest(written[0].replace("-", ""))


def test_a_spent_code_is_refused_and_not_charged(written):
    found = codes()
    found.claim(found.judge(written[0]))
    verdict = codes().judge(written[0])
    assert (verdict.right, verdict.reason) == (False, "replay")
    assert not verdict.is_charged


def test_of_two_claims_of_one_code_the_second_fails(written):
    one, other = codes(), codes()
    verdicts = one.judge(written[0]), other.judge(written[0])
    assert one.claim(verdicts[0])
    assert not other.claim(verdicts[1])
    assert codes().left == 9
    assert codes().uses == 1


def test_the_other_codes_stay(written):
    for number, code in enumerate(written, start=1):
        found = codes()
        assert found.claim(found.judge(code))
        assert codes().left == 10 - number
    assert codes().left == 0


def test_a_claim_clears_the_failures_of_the_set(written):
    RecoveryCodeSet.objects.update(failures=4)
    found = codes()
    found.claim(found.judge(written[0]))
    assert codes().failures == 0


def test_a_claim_is_two_updates(written):
    found = codes()
    verdict = found.judge(written[0])
    with queries() as seen:
        found.claim(verdict)
    assert [sql.split()[0] for sql in seen] == ["UPDATE", "UPDATE"]


@pytest.mark.parametrize(
    "change", [{"confirmed": False}, {"disabled_at": True}, {"locked_until": True}]
)
def test_a_code_of_a_set_out_of_use_is_not_spent(written, change):
    found = codes()
    verdict = found.judge(written[0])
    later = clock.now() + timedelta(seconds=1)
    RecoveryCodeSet.objects.update(
        **{name: value and later for name, value in change.items()}
    )
    assert not found.claim(verdict)
    assert not RecoveryCode.objects.filter(used_at__isnull=False).exists()
    assert codes().left == 10


def test_a_code_of_another_person_is_wrong(make_user, moving):
    alices = add_recovery_codes(make_user("alice"))
    add_recovery_codes(make_user("bob"))
    bobs = RecoveryCodeSet.objects.order_by("pk").last()
    assert bobs
    assert not bobs.judge(alices[0]).right


def test_a_set_keeps_the_cost_it_was_made_with(written, settings):
    assert codes().cost == 4
    settings.DJANGO_MFA = {"RECOVERY_CODES": {"COST": 5}}
    assert codes().judge(written[0]).right


@pytest.mark.parametrize(("left", "low"), [(4, False), (3, True), (0, True)])
def test_few_codes_are_few(left, low):
    assert RecoveryCodeSet(left=left).is_low is low


def test_from_when_on_codes_are_few_is_a_setting(settings):
    settings.DJANGO_MFA = {"RECOVERY_CODES": {"WARN_AT": 5}}
    assert RecoveryCodeSet(left=5).is_low


def test_nothing_of_a_code_is_written_about_it(written):
    row = RecoveryCode.objects.first()
    assert row
    assert str(row) == f"#{row.pk}"
    assert row.digest not in repr(row)


def test_a_set_holds_a_digest_once(written):
    row = RecoveryCode.objects.first()
    assert row
    with pytest.raises(IntegrityError), transaction.atomic():
        RecoveryCode.objects.create(set=row.set, digest=row.digest)


def test_a_set_is_claimed_code_by_code_only():
    with pytest.raises(NotImplementedError):
        RecoveryCodeSet().claim_terms({})
