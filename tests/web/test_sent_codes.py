from __future__ import annotations

import pytest
from django.core import mail

from django_mfa.audit.models import AuditEvent
from django_mfa.challenges.models import Challenge
from django_mfa.factors.email.models import EmailDevice
from django_mfa.factors.sms.models import PhoneDevice
from django_mfa.testing import (
    add_email,
    add_phone,
    add_totp,
    freeze,
    sms_outbox,
    totp_code,
)
from tests.browser import Browser
from tests.sent import last_mail, last_sms, other_than
from tests.stories import told

pytestmark = pytest.mark.usefixtures("sends")

NUMBER = "+447400123456"


@pytest.fixture(autouse=True)
def clock():
    with freeze(1_800_000_001) as stopped:
        yield stopped


@pytest.fixture
def visitor(db):
    return Browser()


@pytest.fixture
def phone(user):
    return add_phone(user)


@pytest.fixture
def waiting(visitor, user, phone):
    """A browser in which the password was right and a code by message is owed."""
    return visitor.begin(user)


def test_signing_in_by_text_message(waiting, user):
    page = waiting.page("verify").text
    assert 'Send a code to <bdi dir="ltr">••••••23</bdi>' in page
    assert not sms_outbox
    assert waiting.send("verify_send", "sms").url == "/mfa/verify/sms/"
    page = waiting.page("verify", "sms").text
    assert "on its way to" in page
    assert sms_outbox[0].to == "+447700900123"
    done = waiting.send("verify", "sms", code=last_sms())
    assert done.url == "/profile/"
    assert waiting.is_in
    proof = waiting.session["_mfa_proofs"][0]
    assert (proof["amr"], proof["acr"]) == (["sms"], "aal2")
    assert not proof["phishing_resistant"]
    assert told()[-2:] == ["code_sent", "challenge_passed"]


def test_signing_in_by_mail(visitor, user):
    add_email(user, "alice@example.com")
    visitor.begin(user)
    mail.outbox.clear()
    visitor.send("verify_send", "email")
    (message,) = mail.outbox
    assert message.to == ["alice@example.com"]
    visitor.send("verify", "email", code=last_mail())
    assert visitor.is_in
    proof = visitor.session["_mfa_proofs"][0]
    assert (proof["amr"], proof["acr"]) == (["otp"], "aal1")


def test_looking_sends_nothing(waiting):
    assert waiting.page("verify", "sms").status_code == 200
    assert waiting.page("verify_send", "sms").url == "/mfa/verify/sms/"
    assert not sms_outbox
    assert not Challenge.objects.exists()


def test_another_code_is_sent_after_a_minute_and_the_old_one_is_dead(waiting, clock):
    waiting.send("verify_send", "sms")
    old = last_sms()
    clock.tick(59)
    early = waiting.send("verify_send", "sms")
    assert early.status_code == 429
    assert early["Retry-After"] == "1"
    assert "A code was sent a moment ago" in early.text
    assert len(sms_outbox) == 1
    clock.tick(1)
    waiting.send("verify_send", "sms")
    new = last_sms()
    assert old != new
    waiting.send("verify", "sms", code=old)
    assert not waiting.is_in
    waiting.send("verify", "sms", code=new)
    assert waiting.is_in


def test_the_old_code_serves_while_another_one_is_refused(waiting, clock):
    waiting.send("verify_send", "sms")
    clock.tick(30)
    waiting.send("verify_send", "sms")
    waiting.send("verify", "sms", code=last_sms())
    assert waiting.is_in


@pytest.mark.parametrize(("factor", "lifetime"), [("sms", 300), ("email", 600)])
def test_a_code_serves_until_it_is_over(visitor, user, clock, factor, lifetime):
    add_phone(user)
    add_email(user)
    for wait, is_in in ((lifetime, False), (lifetime - 1, True)):
        visitor.begin(user).send("verify_send", factor)
        clock.tick(wait)
        code = last_sms() if factor == "sms" else last_mail()
        response = visitor.send("verify", factor, code=code)
        assert visitor.is_in is is_in
        if not is_in:
            assert "can no longer be used" in response.text


def test_three_wrong_tries_end_a_code(waiting):
    waiting.send("verify_send", "sms")
    code = last_sms()
    for _ in range(3):
        page = waiting.send("verify", "sms", code=other_than(code))
    assert "can no longer be used" in page.text
    waiting.send("verify", "sms", code=code)
    assert not waiting.is_in
    reasons = AuditEvent.objects.filter(event="challenge_failed").order_by("id")
    assert [row.reason for row in reasons] == [*["wrong"] * 3, "no_tries_left"]


def test_a_code_before_one_was_sent_is_refused_and_counted(waiting, phone):
    waiting.send("verify", "sms", code="123456")
    assert not waiting.is_in
    phone.refresh_from_db()
    assert phone.failures == 1
    assert AuditEvent.objects.latest("id").reason == "nothing_sent"


