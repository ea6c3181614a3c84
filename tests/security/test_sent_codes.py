from __future__ import annotations

import logging
from typing import Any

import pytest
from django.core import mail

from django_mfa.audit.models import AuditEvent
from django_mfa.challenges.models import Challenge
from django_mfa.errors import (
    ProviderMisconfigured,
    ProviderSlow,
    ProviderUnavailable,
)
from django_mfa.factors.email.models import EmailDevice
from django_mfa.factors.sms.gateways.locmem import LocmemGateway
from django_mfa.factors.sms.models import PhoneDevice
from django_mfa.limits.models import SendCounter, SendPause
from django_mfa.signals import EVENTS
from django_mfa.testing import add_email, add_phone, add_totp, sms_outbox
from tests.browser import Browser
from tests.security.test_secrets import Ears
from tests.sent import (
    SETTINGS,
    Unsteady,
    last_mail,
    last_sms,
    other_than,
    with_gateways,
)
from tests.stories import queries

pytestmark = pytest.mark.usefixtures("sends")

NUMBER = "+447700900123"


@pytest.fixture
def erin(make_user):
    """Has a phone that codes are sent to."""
    user = make_user("erin")
    add_phone(user, NUMBER)
    return user


@pytest.fixture
def browser_of():
    """Browsers at addresses of their own, past the password."""
    number = 0

    def make(user):
        nonlocal number
        number += 1
        return Browser(REMOTE_ADDR=f"198.51.100.{number}").begin(user)

    return make


# B05


def test_B05_guesses_count_on_over_resends_and_new_sign_ins(
    erin, browser_of, clock, settings
):
    settings.DJANGO_MFA = {**SETTINGS, "SENDS": dict.fromkeys(BUDGETS, 0)}
    judged = 0
    for _round in range(20):
        browser = browser_of(erin)
        page = browser.send("verify_send", "sms")
        if not PhoneDevice.objects.get().is_usable:
            break
        assert page.status_code == 302
        for _ in range(5):
            if not sms_outbox:
                break
            browser.send("verify", "sms", code=other_than(last_sms()))
        now = PhoneDevice.objects.get().failures_total
        judged += now - judged
        # Past the lock, the wait for another code and the waiting sign-in.
        clock.tick(1900)
    device = PhoneDevice.objects.get()
    assert device.failures_total == judged == 20
    assert device.disabled_at
    browser = browser_of(erin)
    sent = len(sms_outbox)
    assert browser.send("verify_send", "sms").status_code == 404
    assert len(sms_outbox) == sent


def test_B05_a_resend_refills_nothing(erin, browser_of, clock):
    browser = browser_of(erin)
    for _ in range(2):
        browser.send("verify_send", "sms")
        for _ in range(2):
            browser.send("verify", "sms", code=other_than(last_sms()))
        clock.tick(61)
    browser.send("verify_send", "sms")
    # Four failures are counted: one more, and nothing is judged for a while.
    browser.send("verify", "sms", code=other_than(last_sms()))
    page = browser.send("verify", "sms", code=last_sms())
    assert page.status_code == 429
    assert not browser.is_in


BUDGETS = (
    *("NUMBER_HOUR", "NUMBER_DAY", "NUMBER_MONTH"),
    *("USER_HOUR", "USER_DAY", "USER_MONTH"),
)


# R05


def enter(browser, code):
    browser.send("verify", "sms", code=code)
    return browser.is_in


def test_R05_a_code_serves_once(erin, browser_of):
    browser = browser_of(erin)
    browser.send("verify_send", "sms")
    code = last_sms()
    assert enter(browser, code)
    browser.post("/logout/")
    browser.begin(erin)
    assert not enter(browser, code)


def test_R05_the_code_of_one_session_serves_in_no_other(erin, browser_of):
    one, other = browser_of(erin), browser_of(erin)
    one.send("verify_send", "sms")
    code = last_sms()
    assert not enter(other, code)
    assert enter(one, code)


