"""Who adds or removes a phone or an address is told there, and where they were told before."""

from __future__ import annotations

import logging
import re
from typing import Any

import pytest
from django.core import mail
from django.db import connection
from django.utils.translation import override

from django_mfa import clock, crypto, signals
from django_mfa.errors import NumberRefused, ProviderUnavailable
from django_mfa.factors.email.models import EmailDevice
from django_mfa.factors.sms.gateways.locmem import LocmemGateway
from django_mfa.factors.sms.models import PhoneDevice
from django_mfa.flows import reset, sending
from django_mfa.session import Context
from django_mfa.testing import add_email, add_phone, add_totp, freeze, sms_outbox
from tests.browser import Browser
from tests.sent import (
    SETTINGS,
    Judging,
    Unsteady,
    code_in,
    other_than,
    with_gateways,
)

pytestmark = pytest.mark.usefixtures("sends")

OLD, NEW = "+447700900123", "+447400123456"
ADDED = "A phone number was added to your account."
REMOVED = "A phone number was removed from your account."


@pytest.fixture(autouse=True)
def clock_stopped():
    with freeze(1_800_000_001) as stopped:
        yield stopped


@pytest.fixture
def alice(user):
    """Has an app, a phone and an address beside that of the account."""
    user.secret = add_totp(user)
    add_phone(user, OLD)
    add_email(user, "old@example.org")
    return user


@pytest.fixture
def visitor(alice):
    return Browser(raise_request_exception=False).enter(alice, alice.secret)


@pytest.fixture
def told(django_capture_on_commit_callbacks):
    """Do something, and return to whom it was mailed, and to whom it was texted."""

    def tell(change: Any) -> tuple[list[str], dict[str, str]]:
        mail.outbox.clear()
        sms_outbox.clear()
        with django_capture_on_commit_callbacks(execute=True):
            change()
        assert all(len(message.recipients()) == 1 for message in mail.outbox)
        texts = {message.to: message.text for message in sms_outbox}
        assert len(texts) == len(sms_outbox)
        return [message.to[0] for message in mail.outbox], texts

    return tell


def add(visitor: Browser, factor: str, to: str) -> None:
    """Get as far as the code, and confirm with it."""
    visitor.send("setup_send", factor, to=to)
    sent = sms_outbox[-1].text if factor == "sms" else mail.outbox[-1].body
    code = code_in(str(sent))
    sms_outbox.clear()
    mail.outbox.clear()
    assert visitor.send("setup", factor, code=code).status_code in {200, 302}


def public_id(model: Any, user: Any, **known: Any) -> Any:
    return model.objects.filter(user=user, **known).latest("pk").public_id


def test_a_phone_that_is_added_is_told_to_old_and_new(visitor, alice, told):
    mails, texts = told(lambda: add(visitor, "sms", NEW))
    assert PhoneDevice.objects.filter(user=alice, confirmed=True).count() == 2
    assert mails == [alice.email, "old@example.org"]
    assert set(texts) == {OLD, NEW}
    assert all(ADDED in text for text in texts.values())


def test_a_phone_that_is_removed_is_told_to_it_and_to_those_that_stay(
    visitor, alice, told
):
    add_phone(alice, NEW)
    gone = PhoneDevice.objects.get(PhoneDevice.at(OLD)).public_id
    mails, texts = told(lambda: visitor.send("device_remove", gone))
    assert not PhoneDevice.objects.filter(public_id=gone).exists()
    assert mails == [alice.email, "old@example.org"]
    assert set(texts) == {OLD, NEW}
    assert all(REMOVED in text for text in texts.values())


def test_an_address_that_is_added_is_told_to_old_and_new_and_not_texted(
    visitor, alice, told
):
    mails, texts = told(lambda: add(visitor, "email", "new@example.org"))
    assert mails == [alice.email, "old@example.org", "new@example.org"]
    assert not texts


def test_an_address_that_is_removed_is_told_to_it(visitor, alice, told):
    gone = public_id(EmailDevice, alice)
    mails, texts = told(lambda: visitor.send("device_remove", gone))
    assert mails == [alice.email, "old@example.org"]
    assert not EmailDevice.objects.exists()
    assert not texts


