from __future__ import annotations

import pytest

from django_mfa.challenges.models import Challenge
from django_mfa.errors import MFAError
from django_mfa.factors.sms.models import PhoneDevice
from django_mfa.flows import sending
from django_mfa.testing import add_phone, sms_outbox
from tests.browser import Browser
from tests.sent import SETTINGS, last_sms, other_than

from .crowd import all_at_once, statuses

pytestmark = [pytest.mark.race, pytest.mark.usefixtures("sends")]

MANY = 20
QUEUE: list[dict[str, str]] = []


@pytest.fixture
def phone(alice):
    return add_phone(alice)


@pytest.fixture
def waiting(alice, phone):
    """A browser that waits for a code by message."""
    return Browser(raise_request_exception=False).begin(alice)


def copies(browser):
    """The same browser, many times at once."""
    return [
        Browser(raise_request_exception=False).with_key(browser.key)
        for _ in range(MANY)
    ]


def answers(browsers, codes):
    jobs = [
        lambda browser=browser, code=code: browser.send("verify", "sms", code=code)
        for browser, code in zip(browsers, codes, strict=True)
    ]
    found = statuses(all_at_once(jobs))
    assert max(found) < 500, found
    return found


def test_R05_one_right_code_twenty_times_at_once_lets_in_once(waiting, phone):
    waiting.send("verify_send", "sms")
    browsers = copies(waiting)
    answers(browsers, [last_sms()] * MANY)
    phone.refresh_from_db()
    assert phone.uses == 1
    assert Challenge.objects.exclude(taken=None).count() == 1


def test_B05_twenty_wrong_codes_at_once_use_three_tries_and_five_guesses(
    waiting, phone
):
    waiting.send("verify_send", "sms")
    code = last_sms()
    answers(copies(waiting), [other_than(code)] * MANY)
    phone.refresh_from_db()
    assert phone.failures_total == 5
    assert Challenge.objects.get().tries == 3
    answers([waiting], [code])
    assert not waiting.is_in


def test_M02_twenty_wishes_for_a_code_at_once_send_one(alice, phone):
    browsers = [
        Browser(raise_request_exception=False).begin(alice) for _ in range(MANY)
    ]
    jobs = [
        lambda browser=browser: browser.send("verify_send", "sms")
        for browser in browsers
    ]
    found = statuses(all_at_once(jobs))
    assert sorted(set(found)) == [302, 429]
    assert found.count(302) == 1
    assert len(sms_outbox) == 1


@pytest.mark.parametrize("browsers", ["one", "many"])
def test_M02_twenty_new_numbers_at_once_get_one_code(alice, make_user, browsers):
    user = make_user("zoe")
    first = Browser(raise_request_exception=False).begin(user)
    doors = (
        copies(first)
        if browsers == "one"
        else [Browser(raise_request_exception=False).begin(user) for _ in range(MANY)]
    )
    jobs = [
        lambda n=n, door=door: door.send("setup_send", "sms", to=f"+4474{n:02}123456")
        for n, door in enumerate(doors)
    ]
    found = statuses(all_at_once(jobs))
    assert sorted(set(found)) == [302, 429]
    assert found.count(302) == 1
    assert len(sms_outbox) == 1


def test_a_task_that_twenty_workers_got_sends_once(waiting, settings):
    QUEUE.clear()
    settings.DJANGO_MFA = {**SETTINGS, "SENT_CODES": {"DISPATCHER": QUEUE.append}}
    waiting.send("verify_send", "sms")
    results = all_at_once([lambda: sending.deliver_quietly(QUEUE[0])] * MANY)
    assert results == ["done"] * MANY
    assert len(sms_outbox) == 1


def test_one_code_confirms_a_phone_once(alice, clock, make_user):
    user = make_user("nobody-yet")
    browser = Browser(raise_request_exception=False).begin(user)
    browser.send("setup_send", "sms", to="+447400123456")
    code = last_sms()
    jobs = [
        lambda each=each: each.send("setup", "sms", code=code)
        for each in copies(browser)
    ]
    found = all_at_once(jobs)
    assert not [each for each in found if isinstance(each, MFAError)]
    assert max(statuses(found)) < 500
    assert PhoneDevice.objects.filter(confirmed=True).count() == 1
