from __future__ import annotations

import logging
from decimal import Decimal
from threading import Event, get_ident
from typing import ClassVar

import pytest
from django.db import connection

from django_mfa.errors import (
    DestinationRefused,
    InvalidNumber,
    NumberRefused,
    ProviderMisconfigured,
    ProviderSlow,
    ProviderUnavailable,
)
from django_mfa.factors.sms import gateways
from django_mfa.factors.sms.gateways import Gateway, Receipt
from django_mfa.testing import sms_outbox
from tests.servers import PATIENT

from .conftest import NUMBER, TEXT

pytest.importorskip("phonenumbers")

HERE = "tests.factors.sms.gateways.test_chain"
ENOUGH = Event()


class Down(Gateway):
    def send(self, message):
        raise ProviderUnavailable(gateway=self.name)


class Refusing(Gateway):
    def send(self, message):
        raise NumberRefused(gateway=self.name, why="no such number")


class Broken(Gateway):
    def send(self, message):
        error = f"could not reach {message.to} with {message.text}"
        raise RuntimeError(error)


class Stuck(Gateway):
    def send(self, message):
        ENOUGH.wait(30)


class Judge(Gateway):
    checks_codes = True
    threads: ClassVar[list[int]] = []

    def send(self, message):
        self.threads.append(get_ident())
        return Receipt(self.name, message.code)

    def check(self, receipt, to, code):
        return receipt.provider_id == code


class Impossible(Gateway):
    def __init__(self, name):
        raise ValueError


def named(kind: type) -> str:
    return f"{HERE}.{kind.__name__}"


@pytest.fixture(autouse=True)
def _enough():
    ENOUGH.clear()
    yield
    ENOUGH.set()


def test_the_first_gateway_takes_the_message(use, message):
    use("locmem", named(Down))
    assert gateways.send(message).gateway == "locmem"
    assert sms_outbox == [message]


@pytest.mark.parametrize("kind", [Down, Broken, Stuck, Impossible])
def test_the_next_one_is_tried_when_one_fails(use, message, kind):
    use(named(kind), "locmem", TIMEOUT=2 if kind is Stuck else PATIENT)
    assert gateways.send(message).gateway == "locmem"
    assert len(sms_outbox) == 1


@pytest.mark.parametrize("name", ["no.such.Gateway", "twillio", ""])
def test_a_name_that_leads_nowhere_is_passed_over(use, message, name):
    use(name, "locmem")
    assert gateways.send(message).gateway == "locmem"


def test_a_refused_number_is_not_tried_elsewhere(use, message):
    use(named(Refusing), "locmem")
    with pytest.raises(NumberRefused, match="Check it"):
        gateways.send(message)
    assert not sms_outbox


def test_when_all_fail_the_first_one_is_told_of(use, message):
    use(named(Stuck), named(Down), TIMEOUT=2)
    with pytest.raises(ProviderSlow) as caught:
        gateways.send(message)
    assert caught.value.details["gateway"] == named(Stuck)


def test_without_a_gateway_the_administrator_is_named(use, message):
    use()
    with pytest.raises(ProviderMisconfigured, match="administrator"):
        gateways.send(message)


def test_what_a_gateway_raises_leaves_no_trace_of_the_message(use, message, caplog):
    use(named(Broken))
    with caplog.at_level(logging.DEBUG), pytest.raises(ProviderUnavailable) as caught:
        gateways.send(message)
    assert "RuntimeError" in caplog.text
    for secret in (NUMBER, TEXT, message.code):
        assert secret not in caplog.text
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


def test_a_gateway_that_judges_is_asked_about_its_own_messages(use, message):
    use(named(Judge))
    receipt = gateways.send(message)
    assert gateways.checks_codes(receipt)
    assert gateways.check(receipt, NUMBER, message.code) is True
    assert gateways.check(receipt, NUMBER, "000000") is False


def test_a_gateway_runs_beside_the_thread_that_waits_for_it(use, message):
    use(named(Judge))
    gateways.send(message)
    assert Judge.threads[-1] != get_ident()


def test_a_gateway_no_longer_in_the_settings_judges_nothing(use, message):
    use(named(Judge))
    receipt = gateways.send(message)
    use("locmem")
    with pytest.raises(ProviderMisconfigured):
        gateways.check(receipt, NUMBER, message.code)


def test_a_gateway_is_made_once_and_anew_for_new_settings(use):
    use("locmem")
    first = gateways._find("locmem")
    assert gateways._find("locmem") is first
    use("locmem", TIMEOUT=2)
    assert gateways._find("locmem") is not first


def test_other_settings_leave_the_gateways_alone(use, settings):
    use("locmem")
    first = gateways._find("locmem")
    settings.DEFAULT_FROM_EMAIL = "other@example.com"
    assert gateways._find("locmem") is first


def test_a_country_that_was_taken_off_the_list_gets_no_more_codes(use, message):
    use("locmem", COUNTRIES=["FR"])
    with pytest.raises(DestinationRefused):
        gateways.send(message)
    assert not sms_outbox


def test_what_is_no_number_is_not_sent_to(use, message):
    use("locmem")
    with pytest.raises(InvalidNumber):
        gateways.send(message._replace(to="alice"))
    assert not sms_outbox


def test_the_look_up_comes_before_any_gateway(use, message):
    use("locmem", LOOKUP=lambda number: "sim_swapped")
    with pytest.raises(DestinationRefused):
        gateways.send(message)
    assert not sms_outbox


def test_the_console_shows_the_message(use, message, capsys):
    use("console")
    assert gateways.send(message).gateway == "console"
    assert capsys.readouterr().out == f"SMS to {NUMBER}\n{TEXT}\n{'-' * 40}\n"


def test_a_message_does_not_show_itself(message):
    for secret in (NUMBER, TEXT, message.code):
        assert secret not in repr(message)


@pytest.mark.parametrize("cost", [None, Decimal("0.0075")])
def test_a_receipt_is_kept_as_json(cost):
    receipt = Receipt("twilio", "SM1", cost, "USD")
    assert Receipt.from_json(receipt.as_json()) == receipt


def test_a_receipt_of_an_older_version_can_be_read():
    assert Receipt.from_json({"gateway": "twilio"}) == Receipt("twilio")


@pytest.mark.django_db
def test_a_gateway_of_your_own_may_read_the_database_and_leaves_nothing_open(
    use, message
):
    class Reader(Gateway):
        def send(self, message):
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1")
            seen.append(connection.connection)
            return Receipt(self.name)

    seen = []
    gateways._waited_for(Reader("reader"), Reader("reader").send, (message,))
    connection.ensure_connection()
    assert seen
    assert seen[0] is not connection.connection


def test_a_notice_passes_over_who_words_the_texts_and_falls_back_all_the_same(
    use, message
):
    notice = message._replace(code="", text="A phone number was added.")
    use(f"{HERE}.Judge", f"{HERE}.Down", "locmem")
    assert gateways.for_texts() == [f"{HERE}.Down", "locmem"]
    assert gateways.send(notice).gateway == "locmem"
    assert sms_outbox[-1].text == "A phone number was added."


def test_a_notice_that_nobody_sends_says_so(use, message):
    use(f"{HERE}.Judge")
    assert gateways.for_texts() == []
    with pytest.raises(ProviderMisconfigured):
        gateways.send(message._replace(code=""))


def test_a_gateway_that_is_not_there_is_found_out_when_it_is_called(use, message):
    use("nothing.at.All", "locmem")
    assert gateways.for_texts() == ["nothing.at.All", "locmem"]
    assert gateways.send(message._replace(code="")).gateway == "locmem"