def test_switching_everything_off_is_told_everywhere(visitor, alice, told):
    mails, texts = told(lambda: visitor.send("disable"))
    assert not PhoneDevice.objects.exists()
    assert mails == [alice.email, "old@example.org"]
    assert REMOVED in texts[OLD]


def test_a_reset_is_told_everywhere_even_without_an_address_of_the_account(alice, told):
    setattr(alice, alice.get_email_field_name(), "")
    mails, texts = told(lambda: reset.reset(Context(), alice, "lost"))
    assert mails == ["old@example.org"]
    assert REMOVED in texts[OLD]


def test_a_phone_that_is_switched_off_by_wrong_codes_is_mailed_and_not_texted(
    alice, told
):
    phone = PhoneDevice.objects.get()
    PhoneDevice.objects.update(disabled_at=clock.now())
    mails, texts = told(
        lambda: signals.device_disabled.emit(Context(), alice, device=phone)
    )
    assert mails == [alice.email, "old@example.org"]
    assert not texts


def test_an_address_that_is_switched_off_is_told_once_more(alice, told):
    address = EmailDevice.objects.get()
    EmailDevice.objects.update(disabled_at=clock.now())

    def switch_off():
        signals.device_disabled.emit(Context(), alice, device=address)

    assert told(switch_off)[0] == [alice.email, "old@example.org"]
    other = PhoneDevice.objects.get()
    mails, _ = told(
        lambda: signals.device_removed.emit(
            Context(), alice, device=other, gone=[other]
        )
    )
    assert mails == [alice.email]


def test_what_was_never_proven_is_told_nothing(visitor, alice, told):
    add_phone(alice, "+447700900555")
    PhoneDevice.objects.filter(PhoneDevice.at("+447700900555")).update(confirmed=False)
    add_email(alice, "stranger@example.org")
    unproven = EmailDevice.objects.filter(EmailDevice.at("stranger@example.org"))
    unproven.update(confirmed=False)
    gone = public_id(PhoneDevice, alice, confirmed=True)
    mails, texts = told(lambda: visitor.send("device_remove", gone))
    assert mails == [alice.email, "old@example.org"]
    assert set(texts) == {OLD}
    mails, texts = told(lambda: visitor.send("disable"))
    assert mails == [alice.email, "old@example.org"]
    assert not texts


def test_what_belongs_to_others_is_told_nothing(visitor, alice, told, make_user):
    other = make_user("bob")
    add_phone(other, NEW)
    add_email(other, "bob2@example.org")
    mails, texts = told(
        lambda: visitor.send("device_remove", public_id(PhoneDevice, alice))
    )
    assert mails == [alice.email, "old@example.org"]
    assert set(texts) == {OLD}


def test_an_address_that_is_the_account_s_as_well_is_mailed_once(alice, told):
    name, _, domain = alice.email.partition("@")
    add_email(alice, f"{name}@{domain}")
    setattr(alice, alice.get_email_field_name(), f"{name}@{domain.upper()}")
    mails, _ = told(lambda: reset.reset(Context(), alice, "lost"))
    assert mails == [f"{name}@{domain}", "old@example.org"]


def test_other_changes_are_mailed_to_the_account_alone(visitor, alice, told):
    name = public_id(PhoneDevice, alice)
    mails, texts = told(lambda: visitor.send("device", name, name="Work"))
    assert mails == [alice.email]
    mails, more = told(lambda: visitor.send("recovery_codes"))
    assert mails == [alice.email]
    assert not texts | more


def test_a_refused_code_is_told_to_nobody(visitor, told):
    def fail():
        visitor.send("setup_send", "sms", to=NEW)
        code = other_than(code_in(sms_outbox[-1].text))
        sms_outbox.clear()
        visitor.send("setup", "sms", code=code)

    assert told(fail) == ([], {})


# The text


def test_a_text_names_the_site_and_holds_no_code_link_or_number(visitor, told):
    _, texts = told(lambda: add(visitor, "sms", NEW))
    assert texts[OLD].startswith("Example Bank: A phone number")
    for word in (r"\d", "http", "@", "#", "/"):
        assert not re.search(word, texts[OLD])
    assert sms_outbox[0].code == ""


