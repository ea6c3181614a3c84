from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.core.management import call_command

from django_mfa import conf
from django_mfa.audit.models import AuditEvent
from django_mfa.errors import SendRefused
from django_mfa.limits import sends
from django_mfa.limits.models import SendCounter, SendRecord
from django_mfa.limits.sends import Sending
from django_mfa.session import Context
from django_mfa.testing import freeze
from django_mfa.values import Purpose

pytestmark = pytest.mark.django_db

NUMBER = "+4915112345678"
START = datetime(2026, 3, 10, 12, 30, tzinfo=UTC)
DAY = 86_400
SCOPES = ("NUMBER", "USER", "ADDRESS", "PREFIX", "SITE")
FREE = {
    f"{scope}_{window}": 0 for scope in SCOPES for window in ("HOUR", "DAY", "MONTH")
}


@pytest.fixture
def time():
    with freeze(START) as frozen:
        yield frozen


@pytest.fixture
def limit(settings):
    """Set the budgets that are named; all others are none."""

    def change(**named):
        settings.DJANGO_MFA = {"SENDS": {**FREE, **named}}

    return change


def at(address: str = "192.0.2.1") -> Context:
    return Context(address=address)


def to(user, number: str = NUMBER, **more) -> Sending:
    given = {"country": "DE", "kind": "mobile", "prefix": number[:-4], **more}
    return Sending("sms", number, user, masked=f"••{number[-2:]}", **given)


def refused(context: Context, sending: Sending) -> SendRefused:
    with pytest.raises(SendRefused) as caught:
        sends.reserve(context, sending)
    return caught.value


def test_a_send_is_noted_without_the_number(user, time):
    name = sends.reserve(at(), to(user, purpose="login"))
    row = SendRecord.objects.get()
    assert row.public_id == name
    assert (row.user, row.at, row.state) == (user, START, SendRecord.RESERVED)
    assert (row.factor, row.country, row.kind) == ("sms", "DE", "mobile")
    assert (row.purpose, row.masked) == ("login", "••78")
    kept = repr([*SendRecord.objects.values(), *SendCounter.objects.values()])
    for secret in (NUMBER[1:], NUMBER[1:-4], "192.0.2.1"):
        assert secret not in kept


def test_equal_numbers_are_told_by_equal_digests(user, time):
    for number in (NUMBER, NUMBER, "+4915112345679"):
        sends.reserve(at(), to(user, number))
    first, second, third = SendRecord.objects.order_by("pk")
    assert first.destination == second.destination != third.destination
    assert first.prefix == third.prefix


@pytest.mark.parametrize("window", ["hour", "day", "month"])
@pytest.mark.parametrize("scope", [each.lower() for each in SCOPES])
def test_every_budget_holds_in_every_window(user, time, limit, scope, window):
    limit(**{f"{scope}_{window}".upper(): 2})
    for _ in range(2):
        sends.reserve(at(), to(user))
    refusal = refused(at(), to(user))
    assert refusal.details["why"] == f"{scope}_{window}"
    end = {
        "hour": datetime(2026, 3, 10, 13, tzinfo=UTC),
        "day": datetime(2026, 3, 11, tzinfo=UTC),
        "month": datetime(2026, 4, 1, tzinfo=UTC),
    }[window]
    assert refusal.retry_at == end
    time.move_to(end)
    sends.reserve(at(), to(user))


def test_M02_a_refusal_says_how_long_to_wait(user, time, limit):
    limit(NUMBER_HOUR=1)
    sends.reserve(at(), to(user))
    refusal = refused(at(), to(user))
    assert (refusal.status, refusal.code) == (429, "too_many_sends")
    assert refusal.retry_after == 1800
    assert "Wait a while" in str(refusal)


def test_M02_a_refusal_leaves_one_audit_row_and_no_count(user, time, limit):
    limit(NUMBER_HOUR=1, USER_HOUR=2)
    sends.reserve(at(), to(user))
    for _ in range(3):
        refused(at(), to(user))
    rows = AuditEvent.objects.filter(event="send_refused")
    assert [row.reason for row in rows] == ["number_hour"] * 3
    assert {row.user_id for row in rows} == {user.pk}
    assert NUMBER[1:] not in repr(list(rows.values()))
    assert SendRecord.objects.count() == 1
    sends.reserve(at(), to(user, "+4915112345679"))