def test_R05_the_code_of_one_person_serves_no_other(erin, make_user, browser_of):
    frank = make_user("frank")
    add_phone(frank, "+447700900456")
    one, other = browser_of(erin), browser_of(frank)
    one.send("verify_send", "sms")
    other.send("verify_send", "sms")
    mine, theirs = sms_outbox[0].code, sms_outbox[1].code
    if mine != theirs:
        assert not enter(other, mine)


def test_R05_the_code_of_a_sign_in_serves_no_step_up_and_no_set_up(
    erin, browser_of, clock
):
    browser = browser_of(erin)
    browser.send("verify_send", "sms")
    assert enter(browser, last_sms())
    clock.tick(1000)
    # Sent for a step-up, tried at a sign-in, and then where it belongs.
    browser.send("step_up_send", "sms")
    code = last_sms()
    other = browser_of(erin)
    assert not enter(other, code)
    other.send("verify", "sms", code=code)
    browser.send("step_up", "sms", code=code)
    assert browser.page("setup").status_code == 200


def test_R05_the_code_of_one_phone_counts_for_no_other(erin, browser_of):
    add_phone(erin, "+447700900456")
    first, second = PhoneDevice.objects.order_by("pk")
    browser = browser_of(erin)
    browser.send("verify_send", "sms", device=str(first.public_id))
    assert enter(browser, last_sms())
    second.refresh_from_db()
    assert second.uses == 0


# M01


def failing(monkeypatch, settings, error):
    settings.DJANGO_MFA = with_gateways("tests.sent.Unsteady")
    monkeypatch.setattr(Unsteady, "error", error)


@pytest.mark.parametrize(
    "error",
    [
        ProviderUnavailable(),
        ProviderSlow(),
        ProviderMisconfigured(why="401"),
        TimeoutError(NUMBER),
        ConnectionResetError(NUMBER),
        ValueError(f"{NUMBER} 123456"),
    ],
)
def test_M01_a_provider_that_fails_costs_nothing_and_is_told(
    erin, browser_of, monkeypatch, settings, caplog, error
):
    add_totp(erin)
    browser = browser_of(erin)
    failing(monkeypatch, settings, error)
    with caplog.at_level(logging.DEBUG):
        page = browser.send("verify_send", "sms")
    assert page.status_code == 503
    assert "another way" in page.text
    assert "/mfa/verify/totp/" in page.text
    assert browser.is_waiting
    device = PhoneDevice.objects.get()
    assert (device.failures, device.last_sent) == (0, None)
    # Those of number, person, address, block and site; time-outs have their own.
    budgets = SendCounter.objects.order_by("pk").values_list("in_hour", flat=True)
    assert list(budgets[:5]) == [0] * 5
    assert "7700900123" not in caplog.text
    row = Challenge.objects.latest("issued")
    assert row.tries == 0
    monkeypatch.setattr(Unsteady, "error", None)
    assert browser.send("verify_send", "sms").status_code == 302
    assert enter(browser, last_sms())


def test_M01_a_set_up_whose_message_failed_goes_on(
    make_user, browser_of, monkeypatch, settings
):
    browser = browser_of(make_user("grace"))
    failing(monkeypatch, settings, ProviderUnavailable())
    assert browser.send("setup_send", "sms", to="+447400123456").status_code == 503
    monkeypatch.setattr(Unsteady, "error", None)
    assert browser.send("setup_send", "sms").status_code == 302
    browser.send("setup", "sms", code=last_sms())
    assert PhoneDevice.objects.get().confirmed


# M02


def test_M02_sends_are_limited_and_the_old_code_stays(
    erin, browser_of, settings, clock
):
    settings.DJANGO_MFA = {**SETTINGS, "SENDS": {"USER_HOUR": 3}}
    browser = browser_of(erin)
    for _ in range(3):
        assert browser.send("verify_send", "sms").status_code == 302
        clock.tick(61)
    refused = browser.send("verify_send", "sms")
    assert refused.status_code == 429
    assert int(refused["Retry-After"]) > 60
    assert "Too many codes were sent" in refused.text
    other = browser_of(erin)
    assert other.send("verify_send", "sms").status_code == 429
    assert len(sms_outbox) == 3
    assert enter(browser, last_sms())


