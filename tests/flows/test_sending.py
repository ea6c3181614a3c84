from __future__ import annotations

import logging

import pytest
from django.core import mail
from django.db import connection

from django_mfa.audit.models import AuditEvent
from django_mfa.challenges.models import Challenge
from django_mfa.errors import (
    ApprovalRequired,
    DestinationRefused,
    FactorNotAvailable,
    InvalidCode,
    InvalidNumber,
    LoginExpired,
    ProviderUnavailable,
    SendFailed,
    SendRefused,
    SendTooSoon,
    TooManyAttempts,
    Unavailable,
)
from django_mfa.factors.email import EmailFactor
from django_mfa.factors.sent_code.models import Answer
from django_mfa.factors.sent_code.parcel import Parcel
from django_mfa.factors.sms.models import PhoneDevice
from django_mfa.flows import approve, challenge, enrol, send_code, sending
from django_mfa.limits.models import SendCounter, SendRecord
from django_mfa.signals import code_sent
from django_mfa.testing import add_email, add_phone, add_totp, freeze, sms_outbox
from tests.sent import (
    SETTINGS,
    Judging,
    Unsteady,
    last_mail,
    last_sms,
    other_than,
    with_gateways,
)
from tests.stories import held, last_told, next_request, queries, signed_in, told

pytestmark = pytest.mark.usefixtures("sends")

QUEUE: list[dict[str, str]] = []


def later(parcel: dict[str, str]) -> None:
    """A queue whose worker has not come yet."""
    QUEUE.append(parcel)


def broken(parcel: dict[str, str]) -> None:
    """A broker that is down."""
    message = "redis://secret@broker"
    raise ConnectionError(message)


@pytest.fixture(autouse=True)
def clock():
    with freeze(1_800_000_001) as stopped:
        yield stopped


@pytest.fixture(autouse=True)
def unsteady(monkeypatch):
    QUEUE.clear()
    Judging.asked.clear()
    monkeypatch.setattr(Judging, "error", None)
    monkeypatch.setattr(Unsteady, "after", None)
    monkeypatch.setattr(Unsteady, "error", None)
    return Unsteady


@pytest.fixture
def phone(user):
    return add_phone(user)


@pytest.fixture
def ctx(user, phone):
    return held(user)


def queued(settings):
    settings.DJANGO_MFA = {
        **SETTINGS,
        "SENT_CODES": {"DISPATCHER": "tests.flows.test_sending.later"},
    }


def used(user):
    """How many sends the person's budget counts in this hour."""
    return max(SendCounter.objects.values_list("in_hour", flat=True), default=0)


def test_what_is_stored_is_a_digest_and_what_is_sent_is_the_code(ctx):
    sent = send_code.to_sign_in(ctx, "sms")
    assert (sent.to, sent.wait, sent.failure) == ("••••••23", 60, "")
    code, stored = last_sms(), repr(Challenge.objects.values())
    assert code not in stored
    assert challenge.answer(ctx, code, factor="sms").proof.amr == ("sms",)


def test_a_message_ends_with_a_line_for_browsers(ctx):
    send_code.to_sign_in(ctx, "sms")
    assert sms_outbox[0].text.splitlines()[-1] == f"@testserver #{last_sms()}"
    assert len(sms_outbox[0].text) <= 160


def test_nothing_is_sent_in_a_transaction(ctx, monkeypatch, settings):
    seen = []

    def note():
        # The test's own transaction is the one that is open.
        seen.append(len(connection.savepoint_ids))

    monkeypatch.setattr(Unsteady, "after", note)
    settings.DJANGO_MFA = with_gateways("tests.sent.Unsteady")
    outside = len(connection.savepoint_ids)
    send_code.to_sign_in(ctx, "sms")
    assert seen == [outside]


def test_a_send_that_fails_gives_wait_and_quota_back(ctx, user, settings, monkeypatch):
    settings.DJANGO_MFA = with_gateways("tests.sent.Unsteady")
    monkeypatch.setattr(Unsteady, "error", ProviderUnavailable())
    for _ in range(3):
        with pytest.raises(ProviderUnavailable):
            send_code.to_sign_in(ctx, "sms")
        assert used(user) == 0
        assert PhoneDevice.objects.get().last_sent is None
    row = last_told()
    assert (row.event, row.reason) == ("send_failed", "send_unavailable")
    sent, _devices = send_code.look(ctx, "sms", challenge.Purpose.LOGIN)
    assert sent.failure == "send_unavailable"
    monkeypatch.setattr(Unsteady, "error", None)
    send_code.to_sign_in(ctx, "sms")
    assert used(user) == 1
    challenge.answer(ctx, last_sms(), factor="sms")


