from __future__ import annotations

import pytest

from django_mfa.errors import (
    NumberRefused,
    ProviderMisconfigured,
    ProviderSlow,
    ProviderUnavailable,
)
from django_mfa.factors.sms import gateways

from .conftest import NUMBER, SERVICE

pytest.importorskip("twilio")


@pytest.fixture
def ready(twilio, use):
    use("twilio_verify", **twilio.settings)
    return twilio


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 10**6:06}"


def test_twilio_makes_the_code_and_says_that_it_is_right(ready, message):
    receipt = gateways.send(message)
    assert gateways.checks_codes(receipt)
    [got] = ready.requests
    assert got.path == f"/v2/Services/{SERVICE}/Verifications"
    assert got.form == {"To": NUMBER, "Channel": "sms", "Locale": "de"}
    assert gateways.check(receipt, NUMBER, ready.code_for(NUMBER))


def test_a_code_is_right_once(ready, message):
    receipt = gateways.send(message)
    code = ready.code_for(NUMBER)
    assert gateways.check(receipt, NUMBER, code)
    assert not gateways.check(receipt, NUMBER, code)


def test_a_wrong_code_is_wrong_and_the_right_one_still_right(ready, message):
    receipt = gateways.send(message)
    code = ready.code_for(NUMBER)
    assert not gateways.check(receipt, NUMBER, wrong(code))
    assert gateways.check(receipt, NUMBER, code)


def test_our_own_code_that_was_never_sent_is_wrong(ready, message):
    receipt = gateways.send(message)
    if ready.code_for(NUMBER) != message.code:
        assert not gateways.check(receipt, NUMBER, message.code)


def test_a_code_for_another_number_is_wrong(ready, message):
    receipt = gateways.send(message)
    assert not gateways.check(receipt, "+4915112345679", ready.code_for(NUMBER))


def test_a_repeated_call_leaves_one_code_that_is_good(ready, message):
    first = gateways.send(message)
    code = ready.code_for(NUMBER)
    second = gateways.send(message)
    assert first.provider_id != second.provider_id
    assert not gateways.check(first, NUMBER, code)
    assert gateways.check(second, NUMBER, ready.code_for(NUMBER))


def test_a_code_asked_for_elsewhere_is_another_one(ready, message):
    here = gateways.send(message)
    elsewhere = gateways.send(message._replace(reference="challenge-2"))
    code = ready.code_for(NUMBER)
    assert not gateways.check(here, NUMBER, code)
    assert gateways.check(elsewhere, NUMBER, code)


def test_a_new_code_in_the_place_of_an_old_one_costs_one_message(ready, message):
    first = gateways.send(message)
    before = ready.code_for(NUMBER)
    second = gateways.send(message._replace(replaces=first.provider_id))
    sent = [each for each in ready.requests if each.path.endswith("/Verifications")]
    assert len(sent) == 2
    assert not gateways.check(first, NUMBER, before)
    assert gateways.check(second, NUMBER, ready.code_for(NUMBER))


def test_an_old_code_that_is_over_can_be_replaced(ready, message):
    first = gateways.send(message)
    assert gateways.check(first, NUMBER, ready.code_for(NUMBER))
    second = gateways.send(message._replace(replaces=first.provider_id))
    assert gateways.check(second, NUMBER, ready.code_for(NUMBER))


def test_an_old_code_that_cannot_be_cancelled_stops_the_new_one(ready, message):
    first = gateways.send(message)
    ready.fails(500)
    with pytest.raises(ProviderUnavailable):
        gateways.send(message._replace(replaces=first.provider_id))
    sent = [each for each in ready.requests if each.path.endswith("/Verifications")]
    assert len(sent) == 1


def test_too_many_wrong_answers_at_twilio_read_as_wrong(ready, message):
    receipt = gateways.send(message)
    ready.fails(429, {"code": 60202, "message": "Max check attempts", "status": 429})
    assert not gateways.check(receipt, NUMBER, "123456")


@pytest.mark.parametrize(
    ("language", "locale"),
    [
        ("pt-br", "pt-BR"),
        ("de-at", "de"),
        ("pt_BR", "pt-BR"),
        ("AR", "ar"),
        ("fi", None),
        ("", None),
    ],
)
def test_the_text_is_in_the_language_of_the_person(ready, message, language, locale):
    gateways.send(message._replace(language=language))
    assert ready.requests[0].form.get("Locale") == locale


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (400, 60200, NumberRefused),
        (403, 60410, NumberRefused),
        (403, 60605, NumberRefused),
        (429, 60203, ProviderUnavailable),
        (404, 20404, ProviderMisconfigured),
        (401, 20003, ProviderMisconfigured),
    ],
)
def test_refusals_of_verify_are_told_apart(ready, message, status, code, error):
    body = {"code": code, "message": f"{NUMBER} is bad", "status": status}
    ready.fails(status, body, "application/json")
    with pytest.raises(error):
        gateways.send(message)


def test_when_twilio_is_down_the_answer_is_not_judged(ready, message):
    receipt = gateways.send(message)
    code = ready.code_for(NUMBER)
    ready.fails(503)
    with pytest.raises(ProviderUnavailable):
        gateways.check(receipt, NUMBER, code)
    ready.hangs()
    with pytest.raises(ProviderSlow):
        gateways.check(receipt, NUMBER, code)
    ready.works()
    assert gateways.check(receipt, NUMBER, code)


def test_without_a_service_nothing_is_asked(twilio, use, message):
    use("twilio_verify", **{**twilio.settings, "TWILIO_VERIFY_SERVICE": ""})
    with pytest.raises(ProviderMisconfigured):
        gateways.send(message)
    assert not twilio.requests