def test_M02_the_wait_holds_in_every_browser(erin, browser_of):
    one, other = browser_of(erin), browser_of(erin)
    one.send("verify_send", "sms")
    assert other.send("verify_send", "sms").status_code == 429
    assert len(sms_outbox) == 1


def test_M02_a_mailbox_has_one_budget_however_its_address_is_written(
    make_user, browser_of, clock
):
    browser = browser_of(make_user("mallory"))
    found = []
    for name in ("victim", "Victim", "vIctim", "viCtim", "vicTim", "VICTIM"):
        page = browser.send("setup_send", "email", to=f"{name}@example.com")
        found.append(page.status_code)
        clock.tick(61)
        browser.send("setup_send", "email", restart="1")
    assert found == [302] * 5 + [429]
    assert len(mail.outbox) == 5


def test_M02_who_pumps_a_country_locks_its_people_out_of_nothing(
    erin, make_user, browser_of, settings, clock
):
    settings.DJANGO_MFA = {**SETTINGS, "SENDS": {"BREAKER_SENDS": 10}}
    clock.tick(3700)
    for crook in range(2):
        browser = browser_of(make_user(f"mallory{crook}"))
        for n in range(6):
            browser.send("setup_send", "sms", to=f"+4474001{crook}{n}456")
            clock.tick(61)
            browser.send("setup_send", "sms", restart="1")
        clock.tick(301)
    browser = browser_of(make_user("oscar"))
    browser.send("setup_send", "sms", to="+447400199456")
    assert SendPause.objects.filter(place="country:GB").exists()
    clock.tick(61)
    assert browser.send("setup_send", "sms", to="+447400299456").status_code == 429
    browser = browser_of(erin)
    assert browser.send("verify_send", "sms").status_code == 302
    assert enter(browser, last_sms())


# M05


def seen_by(answer: Any) -> tuple[Any, ...]:
    headers = {
        name: value
        for name, value in answer.headers.items()
        if name not in ("Set-Cookie", "Content-Length", "Expires")
    }
    page = answer.content.decode()
    for field in ("csrfmiddlewaretoken", 'value="'):
        page = "\n".join(line for line in page.split("\n") if field not in line)
    return answer.status_code, headers, page


def test_M05_before_the_password_is_right_nobody_looks_different(erin, make_user):
    make_user("henry")
    mailed = make_user("iris")
    add_email(mailed)
    found = []
    for name in ("erin", "henry", "iris", "nobody-of-this-name"):
        visitor = Browser()
        visitor.page("login")
        with queries() as cost:
            data = {"username": name, "password": "wrong"}
            first = seen_by(visitor.send("login", **data))
        rest = [
            seen_by(visitor.send(place, factor))
            for place in ("verify_send", "step_up_send", "setup_send", "verify")
            for factor in ("sms", "email")
        ]
        found.append((len(cost), first, rest))
    assert found[0] == found[1] == found[2] == found[3]
    assert not sms_outbox
    assert not Challenge.objects.exists()


def test_M05_the_answer_to_a_password_does_not_tell_of_a_phone_but_to_its_owner(
    erin, make_user
):
    other = make_user("jane")
    add_totp(other)
    answers = [Browser().password(each) for each in (erin, other)]
    assert seen_by(answers[0]) == seen_by(answers[1])


# E07