def test_others_are_not_counted_with_us(user, make_user, time, limit):
    bob = make_user("bob")
    limit(NUMBER_HOUR=1, USER_HOUR=1, ADDRESS_HOUR=1, PREFIX_HOUR=1)
    sends.reserve(at(), to(user))
    sends.reserve(at("192.0.2.2"), to(bob, "+4915198765432"))


def test_strangers_who_type_a_number_do_not_spend_its_owners_codes(
    user, make_user, time, limit
):
    limit(NUMBER_HOUR=1)
    mallory = make_user("mallory")
    typed = Sending("sms", NUMBER, mallory, purpose=Purpose.ENROL)
    name = sends.reserve(at("192.0.2.66"), typed)
    assert refused(at("192.0.2.66"), typed).details["why"] == "number_hour"
    sends.reserve(at(), to(user))
    sends.give_back(name, why="send_timed_out")
    sends.reserve(at("192.0.2.66"), typed)
    refused(at(), to(user))


def test_strangers_who_type_neighbours_do_not_spend_the_codes_of_a_block(
    user, make_user, time, limit
):
    limit(PREFIX_DAY=1)
    mallory, block = make_user("mallory"), NUMBER[:-4]
    typed = to(mallory, f"{block}0000", purpose=Purpose.ENROL)
    sends.reserve(at("192.0.2.66"), typed)
    assert refused(at("192.0.2.66"), typed).details["why"] == "prefix_day"
    sends.reserve(at(), to(user))
    refused(at(), to(user))


def test_one_network_of_ipv6_is_one_address(user, time, limit):
    limit(ADDRESS_HOUR=1)
    sends.reserve(at("2001:db8::1"), to(user))
    assert refused(at("2001:db8::2"), to(user)).details["why"] == "address_hour"


def test_without_an_address_or_a_number_there_is_less_to_count(user, time, limit):
    limit(ADDRESS_HOUR=1, PREFIX_HOUR=1)
    for _ in range(3):
        sends.reserve(at(""), Sending("email", "alice@example.com", user))


def test_messages_and_mails_have_budgets_of_their_own(user, time, limit):
    limit(USER_HOUR=1, SITE_HOUR=1)
    sends.reserve(at(), to(user))
    sends.reserve(at(), Sending("email", "alice@example.com", user))


def test_two_budgets_that_are_spent_tell_the_longer_wait(user, time, limit):
    limit(NUMBER_HOUR=1, NUMBER_DAY=1)
    sends.reserve(at(), to(user))
    assert refused(at(), to(user)).details["why"] == "number_day"


def test_the_defaults_refuse_the_sixth_code_to_a_number_in_an_hour(user, time):
    for _ in range(conf.get().SENDS.NUMBER_HOUR):
        sends.reserve(at(), to(user))
    assert refused(at(), to(user)).details["why"] == "number_hour"


def test_a_server_whose_clock_is_behind_does_not_empty_the_count(user, limit):
    limit(NUMBER_HOUR=2)
    with freeze(datetime(2026, 3, 10, 13, tzinfo=UTC)):
        sends.reserve(at(), to(user))
    with freeze(datetime(2026, 3, 10, 12, 59, 59, tzinfo=UTC)):
        sends.reserve(at(), to(user))
        assert refused(at(), to(user)).retry_after == 1


def test_M01_what_failed_is_given_back(user, time, limit):
    limit(**dict.fromkeys(FREE, 1))
    for _ in range(3):
        name = sends.reserve(at(), to(user))
        sends.give_back(name, why="send_timed_out")
    row = SendRecord.objects.get(public_id=name)
    assert (row.state, row.reason) == (SendRecord.FAILED, "send_timed_out")
    sends.reserve(at(), to(user))
    refused(at(), to(user))


def test_M01_an_hour_of_time_outs_costs_nothing(user, time):
    for _ in range(conf.get().SENDS.NUMBER_HOUR):
        sends.give_back(sends.reserve(at(), to(user)), why="send_timed_out")
    for _ in range(conf.get().SENDS.NUMBER_HOUR):
        sends.reserve(at(), to(user))
    refused(at(), to(user))


@pytest.mark.parametrize("scope", [each.lower() for each in SCOPES])
def test_M02_time_outs_are_no_way_round_the_budgets(user, time, limit, scope):
    limit(**{f"{scope}_hour".upper(): 7})
    for _ in range(14):
        sends.give_back(sends.reserve(at(), to(user)), why="send_timed_out")
    assert refused(at(), to(user)).details["why"] == f"{scope}_hour"
    time.tick(3600)
    sends.reserve(at(), to(user))