def test_a_site_without_a_name_names_its_host_and_the_shell_none(alice, settings, told):
    settings.DJANGO_MFA = {**SETTINGS, "SITE_NAME": ""}
    phone = PhoneDevice.objects.get()
    for host, begins in (("bank.example", "bank.example: A "), ("", "A phone")):
        _, texts = told(
            lambda host=host: signals.device_removed.emit(
                Context(host=host), alice, device=phone, gone=[phone]
            )
        )
        assert texts[OLD].startswith(begins)


def test_a_text_is_in_the_language_of_the_request(alice, told):
    phone = PhoneDevice.objects.get()
    with override("de"):
        _, texts = told(
            lambda: signals.device_confirmed.emit(Context(), alice, device=phone)
        )
    assert "wurde eine Telefonnummer hinzugefügt" in texts[OLD]


@pytest.mark.parametrize("off", [{"SMS": False}, {"ENABLED": False}])
def test_texts_can_be_switched_off(visitor, settings, told, off):
    settings.DJANGO_MFA = {**SETTINGS, "NOTICES": off}
    mails, texts = told(lambda: add(visitor, "sms", NEW))
    assert bool(mails) is ("SMS" in off)
    assert not texts


def test_a_provider_that_words_its_texts_is_passed_over(visitor, settings, told):
    settings.DJANGO_MFA = with_gateways("tests.sent.Judging", "locmem")
    _, texts = told(lambda: add_judged(visitor))
    assert set(texts) == {OLD, NEW}
    assert all(ADDED in text for text in texts.values())


def test_a_site_with_no_other_provider_texts_nothing_and_logs_nothing(
    visitor, settings, told, caplog
):
    settings.DJANGO_MFA = with_gateways("tests.sent.Judging")
    with caplog.at_level(logging.DEBUG):
        mails, texts = told(lambda: add_judged(visitor))
    assert len(mails) == 2
    assert not texts
    assert "was not sent" not in caplog.text


def add_judged(visitor: Browser) -> None:
    visitor.send("setup_send", "sms", to=NEW)
    sms_outbox.clear()
    visitor.send("setup", "sms", code=Judging.CODE)
    assert PhoneDevice.objects.filter(confirmed=True).count() == 2


# What fails


@pytest.mark.parametrize(
    ("error", "tries"),
    [
        (ProviderUnavailable(), 1),
        (NumberRefused(), 2),
        (ValueError(f"no route for {OLD} and {NEW}"), 1),
    ],
)
def test_a_gateway_that_fails_breaks_nothing_and_leaks_no_number(  # noqa: PLR0917  # fixtures
    visitor, alice, settings, monkeypatch, told, caplog, error, tries
):
    add_phone(alice, NEW)
    asked: list[str] = []

    def fail(self, message):
        asked.append(message.to)
        raise error

    settings.DJANGO_MFA = with_gateways("tests.sent.Unsteady")
    monkeypatch.setattr(Unsteady, "send", fail)
    gone = PhoneDevice.objects.get(PhoneDevice.at(OLD)).public_id
    with caplog.at_level(logging.DEBUG):
        mails, texts = told(lambda: visitor.send("device_remove", gone))
    assert not PhoneDevice.objects.filter(public_id=gone).exists()
    assert mails == [alice.email, "old@example.org"]
    assert not texts
    assert len(asked) == tries
    # The chain hides what a gateway raises, and says of which kind it is.
    assert "The text device_removed to user" in caplog.text
    for secret in (OLD, NEW, OLD[3:], NEW[3:], alice.email, "old@example.org"):
        assert secret not in caplog.text


def test_a_gateway_that_cannot_be_found_is_logged_by_its_kind(
    visitor, settings, told, caplog
):
    settings.DJANGO_MFA = with_gateways("nothing.at.All")
    gone = PhoneDevice.objects.get().public_id
    with caplog.at_level(logging.ERROR):
        assert told(lambda: visitor.send("device_remove", gone))[1] == {}
    assert "ProviderMisconfigured" in caplog.text


