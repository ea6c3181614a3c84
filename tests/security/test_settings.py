"""What a setting says is done, and what it says by default."""

from __future__ import annotations

import re

import pytest
from django.core import mail

from django_mfa.testing import add_email, add_phone, sms_outbox, totp_code
from tests.browser import Browser, wrong_code
from tests.sent import SETTINGS, other_than

SETUP = ("setup", "totp")


@pytest.fixture
def say(settings):
    def change(**values):
        settings.DJANGO_MFA = {**settings.DJANGO_MFA, **values}

    return change


@pytest.mark.parametrize(
    ("said", "seconds"), [({}, 900), ({"PENDING_LOGIN_TTL": 60}, 60)]
)
def test_a_sign_in_waits_for_so_long(alice, clock, say, said, seconds):
    say(**said)
    browser = alice.begin()
    clock.tick(seconds - 1)
    assert browser.is_waiting
    clock.tick(2)
    assert not browser.is_waiting
    browser.code(alice.code)
    assert not browser.is_in


@pytest.mark.parametrize(("said", "seconds"), [({}, 600), ({"SETUP_TTL": 60}, 60)])
@pytest.mark.parametrize("late", [False, True])
def test_a_set_up_waits_for_so_long(carol, clock, say, said, seconds, late):
    say(**said)
    browser = Browser().begin(carol)
    secret = browser.page(*SETUP).context["show"]["secret"].replace(" ", "")
    clock.tick(seconds + 1 if late else seconds - 1)
    browser.send(*SETUP, code=totp_code(secret))
    assert carol.mfa_totpdevice_set.filter(confirmed=True).exists() is not late


@pytest.mark.parametrize(
    ("said", "numbers"),
    [
        ({}, (5, 900, 1800)),
        ({"FAILURES": 3, "FAILURE_WINDOW": 60, "LOCK": 90}, (3, 60, 90)),
    ],
)
def test_so_many_wrong_codes_in_such_a_time_lock_for_so_long(
    alice, clock, say, said, numbers
):
    failures, window, lock = numbers
    say(LIMITS={"ADDRESS_FAILURES": 0, **said})
    for _ in range(failures - 1):
        alice.begin().code(wrong_code(alice.secret))
    clock.tick(window + 1)
    # Those are forgotten.
    for _ in range(failures - 1):
        alice.begin().code(wrong_code(alice.secret))
    refused = alice.begin().code(wrong_code(alice.secret))
    assert (refused.status_code, refused["Retry-After"]) == (429, str(lock))
    clock.tick(lock - 1)
    assert alice.begin().code(alice.code).status_code == 429
    clock.tick(2)
    alice.enter()


@pytest.mark.parametrize(
    ("said", "failures", "window"),
    [({}, 10, 300), ({"ADDRESS_FAILURES": 2, "ADDRESS_WINDOW": 60}, 2, 60)],
)
def test_so_many_wrong_codes_from_an_address_are_judged(
    alice, clock, say, said, failures, window
):
    say(LIMITS={"FAILURES": 50, **said})
    for _ in range(failures):
        assert alice.begin().code(wrong_code(alice.secret)).status_code == 200
    assert alice.begin().code(alice.code).status_code == 429
    clock.tick(window)
    alice.enter()


@pytest.mark.parametrize(("said", "seconds"), [({}, 900), ({"MAX_AGE": 60}, 60)])
def test_a_proof_is_fresh_for_so_long(alice, clock, say, said, seconds):
    say(STEP_UP=said)
    browser = alice.enter()
    clock.tick(seconds)
    assert browser.page("disable").status_code == 200
    clock.tick(1)
    assert browser.page("disable").status_code == 302


@pytest.mark.urls("tests.policy_pages")
@pytest.mark.parametrize(("said", "kept"), [({}, False), ({"KEEP_FORM": True}, True)])
def test_a_form_is_kept_where_the_site_says_so(alice, clock, say, said, kept):
    say(STEP_UP=said)
    browser = alice.enter()
    clock.tick(1000)
    assert browser.post("/p/step_up/", {"text": "Dear Bob"}).status_code == 302
    assert ("_mfa_form" in browser.session) is kept


@pytest.mark.parametrize(("said", "seconds"), [({}, 300), ({"FORM_TTL": 60}, 60)])
@pytest.mark.parametrize("late", [False, True])
def test_a_form_is_kept_for_so_long(alice, clock, say, said, seconds, late):
    say(STEP_UP=said)
    browser = alice.enter()
    clock.tick(1000)
    asked = browser.post("/transfer/", {"recipient": "Bob Ross", "amount": "9"})
    clock.tick(seconds + 1 if late else seconds)
    browser.post(asked.url, {"code": alice.code})
    assert ("Bob Ross" in browser.get("/transfer/").text) is not late


CODES = {"LENGTH": 8, "TRIES": 1, "RESEND_AFTER": 90, "SMS_TTL": 99, "EMAIL_TTL": 98}


@pytest.mark.usefixtures("sends")
@pytest.mark.parametrize(
    ("factor", "said", "numbers"),
    [
        ("sms", {}, (6, 3, 60, 300)),
        ("sms", CODES, (8, 1, 90, 99)),
        ("email", {}, (6, 3, 60, 600)),
        ("email", CODES, (8, 1, 90, 98)),
    ],
)
def test_codes_that_are_sent_are_what_the_settings_say(
    make_user, clock, say, factor, said, numbers
):
    length, tries, wait, lives = numbers
    say(**SETTINGS, SENT_CODES=said)
    user = make_user("erin")
    add_phone(user, "+447700900123")
    add_email(user, "erin@example.com")

    def ask():
        browser = Browser().begin(user)
        answer = browser.send("verify_send", factor)
        text = sms_outbox[-1].text if factor == "sms" else str(mail.outbox[-1].body)
        (code,) = set(re.findall(rf"(?<![\w#])\d{{{length}}}(?!\w)", text))
        return browser, answer, code

    browser, _answer, code = ask()
    for _ in range(tries):
        browser.send("verify", factor, code=other_than(code))
    browser.send("verify", factor, code=code)
    assert not browser.is_in
    clock.tick(wait - 1)
    assert ask()[1].status_code == 429
    clock.tick(2)
    for waited, is_in in ((lives - 1, True), (lives + 1, False)):
        browser, _answer, code = ask()
        clock.tick(waited)
        browser.send("verify", factor, code=code)
        assert browser.is_in is is_in