def test_E07_a_new_number_is_told_to_old_and_new_and_leaves_by_no_log(  # noqa: PLR0915  # a story
    erin, browser_of, clock, monkeypatch, caplog, django_capture_on_commit_callbacks
):
    old, new, second = NUMBER, "+447400123456", "second@example.org"
    add_email(erin, second)
    browser = browser_of(erin)
    browser.send("verify_send", "sms")
    browser.send("verify", "sms", code=last_sms())
    clock.tick(61)

    def told(change, *args, **data):
        mail.outbox.clear()
        sms_outbox.clear()
        with django_capture_on_commit_callbacks(execute=True):
            assert browser.send(change, *args, **data).status_code in {200, 302}
        texts = [message.text for message in sms_outbox]
        assert all("Example Bank" in text for text in texts)
        assert not any(sign in text for text in texts for sign in "0123456789@/")
        assert all(len(message.recipients()) == 1 for message in mail.outbox)
        mailed = {message.to[0] for message in mail.outbox}
        assert mailed == {erin.email, second}
        return sorted(message.to for message in sms_outbox)

    with caplog.at_level(logging.DEBUG):
        browser.send("setup_send", "sms", to=new)
        assert told("setup", "sms", code=last_sms()) == sorted([old, new])
        former = PhoneDevice.objects.get(PhoneDevice.at(old)).public_id
        assert told("device_remove", former) == sorted([old, new])

        def fail(self, message):
            raise ConnectionError(message.to)

        monkeypatch.setattr(LocmemGateway, "send", fail)
        latter = PhoneDevice.objects.get().public_id
        assert told("device_remove", latter) == []
    assert not PhoneDevice.objects.exists()
    assert "The text device_removed" in caplog.text
    for secret in (old, new, old[3:], new[3:], second, erin.email):
        assert secret not in caplog.text
    assert AuditEvent.objects.filter(event="device_removed").count() == 2


# L02


def test_L02_no_code_number_or_address_leaves_by_logs_signals_or_rows(
    make_user, clock, settings, monkeypatch
):
    ears, root = Ears(), logging.getLogger()
    root.addHandler(ears)
    names = ["", "django", "django.request", "django_mfa", "django.template"]
    before = {name: logging.getLogger(name).level for name in names}
    for name in names:
        logging.getLogger(name).setLevel(1)

    def note(**told):
        ears.heard.append(repr(told) + repr(told["context"]))

    for event in EVENTS.values():
        event.connect(note)
    try:
        secrets = everything(make_user("kim"), clock, settings, monkeypatch)
    finally:
        for event in EVENTS.values():
            event.disconnect(note)
        root.removeHandler(ears)
        for name, level in before.items():
            logging.getLogger(name).setLevel(level)
    heard = "\n".join(ears.heard) + repr(list(AuditEvent.objects.values()))
    heard += repr(list(Challenge.objects.values()))
    heard += repr(list(PhoneDevice.objects.values()))
    heard += repr(list(EmailDevice.objects.values()))
    found = [secret for secret in secrets if secret in heard]
    assert not found
    assert len(secrets) > 5


def everything(  # noqa: PLR0915  # a story
    user: Any, clock: Any, settings: Any, monkeypatch: Any
) -> set[str]:
    """Every way of a code, right, wrong and failing; return what was secret in it."""
    number, address = "+447400123456", "secret.address@example.org"
    browser = Browser(raise_request_exception=False).begin(user)
    browser.send("setup_send", "sms", to="+44 7400 12345")
    browser.send("setup_send", "sms", to=number)
    browser.send("setup", "sms", code=other_than(last_sms()))
    browser.send("setup", "sms", code=last_sms())
    clock.tick(61)
    browser.send("setup_send", "email", to="not an address")
    browser.send("setup_send", "email", to=address)
    browser.send("setup", "email", code=last_mail())
    for factor, newest in (("sms", last_sms), ("email", last_mail)):
        clock.tick(61)
        browser.post("/logout/")
        browser.begin(user)
        browser.send("verify_send", factor)
        browser.send("verify_send", factor)
        browser.send("verify", factor, code=other_than(newest()))
        browser.send("verify", factor, code=newest())
        assert browser.is_in
    clock.tick(1000)
    settings.DJANGO_MFA = with_gateways("tests.sent.Unsteady", "nothing.at.All")
    for error in (ProviderUnavailable(), ValueError(f"{number} 123456")):
        monkeypatch.setattr(Unsteady, "error", error)
        browser.send("step_up_send", "sms")

    def fail(self):
        raise ConnectionError(address)

    monkeypatch.setattr("django.core.mail.EmailMultiAlternatives.send", fail)
    browser.send("step_up_send", "email")
    codes = {message.code for message in sms_outbox}
    mails = {word for sent in mail.outbox for word in sent.body.split()}
    codes |= {word for word in mails if word.isdigit() and len(word) == 6}
    return {number, number[3:], "7400 123456", address, *codes}
