"""Codes that nobody uses stop what sends them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import transaction

from django_mfa import clock
from django_mfa.audit.models import AuditEvent
from django_mfa.errors import SendRefused
from django_mfa.limits import pauses, sends
from django_mfa.limits.models import SendPause, SendRecord
from django_mfa.limits.sends import Sending
from django_mfa.session import Context
from django_mfa.testing import freeze
from django_mfa.values import Purpose

pytestmark = pytest.mark.django_db

WAIT = 301  # longer than a code is good for
FREE = {
    f"{scope}_{window}": 0
    for scope in ("NUMBER", "USER", "ADDRESS", "PREFIX", "SITE")
    for window in ("HOUR", "DAY", "MONTH")
}
CONTEXT = Context(address="192.0.2.1")


@pytest.fixture
def time():
    with freeze(1_800_000_000) as frozen:
        yield frozen


@pytest.fixture(autouse=True)
def limits(settings):
    def change(**sends):
        settings.DJANGO_MFA = {"SENDS": {**FREE, "BREAKER_SENDS": 10, **sends}}

    change()
    return change


def send(user, number=0, country="LV", block="+371299", **more):
    name = sends.reserve(
        CONTEXT,
        Sending(
            "sms",
            f"{block}{number:05}",
            user,
            country=country,
            kind="mobile",
            prefix=f"{block}{number // 10_000}",
            **more,
        ),
    )
    sends.sent(name, gateway="locmem")
    return name


def pump(user, times=10, answered=0, **where):
    for number in range(times):
        name = send(user, number, **where)
        if number < answered:
            sends.answered(name)


def places():
    return {pause.label for pause in SendPause.objects.all()}


def test_unanswered_codes_pause_sending_to_their_block_and_country(user, time):
    pump(user)
    time.tick(WAIT)
    send(user)  # this one finds out, and is the last
    assert places() == {"LV", "+3712990•••• (LV)"}
    with pytest.raises(SendRefused) as caught:
        send(user)
    assert caught.value.details["why"] == "pause"
    assert caught.value.retry_after == 3600
    assert AuditEvent.objects.filter(event="send_refused", reason="pause").count() == 1


def test_other_countries_and_mails_go_on(user, time):
    pump(user)
    time.tick(WAIT)
    send(user)
    send(user, country="DE", block="+4915112")
    sends.reserve(CONTEXT, Sending("email", "alice@example.com", user))


def test_a_country_pauses_when_its_blocks_are_too_many_to_tell(user, time):
    for number in range(10):
        send(user, number * 10_000)
    time.tick(WAIT)
    send(user)
    assert places() == {"LV"}


@pytest.mark.parametrize(("answered", "paused"), [(0, True), (1, True), (2, False)])
def test_enough_codes_that_are_used_keep_it_going(user, time, answered, paused):
    pump(user, answered=answered)
    time.tick(WAIT)
    send(user)
    assert bool(places()) is paused


def test_a_few_codes_prove_nothing(user, time):
    pump(user, times=9)
    time.tick(WAIT)
    send(user)
    assert not places()


def test_codes_that_can_still_be_used_are_waited_for(user, time):
    pump(user, times=30)
    assert not places()
    time.tick(WAIT - 2)
    send(user)
    assert not places()


def test_what_was_long_ago_does_not_count(user, time):
    pump(user)
    time.tick(3601)
    send(user)
    assert not places()


def test_messages_that_failed_prove_nothing(user, time):
    pump(user)
    SendRecord.objects.update(state=SendRecord.FAILED)
    time.tick(WAIT)
    send(user)
    assert not places()


def test_the_site_says_what_is_few_for_how_long_and_what_it_costs(user, time, limits):
    limits(BREAKER_SENDS=4, BREAKER_WINDOW=900, BREAKER_ANSWERED=60, BREAKER_PAUSE=100)
    pump(user, times=4, answered=2)
    time.tick(901)
    send(user)
    assert not places()  # all of that is too long ago
    pump(user, times=4, answered=2)
    time.tick(WAIT)
    send(user)
    assert places()
    pause = SendPause.objects.first()
    assert pause.until - clock.now() == timedelta(seconds=100)


# Who lives there

EARLY = timedelta(hours=1)
RESIDENT = 999


@pytest.fixture
def paused(user, time):
    """Sending to a country and a block pauses; the two messages that found it out are gone."""
    pump(user)
    time.tick(WAIT)
    send(user)
    assert places()


def signs_in(user, before=EARLY, number=RESIDENT):
    """A code to sign in, to a number that was proven so long before the pause."""
    opened = SendPause.objects.latest("opened").opened
    return send(user, number, proven=opened - before, purpose=Purpose.LOGIN)


def test_people_who_proved_their_number_before_go_on_signing_in(user, paused, time):
    sends.answered(signs_in(user))
    with pytest.raises(SendRefused):
        send(user, RESIDENT, purpose=Purpose.ENROL)
    with pytest.raises(SendRefused):
        send(user, RESIDENT, purpose=Purpose.LOGIN)
    time.tick(60)
    signs_in(user)


def test_a_number_that_was_proven_while_it_began_does_not(user, paused):
    with pytest.raises(SendRefused) as caught:
        signs_in(user, before=EARLY - timedelta(seconds=1))
    assert caught.value.details["why"] == "pause"


def test_people_who_live_there_keep_to_the_budgets(user, paused, limits):
    limits(NUMBER_HOUR=1)
    signs_in(user)
    with pytest.raises(SendRefused) as caught:
        signs_in(user)
    assert caught.value.details["why"] == "number_hour"


def test_numbers_that_were_proven_to_be_pumped_stop_as_well(user, paused, time):
    for _ in range(5):
        signs_in(user)
    # They can still be used; until then the budgets hold.
    signs_in(user)
    time.tick(WAIT)
    with pytest.raises(SendRefused):
        signs_in(user)
    signs_in(user, number=RESIDENT + 1)


def test_one_code_in_five_that_is_used_shows_that_somebody_is_there(user, paused, time):
    for _ in range(4):
        signs_in(user)
    sends.answered(signs_in(user))
    time.tick(WAIT)
    signs_in(user)
    time.tick(WAIT)
    signs_in(user)


def test_what_strangers_have_sent_to_a_number_says_nothing_of_its_owner(user, time):
    for _ in range(10):
        send(user, RESIDENT, purpose=Purpose.ENROL)
    time.tick(WAIT)
    send(user)
    assert places()
    signs_in(user)


def test_an_old_pause_keeps_nobody_out(user, paused, time):
    time.tick(3601)
    send(user, RESIDENT, purpose=Purpose.ENROL)


def test_it_can_be_switched_off(user, time, limits):
    limits(BREAKER_SENDS=0)
    pump(user)
    time.tick(WAIT)
    send(user)
    assert not places()


def test_it_is_told_once_for_each_pause(user, time):
    pump(user)
    time.tick(WAIT)
    send(user)
    for _ in range(3):
        with pytest.raises(SendRefused):
            send(user)
    rows = AuditEvent.objects.filter(event="sends_paused")
    assert rows.count() == 2
    details = rows.get(details__place="LV").details
    assert (details["sent"], details["answered"]) == (10, 0)
    assert details["until"] == (clock.now() + timedelta(hours=1)).isoformat()


def test_it_ends_by_itself_and_judges_anew(user, time):
    pump(user)
    time.tick(WAIT)
    send(user)
    time.tick(3600)
    pump(user, times=9)
    time.tick(WAIT)
    send(user)
    assert not SendPause.objects.filter(until__gt=clock.now()).exists()


def test_when_it_goes_on_the_pause_comes_back(user, time):
    pump(user)
    time.tick(WAIT)
    send(user)
    time.tick(3600)
    pump(user)
    time.tick(WAIT)
    send(user)
    with pytest.raises(SendRefused):
        send(user)
    assert AuditEvent.objects.filter(event="sends_paused").count() == 4


def test_an_administrator_ends_it_before(user, time, staff):
    pump(user)
    time.tick(WAIT)
    send(user)
    with transaction.atomic():
        for pause in SendPause.objects.all():
            assert pauses.end(Context(actor=staff), pause)
            assert not pauses.end(Context(actor=staff), pause)
    send(user)
    assert not SendPause.objects.filter(until__gt=clock.now()).exists()
    rows = AuditEvent.objects.filter(event="sends_resumed")
    assert rows.count() == 2
    assert {row.actor_id for row in rows} == {staff.pk}


def test_two_that_find_it_out_together_begin_one_pause(user, time):
    place = pauses.Place("country", "LV", "LV")
    assert pauses._open(place, 10, 0)
    assert not pauses._open(place, 11, 0)
    assert SendPause.objects.get().sends == 10


def test_a_pause_is_named_by_its_place(user, time):
    pauses._open(pauses.Place("country", "LV", "LV"), 10, 0)
    assert str(SendPause.objects.get()) == "LV"


def test_pauses_of_old_are_pruned(user, time):
    pauses._open(pauses.Place("country", "LV", "LV"), 10, 0)
    assert pauses.prune(clock.now()) == 0
    time.tick(3601)
    assert pauses.prune(clock.now()) == 1