def test_what_nobody_expected_gives_them_back_as_well(ctx, user, settings, monkeypatch):
    add_email(user)
    ctx = held(user)

    def fail(*args):
        raise ZeroDivisionError

    monkeypatch.setattr(EmailFactor, "transmit", fail)
    with pytest.raises(ZeroDivisionError):
        send_code.to_sign_in(ctx, "email")
    assert used(user) == 0
    assert last_told().reason == "ZeroDivisionError"


def test_a_code_that_arrives_although_sending_failed_is_right(
    ctx, settings, monkeypatch
):
    # The provider took it and did not answer in time.
    settings.DJANGO_MFA = with_gateways("tests.sent.Unsteady")

    def gone():
        raise ProviderUnavailable

    monkeypatch.setattr(Unsteady, "after", gone)
    with pytest.raises(ProviderUnavailable):
        send_code.to_sign_in(ctx, "sms")
    challenge.answer(ctx, last_sms(), factor="sms")


def test_a_budget_that_is_spent_costs_no_wait_and_no_code(ctx, settings, clock):
    settings.DJANGO_MFA = {**SETTINGS, "SENDS": {"USER_HOUR": 1}}
    send_code.to_sign_in(ctx, "sms")
    code = last_sms()
    clock.tick(61)
    with pytest.raises(SendRefused):
        send_code.to_sign_in(ctx, "sms")
    assert "send_refused" in told()
    device = PhoneDevice.objects.get()
    assert device.last_sent is None
    assert len(sms_outbox) == 1
    challenge.answer(ctx, code, factor="sms")


def test_a_country_that_is_allowed_no_more_gets_nothing(ctx, user, settings):
    settings.DJANGO_MFA = {
        **SETTINGS,
        "SMS": {"GATEWAYS": ["locmem"], "COUNTRIES": ["DE"]},
    }
    with pytest.raises(DestinationRefused):
        send_code.to_sign_in(ctx, "sms")
    assert not sms_outbox
    assert PhoneDevice.objects.get().last_sent is None
    row = last_told()
    assert (row.event, row.reason, row.user) == ("send_refused", "country", user)
    assert row.details["purpose"] == "login"


def test_a_number_of_a_kind_that_gets_no_codes_is_told_of_and_not_stored(user):
    ctx = signed_in(user)
    with pytest.raises(DestinationRefused):
        enrol.send(ctx, "sms", "+33 899 12 34 56")
    row = last_told()
    assert (row.event, row.reason, row.user) == ("send_refused", "kind", user)
    assert row.details == {"purpose": "enrol", "kind": "premium_rate"}
    assert "899" not in repr(AuditEvent.objects.values())
    assert not PhoneDevice.objects.exists()


def test_a_slip_of_the_finger_is_no_event(user):
    ctx = signed_in(user)
    with pytest.raises(InvalidNumber):
        enrol.send(ctx, "sms", "+44 7400")
    assert told() == []


def test_an_audit_row_that_fails_undoes_it_all(ctx, user):
    def fail(**kwargs):
        raise ZeroDivisionError

    code_sent.connect(fail)
    try:
        with pytest.raises(ZeroDivisionError):
            send_code.to_sign_in(ctx, "sms")
    finally:
        code_sent.disconnect(fail)
    assert not Challenge.objects.exists()
    assert not sms_outbox
    assert used(user) == 0
    send_code.to_sign_in(ctx, "sms")


def test_a_locked_account_gets_no_code(ctx, settings, user):
    for _ in range(5):
        with pytest.raises((InvalidCode, TooManyAttempts)):
            challenge.answer(ctx, "123456", factor="sms")
    with pytest.raises(TooManyAttempts) as caught:
        send_code.to_sign_in(ctx, "sms")
    assert not isinstance(caught.value, SendRefused)
    assert not sms_outbox


def test_a_device_that_is_switched_off_gets_no_code(ctx, phone):
    PhoneDevice.objects.update(disabled_at=phone.created)
    with pytest.raises(FactorNotAvailable):
        send_code.to_sign_in(ctx, "sms")


def test_who_may_not_sign_in_any_more_gets_no_code(ctx, user):
    type(user)._default_manager.update(is_active=False)
    with pytest.raises(LoginExpired):
        send_code.to_sign_in(ctx, "sms")