def test_a_device_that_cannot_be_opened_keeps_nobody_else_from_being_told(
    visitor, alice, told, caplog
):
    add_phone(alice, NEW)
    sealed = crypto.seal(OLD, "another place")
    PhoneDevice.objects.filter(PhoneDevice.at(OLD)).update(sealed_destination=sealed)
    gone = PhoneDevice.objects.get(PhoneDevice.at(NEW)).public_id
    with caplog.at_level(logging.ERROR):
        _, texts = told(lambda: visitor.send("device_remove", gone))
    assert set(texts) == {NEW}
    assert "no key" in caplog.text


# By a queue


QUEUE: list[dict[str, str]] = []


def later(parcel: dict[str, str]) -> None:
    """A queue whose worker has not come yet."""
    QUEUE.append(parcel)


@pytest.fixture
def queued(visitor, settings, told):
    """A phone that is removed where a queue sends: the one parcel of its notice."""
    QUEUE.clear()
    settings.DJANGO_MFA = {**SETTINGS, "SENT_CODES": {"DISPATCHER": later}}
    gone = PhoneDevice.objects.get().public_id
    mails, texts = told(lambda: visitor.send("device_remove", gone))
    assert len(mails) == 2
    assert not texts
    (parcel,) = QUEUE
    return parcel


def test_a_queue_that_sends_the_codes_sends_the_texts(queued):
    assert OLD not in str(queued)
    assert REMOVED not in str(queued)
    assert sending.deliver_quietly(queued) == "done"
    assert sms_outbox[-1].to == OLD
    assert REMOVED in sms_outbox[-1].text
    # A queue that gives a task out again has nothing sent twice.
    assert sending.deliver_quietly(queued) == "done"
    assert len(sms_outbox) == 1


def test_what_is_no_news_any_more_is_not_texted(queued, clock_stopped):
    clock_stopped.tick(3600)
    assert sending.deliver_quietly(queued) == "done"
    assert not sms_outbox


def test_a_text_that_was_changed_in_the_queue_is_not_sent(queued, caplog):
    with caplog.at_level(logging.ERROR):
        bad = {**queued, "sealed": "1.x.y"}
        assert sending.deliver_quietly(bad) == "key_trouble"
    assert not sms_outbox
    assert "A notice was not sent: key_trouble" in caplog.text


def test_a_broker_that_is_down_breaks_nothing(visitor, settings, told, caplog):
    def broken(parcel: dict[str, str]) -> None:
        raise ConnectionError(f"redis://secret@broker {parcel}")

    settings.DJANGO_MFA = {**SETTINGS, "SENT_CODES": {"DISPATCHER": broken}}
    gone = PhoneDevice.objects.get().public_id
    with caplog.at_level(logging.DEBUG):
        mails, texts = told(lambda: visitor.send("device_remove", gone))
    assert len(mails) == 2
    assert not texts
    assert not PhoneDevice.objects.exists()
    assert "was not sent: ConnectionError" in caplog.text
    assert "secret" not in caplog.text


def test_a_site_that_sends_no_codes_any_more_asks_no_queue(visitor, settings, told):
    factors = ["totp", "email", "recovery_code"]
    queue = {"SENT_CODES": {"DISPATCHER": later}}
    settings.DJANGO_MFA = {**SETTINGS, **queue, "FACTORS": factors}
    QUEUE.clear()
    phone = PhoneDevice.objects.get()

    def remove():
        signals.device_removed.emit(Context(), phone.user, device=phone, gone=[phone])

    assert set(told(remove)[1]) == {OLD}
    assert not QUEUE


@pytest.mark.django_db(transaction=True)
def test_no_transaction_is_open_while_a_text_is_sent(visitor, monkeypatch):
    open_then: list[bool] = []
    real = LocmemGateway.send

    def send(self, message):
        open_then.append(connection.in_atomic_block)
        return real(self, message)

    monkeypatch.setattr(LocmemGateway, "send", send)
    visitor.send("device_remove", PhoneDevice.objects.get().public_id)
    assert open_then == [False]
    assert REMOVED in sms_outbox[-1].text