def test_of_two_phones_the_person_chooses(visitor, user, phone):
    other = add_phone(user, "+447700900456", name="Work")
    visitor.begin(user)
    page = visitor.page("verify", "sms").text
    assert "••••••23" in page
    assert "••••••56" in page
    visitor.send("verify_send", "sms", device=str(other.public_id))
    assert sms_outbox[-1].to == "+447700900456"
    visitor.send("verify", "sms", code=last_sms())
    assert visitor.is_in
    other.refresh_from_db()
    phone.refresh_from_db()
    assert (other.uses, phone.uses) == (1, 0)


def test_a_code_goes_to_no_device_of_somebody_else(waiting, make_user):
    theirs = add_phone(make_user("bob"), "+447700900789")
    for name in (str(theirs.public_id), "nonsense", "+447700900789"):
        assert waiting.send("verify_send", "sms", device=name).status_code == 404
    assert not sms_outbox


def test_a_factor_that_is_not_offered_sends_nothing(waiting):
    for name in ("email", "totp", "passkey", "nothing"):
        assert waiting.send("verify_send", name).status_code == 404


def test_nobody_waiting_gets_no_code(visitor, user, phone):
    for name in ("verify_send", "step_up_send", "setup_send"):
        assert visitor.send(name, "sms").status_code == 302
    assert not sms_outbox


def test_a_program_is_told_in_json(waiting):
    headers = {"Accept": "application/json"}
    url = "/mfa/verify/sms/send/"
    sent = waiting.post(url, headers=headers)
    assert sent.json() == {
        "sent_to": "••••••23",
        "device": str(PhoneDevice.objects.get().public_id),
        "expires_in": 300,
        "retry_after": 60,
    }
    early = waiting.post(url, headers=headers)
    assert early.status_code == 429
    assert early.json()["code"] == "send_too_soon"


def test_step_up_by_text_message(visitor, user, clock):
    secret = add_totp(user)
    add_phone(user)
    visitor.enter(user, secret)
    clock.tick(1000)
    url = visitor.send("step_up_send", "sms", next="/mfa/setup/").url
    assert url == "/mfa/step-up/sms/?next=%2Fmfa%2Fsetup%2F"
    assert "on its way" in visitor.get(url).text
    done = visitor.send("step_up", "sms", code=last_sms(), next="/mfa/setup/")
    assert done.url == "/mfa/setup/"
    assert visitor.page("setup").status_code == 200
    assert visitor.page("step_up_send", "sms").url == "/mfa/step-up/sms/"


@pytest.mark.parametrize("factor", ["totp", "passkey", "nothing"])
def test_there_is_no_page_to_send_what_is_not_sent(visitor, user, phone, factor):
    visitor.begin(user)
    for name in ("verify_send", "setup_send"):
        assert visitor.page(name, factor).status_code == 404
        assert visitor.send(name, factor).status_code in (404, 302)


# Setting up


def test_a_program_sets_a_phone_up_in_json(visitor, user):
    visitor.begin(user)
    headers, url = {"Accept": "application/json"}, "/mfa/setup/sms/send/"
    bad = visitor.post(url, {"to": "12345"}, headers=headers)
    assert (bad.status_code, bad.json()["code"]) == (400, "invalid_number")
    sent = visitor.post(url, {"to": NUMBER}, headers=headers).json()
    assert (sent["sent_to"], sent["expires_in"]) == ("••••••56", 300)


def test_looking_at_a_set_up_sends_nothing(visitor, user):
    visitor.begin(user)
    url = visitor.page("setup_send", "sms", next="/transfer/").url
    assert url == "/mfa/setup/sms/?next=%2Ftransfer%2F"
    visitor.send("setup_send", "sms", restart="1")
    assert not sms_outbox


def test_a_phone_is_set_up_by_number_and_code(visitor, user):
    visitor.begin(user)
    page = visitor.page("setup", "sms")
    assert "Phone number" in page.text
    assert visitor.send("setup_send", "sms", to="+44 7400 123456").url == (
        "/mfa/setup/sms/"
    )
    device = PhoneDevice.objects.get()
    assert (device.confirmed, device.masked, device.country) == (
        False,
        "••••••56",
        "GB",
    )
    assert NUMBER not in repr(PhoneDevice.objects.values())
    assert "••••••56" in visitor.page("setup", "sms").text
    visitor.send("setup", "sms", code=other_than(last_sms()))
    device.refresh_from_db()
    assert not device.confirmed
    done = visitor.send("setup", "sms", code=last_sms(), name="Mine")
    assert len(done.context["codes"]) == 10
    device.refresh_from_db()
    assert (device.confirmed, device.name, device.destination) == (True, "Mine", NUMBER)
    assert device.verified_at
    assert "device_confirmed" in told()


def test_an_address_is_set_up_with_the_persons_own_as_a_beginning(visitor, user):
    visitor.begin(user)
    form = visitor.page("setup", "email").context["to_form"]
    assert form.initial == {"to": user.email}
    visitor.send("setup_send", "email", to=user.email)
    visitor.send("setup", "email", code=last_mail())
    assert EmailDevice.objects.get().confirmed


