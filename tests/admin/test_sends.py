from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.urls import reverse

from django_mfa import clock, conf
from django_mfa.audit.models import AuditEvent
from django_mfa.errors import NotPermitted
from django_mfa.flows import resume
from django_mfa.limits import sends
from django_mfa.limits.models import SendPause, SendRecord
from django_mfa.limits.sends import Sending
from django_mfa.session import Context
from django_mfa.testing import freeze, mfa_login

pytestmark = pytest.mark.django_db

NUMBER = "+4915112345678"
LIST = "admin:django_mfa_sendrecord_changelist"
PAUSES = "admin:django_mfa_sendpause_changelist"


def send(user, number=NUMBER, **given):
    given = {"country": "DE", "kind": "mobile", "prefix": number[:-4], **given}
    sending = Sending("sms", number, user, masked=f"••••••{number[-2:]}", **given)
    return sends.reserve(Context(address="192.0.2.1"), sending)


@pytest.fixture
def pause(db):
    now = clock.now()
    return SendPause.objects.create(
        place="country:LV",
        label="LV",
        opened=now,
        until=now + timedelta(hours=1),
        sends=30,
        answered=1,
    )


def test_the_list_shows_what_was_sent_and_never_where_to(root_client, user):
    sends.sent(send(user), gateway="twilio", cost=Decimal("0.0075"), currency="USD")
    page = root_client.get(reverse(LIST)).content.decode()
    for shown in ("alice", "••••••78", "DE", "twilio", "0.0075 USD"):
        assert shown in page
    row = SendRecord.objects.get()
    detail = reverse("admin:django_mfa_sendrecord_change", args=[row.pk])
    page += root_client.get(detail).content.decode()
    for hidden in (NUMBER[1:], NUMBER[1:-4], row.destination, row.prefix, row.address):
        assert hidden not in page


def test_nobody_changes_what_was_sent(root_client, user):
    send(user)
    row = SendRecord.objects.get()
    for name, args in (("add", []), ("delete", [row.pk])):
        address = reverse(f"admin:django_mfa_sendrecord_{name}", args=args)
        assert root_client.post(address, {"post": "yes"}).status_code == 403
    address = reverse("admin:django_mfa_sendrecord_change", args=[row.pk])
    assert root_client.post(address, {"state": "sent"}).status_code == 403
    assert SendRecord.objects.get().state == SendRecord.RESERVED


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"state": "failed"}, 1),
        ({"state": "reserved"}, 1),
        ({"state": "nonsense"}, 0),
        ({"factor": "sms"}, 2),
        ({"q": "alic"}, 2),
        ({"q": "nobody"}, 0),
    ],
)
def test_it_is_filtered_and_searched(root_client, user, settings, query, found):
    settings.DJANGO_MFA = {
        "FACTORS": [*conf.get().FACTORS, "sms"],
        "SMS": {"GATEWAYS": ["locmem"]},
    }
    sends.give_back(send(user), why="send_unavailable")
    send(user)
    page = root_client.get(reverse(LIST), query).content.decode()
    assert page.count("••••••78") == found


def test_digests_cannot_be_filtered_by(root_client, user):
    send(user)
    answer = root_client.get(reverse(LIST), {"destination__startswith": "a"})
    assert answer.status_code in {302, 400}


def test_without_the_permission_nothing_is_seen(staff_client, user, pause):
    for name in (LIST, PAUSES):
        assert staff_client.get(reverse(name)).status_code == 403


def act(client, pause):
    data = {"action": "end_pauses", "_selected_action": [pause.pk]}
    return client.post(reverse(PAUSES), data)


def test_an_administrator_ends_a_pause(root_client, superuser, pause):
    assert "LV" in root_client.get(reverse(PAUSES)).content.decode()
    answer = act(root_client, pause)
    assert answer.status_code == 302
    pause.refresh_from_db()
    assert pause.until <= clock.now()
    row = AuditEvent.objects.get(event="sends_resumed")
    assert (row.actor_id, row.details) == (superuser.pk, {"place": "LV"})
    assert "1 pause was ended" in root_client.get(reverse(PAUSES)).content.decode()


def test_it_wants_a_fresh_proof(client, superuser, pause):
    with freeze() as time:
        mfa_login(client, superuser)
        time.tick(conf.get().STEP_UP.MAX_AGE + 1)
        answer = act(client, pause)
        assert answer.status_code == 302
        assert reverse("django_mfa:step_up") in answer["Location"]
    pause.refresh_from_db()
    assert pause.until > clock.now()


def test_looking_is_not_ending(client, staff, pause, allow):
    allow(staff, "django_mfa.view_sendpause")
    mfa_login(client, staff)
    page = client.get(reverse(PAUSES))
    assert page.status_code == 200
    assert "end_pauses" not in page.content.decode()
    act(client, pause)
    pause.refresh_from_db()
    assert pause.until > clock.now()


@pytest.mark.parametrize("actor", [None, "staff"])
def test_the_flow_asks_for_the_permission_itself(pause, staff, actor):
    context = Context(actor=staff if actor else None)
    with pytest.raises(NotPermitted):
        resume.resume(context, [pause])
