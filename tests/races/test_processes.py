"""Two processes and no cache between them: the database alone must hold."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.auth.models import Permission
from django.db import connection, connections

from django_mfa.approvals import service
from django_mfa.approvals.drafts import Draft
from django_mfa.approvals.models import Approval
from django_mfa.audit.models import AuditEvent
from django_mfa.factors.recovery_code.models import RecoveryCodeSet
from django_mfa.factors.totp.models import TOTPDevice
from django_mfa.testing import mfa_login, totp_code
from django_mfa.values import Proof
from testproject.site.models import Payment
from tests.browser import Browser, wrong_code

pytestmark = pytest.mark.race

ROOT = Path(__file__).parents[2]
EACH = 10


class Pair:
    """Two processes that work on the database of this test."""

    def __init__(self):
        env = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": settings.SETTINGS_MODULE,
            "RACE_DATABASE": str(connection.settings_dict["NAME"]),
            "PYTHONPATH": str(ROOT),
        }
        self.processes = [
            subprocess.Popen(
                [sys.executable, "-m", "tests.races.process"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                cwd=ROOT,
                env=env,
                text=True,
            )
            for _ in range(2)
        ]

    def send(self, keys, codes, at, path=None):
        """Half of the codes by each, all at once; (status, is in) of each."""
        for number, process in enumerate(self.processes):
            part = slice(number, None, 2)
            job = {"keys": keys[part], "codes": codes[part], "at": at, "path": path}
            self._say(process, json.dumps(job))
        for process in self.processes:
            assert process.stdout.readline() == "ready\n"
        for process in self.processes:
            self._say(process, "go")
        return [
            tuple(result)
            for process in self.processes
            for result in json.loads(process.stdout.readline())
        ]

    @staticmethod
    def _say(process, line):
        process.stdin.write(line + "\n")
        process.stdin.flush()

    def stop(self):
        for process in self.processes:
            process.stdin.close()
        for process in self.processes:
            assert process.wait(timeout=30) == 0
            process.stdout.close()


@pytest.fixture(scope="module")
def pair(django_db_setup):
    workers = Pair()
    yield workers
    workers.stop()


@pytest.fixture
def keys(alice):
    """The keys of twenty sessions that wait for a code of alice."""
    found = [Browser().begin(alice).key for _ in range(2 * EACH)]
    connections.close_all()
    return found


def test_R03_one_right_code_sent_to_two_processes_lets_one_in(alice, keys, pair, clock):
    results = pair.send(keys, [totp_code(alice.secret)] * len(keys), clock.at)
    assert max(status for status, _ in results) < 500
    assert [is_in for _, is_in in results].count(True) == 1
    device = TOTPDevice.objects.get(user=alice)
    assert (device.uses, device.failures_total) == (1, 0)


def test_R03_one_recovery_code_sent_to_two_processes_lets_one_in(
    alice, keys, pair, clock
):
    results = pair.send(keys, [alice.codes[0]] * len(keys), clock.at)
    assert max(status for status, _ in results) < 500
    assert [is_in for _, is_in in results].count(True) == 1
    assert RecoveryCodeSet.objects.get(user=alice).left == 9


def test_B01_twenty_wrong_codes_sent_to_two_processes_are_judged_five_times(
    alice, keys, pair, clock
):
    results = pair.send(keys, [wrong_code(alice.secret)] * len(keys), clock.at)
    assert max(status for status, _ in results) < 500
    assert not any(is_in for _, is_in in results)
    assert TOTPDevice.objects.get(user=alice).failures_total == 5
    failed = AuditEvent.objects.filter(event="challenge_failed")
    assert failed.filter(reason="wrong").count() == 5
    assert AuditEvent.objects.filter(event="account_locked").count() == 1


def test_B01_two_processes_judge_a_recovery_code_five_times(alice, keys, pair, clock):
    results = pair.send(keys, ["AAAA-AAAA"] * len(keys), clock.at)
    assert max(status for status, _ in results) < 500
    assert not any(is_in for _, is_in in results)
    assert RecoveryCodeSet.objects.get(user=alice).failures_total == 5
    assert AuditEvent.objects.filter(event="device_locked").count() == 1


# The view reads in the transaction in which it then writes: SQLite answers "locked".
@pytest.mark.postgres
@pytest.mark.mariadb
def test_one_approval_used_by_two_processes_pays_once(alice, make_user, pair, clock):
    payment = Payment.objects.create(payee="Bob", amount="100", prepared_by=alice)
    payment.refresh_from_db()
    action, terms = "payment.release", {"permission": "site.approve_payment"}
    draft = Draft.of(
        action,
        payment,
        payment.approval_summary(action),
        payment.approval_content(),
        second_person=True,
        **terms,
    )
    boss, proof = make_user("boss"), Proof("totp", "x", int(clock.at), "aal2", ("otp",))
    boss.user_permissions.add(Permission.objects.get(codename="approve_payment"))
    assert service.give(service.ask(draft, alice, "")[0], boss, proof)
    browsers = [Browser() for _ in range(2 * EACH)]
    for browser in browsers:
        mfa_login(browser, alice)
    keys = [browser.key for browser in browsers]
    connections.close_all()
    results = pair.send(keys, [""] * len(keys), clock.at, f"/payments/{payment.pk}/")
    assert max(status for status, _ in results) < 500, results
    payment.refresh_from_db()
    assert payment.released_at is not None
    assert Approval.objects.filter(used_at__isnull=False).count() == 1
    assert AuditEvent.objects.filter(event="approval_used").count() == 1