def test_it_is_given_back_once(user, time, limit):
    limit(NUMBER_HOUR=2)
    name = sends.reserve(at(), to(user))
    sends.reserve(at(), to(user))
    for _ in range(2):
        sends.give_back(str(name), why="send_unavailable")
    sends.reserve(at(), to(user))
    refused(at(), to(user))


def test_what_was_sent_is_not_given_back(user, time, limit):
    limit(NUMBER_HOUR=1)
    name = sends.reserve(at(), to(user))
    sends.sent(name, gateway="twilio")
    sends.give_back(name, why="send_unavailable")
    refused(at(), to(user))


def test_an_hour_later_nothing_of_this_hour_is_taken(user, time, limit):
    limit(NUMBER_HOUR=1)
    name = sends.reserve(at(), to(user))
    time.tick(3600)
    sends.reserve(at(), to(user))
    sends.give_back(name, why="send_unavailable")
    refused(at(), to(user))


@pytest.mark.parametrize(
    "why", ["number_refused", "destination_refused", "address_refused"]
)
def test_numbers_that_are_refused_stay_counted(user, time, limit, why):
    limit(USER_HOUR=1)
    name = sends.reserve(at(), to(user))
    sends.give_back(name, why=why)
    assert SendRecord.objects.get().state == SendRecord.REFUSED
    refused(at(), to(user, "+4915112345679"))


def test_who_took_a_message_is_noted_with_its_price(user, time):
    name = sends.reserve(at(), to(user))
    sends.sent(name, gateway="twilio", cost=Decimal("0.0075"), currency="usd")
    row = SendRecord.objects.get()
    assert (row.state, row.gateway) == (SendRecord.SENT, "twilio")
    assert (row.cost, row.currency) == (Decimal("0.00750"), "USD")


@pytest.mark.parametrize(
    ("costs", "cost"),
    [
        ({"DE": "0.075", "*": 1}, "0.07500"),
        ({"FR": "0.05", "*": 0.1}, "0.10000"),
        ({"FR": "0.05"}, None),
    ],
)
def test_the_settings_tell_the_price_where_the_provider_does_not(
    user, time, settings, costs, cost
):
    settings.DJANGO_MFA = {"SMS": {"COSTS": costs, "CURRENCY": "EUR"}}
    name = sends.reserve(at(), to(user))
    sends.sent(name, gateway="aws_sns")
    row = SendRecord.objects.get()
    assert row.cost == (cost and Decimal(cost))
    assert row.currency == ("EUR" if cost else "")


def test_mails_cost_nothing(user, time, settings):
    settings.DJANGO_MFA = {"SMS": {"COSTS": {"*": 1}}}
    name = sends.reserve(at(), Sending("email", "alice@example.com", user))
    sends.sent(name, gateway="mail")
    assert SendRecord.objects.get().cost is None


def test_when_a_code_was_used_is_noted_once(user, time):
    name = sends.reserve(at(), to(user))
    sends.answered(name)
    time.tick(60)
    sends.answered(name)
    assert SendRecord.objects.get().answered == START


def test_names_that_nobody_knows_do_nothing():
    name = uuid4()
    sends.sent(name, gateway="twilio")
    sends.give_back(name, why="send_failed")
    sends.answered(name)
    assert not SendRecord.objects.exists()


def test_rows_stay_when_their_user_goes(user, time):
    sends.reserve(at(), to(user))
    user.delete()
    assert SendRecord.objects.get().user is None


def test_old_rows_and_counters_are_pruned(user, time, limit):
    limit(NUMBER_MONTH=9)
    sends.reserve(at(), to(user))
    time.tick(364 * DAY)
    assert sends.prune() == len(SCOPES)
    sends.reserve(at(), to(user))
    assert SendRecord.objects.count() == 2
    time.tick(2 * DAY)
    call_command("mfa_prune", verbosity=0)
    assert SendRecord.objects.get().at > START + timedelta(days=363)


def test_a_send_costs_few_queries(user, time, django_assert_num_queries):
    sends.reserve(at(), to(user))
    # The pause, which counters there are, a savepoint and its end, five counts, the
    # row, three looks of the breaker.
    with django_assert_num_queries(13):
        sends.reserve(at(), to(user))


def test_sendings_do_not_show_where_to(user):
    assert NUMBER not in repr(to(user))