def test_a_factor_that_sends_nothing_cannot_be_asked_to(user, phone):
    add_totp(user)
    ctx = held(user)
    with pytest.raises(FactorNotAvailable):
        send_code.to_sign_in(ctx, "totp")
    with pytest.raises(FactorNotAvailable):
        sending.require_sender(challenge.registry.get("totp"))


# Queues


def test_a_queue_carries_neither_code_nor_number(ctx, settings):
    queued(settings)
    send_code.to_sign_in(ctx, "sms")
    (parcel,) = QUEUE
    assert not sms_outbox
    assert sending.deliver_quietly(parcel) == "done"
    carried = repr(parcel) + repr(Parcel.from_json(parcel))
    assert last_sms() not in carried
    assert "7700900123" not in carried
    challenge.answer(ctx, last_sms(), factor="sms")


def test_a_task_that_is_repeated_sends_once(ctx, settings):
    queued(settings)
    send_code.to_sign_in(ctx, "sms")
    for _ in range(3):
        assert sending.deliver_quietly(QUEUE[0]) == "done"
    assert len(sms_outbox) == 1
    challenge.answer(ctx, last_sms(), factor="sms")


def test_a_process_ended_after_the_provider_took_it_leaves_one_right_code(
    ctx, settings, monkeypatch
):
    queued(settings)
    settings.DJANGO_MFA = {
        **settings.DJANGO_MFA,
        "SMS": {"GATEWAYS": ["tests.sent.Unsteady"]},
    }
    send_code.to_sign_in(ctx, "sms")

    class Killed(BaseException):
        pass

    def kill(*args, **kwargs):
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr("django_mfa.challenges.codes.note", kill)
        with pytest.raises(Killed):
            sending.deliver_quietly(QUEUE[0])
    # The queue gives it to another worker.
    assert sending.deliver_quietly(QUEUE[0]) == "done"
    assert len(sms_outbox) == 1
    challenge.answer(ctx, last_sms(), factor="sms")


def test_a_task_that_comes_late_sends_nothing(ctx, settings, clock):
    queued(settings)
    send_code.to_sign_in(ctx, "sms")
    clock.tick(61)
    send_code.to_sign_in(ctx, "sms")
    old, new = QUEUE
    sending.deliver_quietly(new)
    sending.deliver_quietly(old)
    assert len(sms_outbox) == 1
    challenge.answer(ctx, last_sms(), factor="sms")


def test_a_task_after_its_time_sends_nothing(ctx, settings, clock):
    queued(settings)
    send_code.to_sign_in(ctx, "sms")
    clock.tick(300)
    sending.deliver_quietly(QUEUE[0])
    assert not sms_outbox


def test_a_device_removed_meanwhile_gets_nothing(ctx, settings, phone):
    queued(settings)
    send_code.to_sign_in(ctx, "sms")
    PhoneDevice.objects.all().delete()
    assert sending.deliver_quietly(QUEUE[0]) == "factor_not_available"
    assert not sms_outbox
    assert SendRecord.objects.get().state == SendRecord.FAILED


def test_a_failure_in_a_worker_is_told_on_the_page_and_in_the_log(
    ctx, settings, monkeypatch, user
):
    queued(settings)
    send_code.to_sign_in(ctx, "sms")
    settings.DJANGO_MFA = with_gateways("tests.sent.Unsteady")
    monkeypatch.setattr(Unsteady, "error", ProviderUnavailable())
    assert sending.deliver_quietly(QUEUE[0]) == "send_unavailable"
    sent, _devices = send_code.look(ctx, "sms", challenge.Purpose.LOGIN)
    assert (sent.failure, sent.wait) == ("send_unavailable", 0)
    row = AuditEvent.objects.get(event="send_failed")
    assert (row.address, row.user) == ("127.0.0.1", user)
    assert used(user) == 0


def test_an_old_failure_gives_no_newer_wait_back(ctx, settings, monkeypatch, clock):
    queued(settings)
    send_code.to_sign_in(ctx, "sms")
    monkeypatch.setattr(
        "django_mfa.factors.sms.gateways.send",
        lambda message: (clock.tick(61), again(), fail()),
    )

    def again():
        send_code.to_sign_in(ctx, "sms")

    def fail():
        raise ProviderUnavailable

    sending.deliver_quietly(QUEUE[0])
    with pytest.raises(SendTooSoon):
        send_code.to_sign_in(ctx, "sms")


