"""Many answers at once: one of them counts."""

from __future__ import annotations

import json
from collections.abc import Callable
from threading import Barrier, Thread
from typing import Any

import pytest
from django.db import connections

from django_mfa.audit.models import AuditEvent
from django_mfa.factors.passkey.models import Passkey
from django_mfa.testing import add_passkey, add_totp, mfa_login
from tests.factors.passkey.conftest import Door

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]


def together(*jobs: Callable[[], Any]) -> list[Any]:
    """Run every job in a thread of its own, begun at the same moment."""
    barrier, found = Barrier(len(jobs)), [None] * len(jobs)

    def run(number: int, job: Callable[[], Any]) -> None:
        try:
            barrier.wait()
            found[number] = job()
        finally:
            connections.close_all()

    threads = [Thread(target=run, args=pair) for pair in enumerate(jobs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def same_browser(client: Any) -> Any:
    """Another connection of the same browser."""
    twin = type(client)()
    twin.cookies = client.cookies.copy()
    return twin


def test_one_of_many_answers_to_a_challenge_counts(door, passkey, user, authenticator):
    door.password(user)
    body = json.dumps({"credential": authenticator.get(door.begin("verify"))})
    twins = [same_browser(door.client) for _ in range(8)]
    jobs = [lambda twin=twin: Door(twin).complete("verify", body) for twin in twins]
    codes = [answer.status_code for answer in together(*jobs)]
    assert codes.count(200) == 1
    assert all(code == 200 or 400 <= code < 500 for code in codes)
    passkey.refresh_from_db()
    assert passkey.uses == 1


def test_one_of_two_copies_with_the_same_count_gets_in(
    client, user, passkey, authenticator
):
    bodies, doors = [], []
    for _ in range(2):
        door = Door(type(client)())
        asked = door.begin("login")
        authenticator.passkeys[0].sign_count = 6
        bodies.append(json.dumps({"credential": authenticator.get(asked)}))
        doors.append(door)
    jobs = [
        lambda pair=pair: pair[0].complete("login", pair[1])
        for pair in zip(doors, bodies, strict=True)
    ]
    codes = sorted(answer.status_code for answer in together(*jobs))
    assert codes == [200, 400]
    passkey.refresh_from_db()
    assert (passkey.uses, passkey.sign_count) == (1, 7)


def test_one_of_two_registrations_of_an_id_is_stored(
    client, user, make_user, authenticator
):
    jobs = []
    for person in (user, make_user("bob")):
        add_totp(person)
        door = Door(type(client)())
        mfa_login(door.client, person)

        def change(draft: Any) -> None:
            draft.attested_id = draft.passkey.id = b"the same id twice"

        asked = {**door.begin("setup"), "excludeCredentials": []}
        body = json.dumps({"credential": authenticator.create(asked, tamper=change)})
        jobs.append(lambda door=door, body=body: door.complete("setup", body))
    answers = sorted(together(*jobs), key=lambda answer: answer.status_code)
    assert [answer.status_code for answer in answers] == [200, 409]
    assert answers[1].json()["code"] == "already_registered"
    assert Passkey.objects.count() == 1
    assert AuditEvent.objects.filter(event="device_confirmed").count() == 1
    assert AuditEvent.objects.filter(event="challenge_failed").count() == 1


def test_nobody_gets_more_passkeys_than_the_site_allows(
    client, user, authenticator, settings
):
    settings.DJANGO_MFA = {**settings.DJANGO_MFA, "PASSKEY": {"MAX_DEVICES": 2}}
    add_passkey(user, authenticator)
    jobs = []
    for _ in range(3):
        door = Door(type(client)())
        mfa_login(door.client, user, "passkey")
        asked = {**door.begin("setup"), "excludeCredentials": []}
        body = json.dumps({"credential": authenticator.create(asked)})
        jobs.append(lambda door=door, body=body: door.complete("setup", body))
    codes = [answer.status_code for answer in together(*jobs)]
    assert all(code < 500 or code == 503 for code in codes)
    assert Passkey.objects.count() == 2