@pytest.mark.parametrize("to", ["", "12345", "+44 7400 12345a", "+447400123456\n"])
def test_what_is_no_number_is_told_beside_the_field(visitor, user, to):
    visitor.begin(user)
    page = visitor.send("setup_send", "sms", to=to)
    assert 'aria-invalid="true"' in page.text
    assert not sms_outbox
    assert not PhoneDevice.objects.exists()


@pytest.mark.parametrize("to", ["a@example.com\n", "a@example.com\r\nBcc: b@c.de"])
def test_what_is_no_address_is_told_beside_the_field(visitor, user, to):
    visitor.begin(user)
    page = visitor.send("setup_send", "email", to=to)
    assert 'aria-invalid="true"' in page.text
    assert not mail.outbox


def test_another_number_can_be_typed(visitor, user, clock):
    visitor.begin(user)
    visitor.send("setup_send", "sms", to=NUMBER)
    visitor.send("setup_send", "sms", restart="1")
    assert "Phone number" in visitor.page("setup", "sms").text
    code = last_sms()
    visitor.send("setup", "sms", code=code)
    assert not PhoneDevice.objects.filter(confirmed=True).exists()


@pytest.mark.parametrize("restarts", [True, False])
def test_a_new_number_is_no_way_round_the_wait(visitor, user, clock, restarts):
    visitor.begin(user)
    visitor.send("setup_send", "sms", to=NUMBER)
    if restarts:
        visitor.send("setup_send", "sms", restart="1")
    early = visitor.send("setup_send", "sms", to="+447400123457")
    assert early.status_code == 429
    assert len(sms_outbox) == 1
    clock.tick(60)
    visitor.send("setup_send", "sms", to="+447400123457")
    assert len(sms_outbox) == 2


@pytest.mark.parametrize("again", [NUMBER, "+447400123457", "nonsense"])
def test_a_second_press_on_the_button_loses_no_set_up(visitor, user, clock, again):
    visitor.begin(user)
    visitor.send("setup_send", "sms", to=NUMBER)
    page = visitor.send("setup_send", "sms", to=again)
    assert page.status_code in {200, 429}
    assert 'name="code"' in page.text
    assert len(sms_outbox) == 1
    visitor.send("setup", "sms", code=last_sms())
    assert PhoneDevice.objects.get().destination == NUMBER


def test_a_spent_budget_loses_no_set_up(visitor, user, clock, settings):
    settings.DJANGO_MFA = {**settings.DJANGO_MFA, "SENDS": {"USER_HOUR": 1}}
    visitor.begin(user)
    visitor.send("setup_send", "sms", to=NUMBER)
    clock.tick(60)
    assert visitor.send("setup_send", "sms", to="+447400123457").status_code == 429
    visitor.send("setup", "sms", code=last_sms())
    assert PhoneDevice.objects.get().destination == NUMBER


def test_another_code_is_sent_to_what_waits(visitor, user, clock):
    visitor.begin(user)
    visitor.send("setup_send", "sms", to=NUMBER)
    clock.tick(60)
    visitor.send("setup_send", "sms")
    assert [message.to for message in sms_outbox] == [NUMBER, NUMBER]
    visitor.send("setup", "sms", code=last_sms())
    assert PhoneDevice.objects.get().confirmed


def test_nothing_is_sent_where_nothing_waits(visitor, user):
    visitor.begin(user)
    page = visitor.send("setup_send", "sms")
    assert "Setup session expired" in page.text
    assert not sms_outbox


def test_a_set_up_in_another_browser_is_not_gone_on_with(visitor, user, clock):
    visitor.begin(user)
    visitor.send("setup_send", "sms", to=NUMBER)
    other = Browser().begin(user)
    other.send("setup", "sms", code=last_sms())
    assert not PhoneDevice.objects.get().confirmed


def test_a_number_of_ones_own_is_not_added_twice(visitor, user, clock):
    secret = add_totp(user)
    add_phone(user, NUMBER)
    visitor.enter(user, secret)
    page = visitor.send("setup_send", "sms", to=NUMBER)
    assert page.status_code == 409
    assert "registered already" in page.text
    assert not sms_outbox


def test_a_number_of_somebody_elses_is_told_by_nothing(visitor, user, make_user):
    add_phone(make_user("bob"), NUMBER)
    visitor.begin(user)
    assert visitor.send("setup_send", "sms", to=NUMBER).status_code == 302


def test_a_set_up_that_is_guessed_at_ends(visitor, user, settings, clock):
    settings.DJANGO_MFA = {
        **settings.DJANGO_MFA,
        "LIMITS": {"ADDRESS_FAILURES": 0},
    }
    visitor.begin(user)
    visitor.send("setup_send", "sms", to=NUMBER)
    wrong = other_than(last_sms())
    for _ in range(21):
        visitor.send("setup", "sms", code=wrong)
    assert not PhoneDevice.objects.exists()


def test_totp_still_signs_in_where_a_phone_is_there_too(visitor, user, phone):
    secret = add_totp(user)
    visitor.begin(user).send("verify", "totp", code=totp_code(secret))
    assert visitor.is_in