@pytest.mark.parametrize("change", [{"sealed": "1.x.y"}, {"host": "evil.example"}])
def test_a_parcel_that_was_changed_opens_not(ctx, settings, caplog, change):
    queued(settings)
    send_code.to_sign_in(ctx, "sms")
    assert sending.deliver_quietly({**QUEUE[0], **change}) == "key_trouble"
    assert sending.deliver_quietly({"nonsense": "x"}) == "error"
    assert not sms_outbox


def test_a_broker_that_is_down_fails_at_once(ctx, settings, user, caplog):
    settings.DJANGO_MFA = {**SETTINGS, "SENT_CODES": {"DISPATCHER": broken}}
    with caplog.at_level(logging.DEBUG), pytest.raises(SendFailed):
        send_code.to_sign_in(ctx, "sms")
    assert used(user) == 0
    assert "secret@broker" not in caplog.text
    settings.DJANGO_MFA = SETTINGS
    send_code.to_sign_in(ctx, "sms")
    challenge.answer(ctx, last_sms(), factor="sms")


def test_a_broker_that_took_it_and_said_nothing_has_not_failed(ctx, settings):
    def lost(parcel):
        sending.deliver_quietly(parcel)
        raise ConnectionError

    settings.DJANGO_MFA = {**SETTINGS, "SENT_CODES": {"DISPATCHER": lost}}
    send_code.to_sign_in(ctx, "sms")
    challenge.answer(ctx, last_sms(), factor="sms")


# Codes that the provider makes


@pytest.fixture
def judging(settings, ctx):
    settings.DJANGO_MFA = with_gateways("tests.sent.Judging")
    send_code.to_sign_in(ctx, "sms")
    return Judging


def test_a_code_of_the_provider_is_judged_by_it(ctx, judging):
    ours = sms_outbox[0].code
    with pytest.raises(InvalidCode):
        challenge.answer(ctx, ours, factor="sms")
    challenge.answer(ctx, Judging.CODE, factor="sms")
    assert Judging.asked == [ours, Judging.CODE]


def test_the_provider_is_asked_as_often_as_a_code_may_be_tried(ctx, judging):
    for _ in range(3):
        with pytest.raises(InvalidCode):
            challenge.answer(ctx, "111111", factor="sms")
    with pytest.raises(InvalidCode):
        challenge.answer(ctx, Judging.CODE, factor="sms")
    assert len(Judging.asked) == 3


def test_the_third_try_is_still_one(ctx, judging):
    for _ in range(2):
        with pytest.raises(InvalidCode):
            challenge.answer(ctx, "111111", factor="sms")
    challenge.answer(ctx, Judging.CODE, factor="sms")


