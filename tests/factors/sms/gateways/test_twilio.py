from __future__ import annotations

from base64 import b64decode
from decimal import Decimal

import pytest

from django_mfa.errors import (
    NumberRefused,
    ProviderMisconfigured,
    ProviderSlow,
    ProviderUnavailable,
)
from django_mfa.factors.sms import gateways
from django_mfa.factors.sms.gateways.twilio import TwilioGateway
from django_mfa.factors.sms.gateways.twilio_client import Server

from .conftest import ACCOUNT, NUMBER, TEXT

pytest.importorskip("twilio")


@pytest.fixture
def ready(twilio, use):
    use("twilio", **twilio.settings)
    return twilio


def refusal(code: int) -> dict[str, object]:
    return {"code": code, "message": f"The number {NUMBER} is bad", "status": 400}


def test_a_message_reaches_twilio_with_our_text(ready, message):
    receipt = gateways.send(message)
    [got] = ready.requests
    assert got.path == f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
    assert got.form == {
        "To": NUMBER,
        "Body": TEXT,
        "From": "+15005550006",
        "ValidityPeriod": "300",
    }
    assert receipt.gateway == "twilio"
    assert receipt.provider_id.startswith("SM")
    assert receipt.cost is None
    assert not gateways.checks_codes(receipt)


def test_a_notice_may_arrive_later_than_a_code(ready, message):
    gateways.send(message._replace(code="", text="A phone number was added."))
    [got] = ready.messages
    assert got["Body"] == "A phone number was added."
    assert "ValidityPeriod" not in got


def test_it_is_signed_in_with_the_token_of_the_account(ready, message):
    gateways.send(message)
    given = b64decode(ready.requests[0].headers["Authorization"].split()[1]).decode()
    assert given == f"{ACCOUNT}:token-of-the-account"


def test_an_api_key_stands_in_for_the_token(twilio, use, message):
    keys = {"TWILIO_API_KEY": "SK1", "TWILIO_API_SECRET": "secret-of-the-key"}
    use("twilio", **{**twilio.settings, **keys, "TWILIO_AUTH_TOKEN": ""})
    gateways.send(message)
    [got] = twilio.requests
    assert (
        b64decode(got.headers["Authorization"].split()[1]) == b"SK1:secret-of-the-key"
    )
    assert ACCOUNT in got.path


def test_a_messaging_service_can_be_the_sender(twilio, use, message):
    use("twilio", **{**twilio.settings, "TWILIO_FROM": "MG" + "3" * 32})
    gateways.send(message)
    [got] = twilio.messages
    assert got["MessagingServiceSid"] == "MG" + "3" * 32
    assert "From" not in got


def test_the_price_is_noted_when_twilio_tells_it(ready, message):
    ready.price = "-0.00750"
    receipt = gateways.send(message)
    assert (receipt.cost, receipt.currency) == (Decimal("0.00750"), "USD")


@pytest.mark.parametrize("code", [21211, 21610, 21614, 21408])
def test_a_number_that_twilio_refuses_is_said_to_be_refused(ready, message, code):
    ready.fails(400, refusal(code), "application/json")
    with pytest.raises(NumberRefused) as caught:
        gateways.send(message)
    assert caught.value.details == {"gateway": "twilio", "why": str(code)}


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (401, {"code": 20003, "message": "Authenticate", "status": 401}),
        (403, {"code": 20005, "message": "Account not active", "status": 403}),
        (404, {"code": 20404, "message": "not found", "status": 404}),
        (400, {"code": 21606, "message": "bad sender", "status": 400}),
        (403, "<html>a proxy</html>"),
    ],
)
def test_wrong_credentials_are_for_the_administrator(ready, message, status, body):
    ready.fails(status, body)
    with pytest.raises(ProviderMisconfigured, match="administrator"):
        gateways.send(message)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (500, "oops"),
        (503, ""),
        (429, {"code": 20429, "message": "Too many requests", "status": 429}),
        (201, "this is not JSON"),
    ],
)
def test_a_provider_that_fails_is_unavailable(ready, message, status, body):
    ready.fails(status, body)
    with pytest.raises(ProviderUnavailable, match="Try again"):
        gateways.send(message)


def test_a_provider_that_is_down_is_unavailable(twilio, use, message):
    use("twilio", **{**twilio.settings, "TWILIO_BASE_URL": "http://127.0.0.1:9"})
    with pytest.raises(ProviderUnavailable):
        gateways.send(message)


def test_a_provider_that_hangs_is_slow(ready, message):
    ready.hangs()
    with pytest.raises(ProviderSlow, match="in time"):
        gateways.send(message)
    assert len(ready.requests) == 1


def test_the_library_gives_up_by_itself_too(ready, message):
    ready.hangs()
    with pytest.raises(ProviderSlow):
        TwilioGateway("twilio").send(message)


def test_an_answer_that_comes_byte_by_byte_is_slow(ready, message):
    ready.drips()
    with pytest.raises(ProviderSlow):
        gateways.send(message)


def test_it_works_again_when_the_provider_does(ready, message):
    for trouble in (lambda: ready.fails(500), ready.hangs):
        trouble()
        with pytest.raises((ProviderUnavailable, ProviderSlow)):
            gateways.send(message)
        ready.works()
        assert gateways.send(message).provider_id


@pytest.mark.parametrize(
    "missing", ["TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "TWILIO_FROM"]
)
def test_what_is_missing_in_the_settings_is_said_and_nothing_is_sent(
    twilio, use, message, missing
):
    use("twilio", **{**twilio.settings, missing: ""})
    with pytest.raises(ProviderMisconfigured):
        gateways.send(message)
    assert not twilio.requests


def test_a_client_of_your_own_is_used(twilio, use, message):
    made = []

    def client():
        from twilio.rest import Client

        made.append(Client("AC9", "t", http_client=Server(twilio.url, 1)))
        return made[0]

    use("twilio", TWILIO_CLIENT=client, TWILIO_FROM="Bank")
    gateways.send(message)
    gateways.send(message)
    assert len(made) == 1
    assert "/Accounts/AC9/" in twilio.requests[1].path


def test_a_price_that_cannot_be_read_loses_nothing(ready, message):
    ready.price = "much"
    assert gateways.send(message).cost is None


def test_a_client_that_cannot_be_made_is_a_misconfiguration(use, message):
    def client():
        from twilio.base.exceptions import TwilioException

        raise TwilioException

    use("twilio", TWILIO_CLIENT=client, TWILIO_FROM="Bank")
    with pytest.raises(ProviderMisconfigured):
        gateways.send(message)


def test_the_library_keeps_nothing_of_the_message(ready, message):
    gateway = TwilioGateway("twilio")
    gateway.send(message)
    assert TEXT not in repr(vars(gateway.client.http_client._http))
    assert gateway.client.http_client._http._test_only_last_request is None


def test_without_an_address_of_your_own_it_asks_where_the_library_says(twilio):
    Server("", 1).request("POST", f"{twilio.url}/anywhere?x=1", data={"a": "b"})
    assert twilio.requests[0].path == "/anywhere?x=1"


def test_with_one_the_rest_of_the_address_stays(twilio):
    Server(f"{twilio.url}/", 1).request("POST", "https://api.twilio.com/there?x=1")
    assert twilio.requests[0].path == "/there?x=1"