def test_a_provider_that_does_not_answer_costs_no_try(ctx, judging, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(Judging, "error", ProviderUnavailable())
        for _ in range(5):
            with pytest.raises(ProviderUnavailable):
                challenge.answer(ctx, Judging.CODE, factor="sms")
    assert PhoneDevice.objects.get().failures == 0
    challenge.answer(ctx, Judging.CODE, factor="sms")


def test_a_locked_account_asks_no_provider(ctx, judging):
    other = held(
        ctx.require_session().require_hold() and PhoneDevice.objects.get().user
    )
    for _ in range(5):
        with pytest.raises((InvalidCode, TooManyAttempts)):
            challenge.answer(other, "111111", factor="sms")
    with pytest.raises(TooManyAttempts):
        challenge.answer(ctx, Judging.CODE, factor="sms")
    assert Judging.asked == []


def test_a_code_of_the_provider_is_asked_for_where_its_receipt_was_lost(ctx, judging):
    row = Challenge.objects.get()
    for name in ("gateway", "provider_id", "elsewhere"):
        row.state.pop(name)
    row.save()
    challenge.answer(ctx, Judging.CODE, factor="sms")


def test_R05_a_lost_receipt_asks_for_no_code_that_was_sent_since(ctx, judging, clock):
    row = Challenge.objects.get()
    for name in ("gateway", "provider_id", "elsewhere"):
        row.state.pop(name)
    row.save()
    clock.tick(61)
    send_code.to_sign_in(held(PhoneDevice.objects.get().user), "sms")
    with pytest.raises(InvalidCode):
        challenge.answer(ctx, Judging.CODE, factor="sms")
    assert Judging.asked == []


def test_a_code_of_ours_needs_no_provider_where_its_receipt_was_lost(ctx, judging):
    row = Challenge.objects.get()
    for name in ("gateway", "provider_id", "elsewhere"):
        row.state.pop(name)
    row.save()
    challenge.answer(ctx, sms_outbox[0].code, factor="sms")
    assert Judging.asked == []


def test_a_guess_at_a_code_that_was_not_sent_costs_a_try(ctx, judging, monkeypatch):
    row = Challenge.objects.get()
    for name in ("gateway", "provider_id", "elsewhere"):
        row.state.pop(name)
    row.save()
    monkeypatch.setattr(Judging, "error", ProviderUnavailable())
    for _ in range(3):
        with pytest.raises(InvalidCode):
            challenge.answer(ctx, other_than(sms_outbox[0].code), factor="sms")
    assert PhoneDevice.objects.get().failures == 3
    with pytest.raises(InvalidCode):
        challenge.answer(ctx, sms_outbox[0].code, factor="sms")


def test_a_code_that_was_used_is_spent_whoever_judges_it(ctx, judging):
    challenge.answer(ctx, Judging.CODE, factor="sms")
    device, row = PhoneDevice.objects.get(), Challenge.objects.get()
    assert row.taken is not None
    verdict = device.judge(Answer(Judging.CODE, row, is_right=True))
    assert (verdict.right, verdict.reason) == (False, "replay")


def test_code_that_knows_only_django_otp_finds_no_code_right(ctx, phone):
    send_code.to_sign_in(ctx, "sms")
    assert not phone.verify_token(last_sms())
    phone.refresh_from_db()
    assert phone.failures == 0
    challenge.answer(ctx, last_sms(), factor="sms")


# What it costs


def test_a_right_code_costs_two_queries_more_than_one_from_an_app(client, user, phone):
    client.force_login(user)
    client.get("/mfa/verify/sms/")
    client.post("/mfa/verify/sms/send/")
    code = last_sms()
    with queries() as seen:
        assert client.post("/mfa/verify/sms/", {"code": code}).status_code == 302
    # Eleven as for an app, the challenge read and taken, the guard told.
    assert len(seen) <= 14


def test_a_wrong_code_costs_little(client, user, phone):
    client.force_login(user)
    client.get("/mfa/verify/sms/")
    client.post("/mfa/verify/sms/send/")
    wrong = other_than(last_sms())
    with queries() as seen:
        assert client.post("/mfa/verify/sms/", {"code": wrong}).status_code == 200
    assert len(seen) <= 10


def test_a_mail_that_fails_is_told_and_costs_nothing(user, monkeypatch):
    add_email(user)
    ctx = held(user)
    mail.outbox.clear()

    def fail(self):
        raise ConnectionRefusedError

    with monkeypatch.context() as patch:
        patch.setattr("django.core.mail.EmailMultiAlternatives.send", fail)
        with pytest.raises(ProviderUnavailable):
            send_code.to_sign_in(ctx, "email")
    send_code.to_sign_in(ctx, "email")
    challenge.answer(ctx, last_mail(), factor="email")


def test_a_database_that_fails_is_told_as_such(ctx, monkeypatch, user):
    from django.db import OperationalError

    def fail(*args):
        raise OperationalError

    monkeypatch.setattr("django_mfa.challenges.codes.issue", fail)
    with pytest.raises(Unavailable):
        send_code.to_sign_in(ctx, "sms")
    assert used(user) == 0
    assert PhoneDevice.objects.get().last_sent is None


def test_an_approval_may_be_given_with_a_code_sent_for_it_alone(user, phone, clock):
    ctx = held(user)
    send_code.to_sign_in(ctx, "sms")
    challenge.answer(ctx, last_sms(), factor="sms")
    ctx = next_request(ctx)
    session = ctx.require_session()
    session.request.method = "POST"
    clock.tick(61)
    opened = []
    for amount in ("100", "200"):
        with pytest.raises(ApprovalRequired) as caught:
            approve.approve(session.request, "pay", None, "Pay", {"Amount": amount})
        opened.append(approve.open_request(ctx, caught.value))
    first, second = opened
    assert send_code.to_approve(ctx, first.public_id, "sms").to == "••••••23"
    with pytest.raises(InvalidCode):
        approve.give(ctx, second.public_id, last_sms(), factor="sms")
    approve.give(ctx, first.public_id, last_sms(), factor="sms")
    assert approve.find(ctx, first.public_id).approved_at


def test_to_start_over_with_nothing_begun_changes_nothing(user):
    secret = add_totp(user)
    ctx = signed_in(user, secret)
    add_phone(user)
    enrol.start_over(ctx, "sms")
    assert PhoneDevice.objects.filter(user=user, confirmed=True).exists()
