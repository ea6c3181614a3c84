from __future__ import annotations

import pytest
from django.contrib.auth.models import Group, Permission
from django.db import models
from django.test.utils import isolate_apps

from django_mfa import approvals, clock
from django_mfa.approvals import approve
from django_mfa.approvals.drafts import Draft
from django_mfa.approvals.mixins import ApprovableModel
from django_mfa.approvals.models import Approval
from django_mfa.audit.models import AuditEvent
from django_mfa.errors import (
    ApprovalNotFound,
    ApprovalRequired,
    ApprovalVoid,
    CannotBeShown,
    EnrolmentRequired,
    FactorNotAvailable,
    InvalidCode,
    MFARequired,
    NotPermitted,
)
from django_mfa.factors.totp import TOTPFactor
from django_mfa.factors.totp.models import TOTPDevice
from django_mfa.flows import approve as flow
from django_mfa.testing import add_totp, freeze, totp_code
from testproject.site.models import Payment
from tests.stories import last_told, next_request, signed_in, told

FIELDS = {"To": "Bob", "Amount": "100"}


class Person:
    """Somebody with an app, signed in, whose codes are never the same."""

    def __init__(self, user, moving):
        self.user, self.moving = user, moving
        self.secret = add_totp(user)
        moving.tick(30)
        self.ctx = signed_in(user, self.secret)

    def asks(self, action="pay", obj=None, fields=None, **terms):
        """What the view does; the approval, or the one that was asked for."""
        request = self.request
        shown = FIELDS if fields is None else fields
        return approve(request, action, obj, "Pay 100 to Bob", shown, **terms)

    def opens(self, *args, **kwargs):
        with pytest.raises(ApprovalRequired) as caught:
            self.asks(*args, **kwargs)
        return flow.open_request(self.ctx, caught.value, "/pay/")

    def gives(self, approval):
        self.moving.tick(30)
        return flow.give(self.ctx, approval.public_id, totp_code(self.secret))

    @property
    def request(self):
        request = self.ctx.require_session().request
        request.method = "POST"
        return request


@pytest.fixture
def moving():
    with freeze(1_800_000_001) as clock:
        yield clock


@pytest.fixture
def alice(make_user, moving):
    return Person(make_user("alice"), moving)


@pytest.fixture
def bob(make_user, moving):
    return Person(make_user("bob"), moving)


def allow(person):
    person.user.user_permissions.add(Permission.objects.get(codename="add_group"))
    person.ctx = next_request(person.ctx)


SECOND = {"second_person": True, "permission": "auth.add_group"}


def test_an_approval_is_given_with_a_proof_and_used_once(alice):
    approval = alice.opens()
    alice.gives(approval)
    assert alice.asks().pk == approval.pk
    with pytest.raises(ApprovalRequired):
        alice.asks()
    assert told()[-3:] == ["approval_given", "challenge_passed", "approval_used"]
    row = Approval.objects.get()
    assert (row.approver, row.factor) == (alice.user, "totp")
    assert row.used_at


def test_what_was_asked_for_waits_and_is_asked_for_once(alice):
    assert alice.opens().pk == alice.opens().pk


@pytest.mark.parametrize(
    "other",
    [
        {"action": "refund"},
        {"fields": {"To": "Bob", "Amount": "1000"}},
        {"fields": {"To": "Eve", "Amount": "100"}},
        {"fields": {"Amount": "100", "To": "Bob"}},
    ],
)
def test_an_approval_is_for_nothing_else(alice, other):
    alice.gives(alice.opens())
    with pytest.raises(ApprovalRequired):
        alice.asks(**other)


def test_an_approval_is_for_no_other_object(alice):
    one, two = Group.objects.create(name="one"), Group.objects.create(name="two")
    alice.gives(alice.opens(obj=one))
    with pytest.raises(ApprovalRequired):
        alice.asks(obj=two)
    assert alice.asks(obj=one)


def test_an_approval_is_for_no_other_person(alice, bob):
    alice.gives(alice.opens())
    with pytest.raises(ApprovalRequired):
        bob.asks()


def test_nobody_else_sees_or_answers_it(alice, bob):
    approval = alice.opens()
    for answer in (bob.gives, lambda each: flow.refuse(bob.ctx, each.public_id)):
        with pytest.raises(ApprovalNotFound):
            answer(approval)
    assert Approval.objects.get().is_waiting


def test_a_change_of_the_object_voids_it_before_and_after(alice):
    group = Group.objects.create(name="one")
    approval = alice.opens(obj=group)
    Group.objects.update(name="changed")
    with pytest.raises(ApprovalVoid):
        alice.gives(approval)
    approval = alice.opens(obj=group)
    alice.gives(approval)
    Group.objects.update(name="again")
    with pytest.raises(ApprovalRequired):
        alice.asks(obj=group)


def test_an_object_that_is_gone_is_a_change(alice):
    group = Group.objects.create(name="one")
    approval = alice.opens(obj=group)
    Group.objects.all().delete()
    with pytest.raises(ApprovalVoid):
        alice.gives(approval)


def test_it_is_over_after_five_minutes(alice, moving):
    approval = alice.opens()
    moving.tick(301)
    with pytest.raises(ApprovalVoid):
        alice.gives(approval)
    alice.gives(alice.opens())
    moving.tick(301)
    with pytest.raises(ApprovalRequired):
        alice.asks()


def test_a_clock_that_steps_back_lengthens_no_approval(alice, moving):
    approval = alice.opens()
    moving.tick(-60)
    with pytest.raises(ApprovalVoid):
        flow.give(alice.ctx, approval.public_id, totp_code(alice.secret))
    assert list(flow.waiting_for(alice.ctx)) == []
    moving.tick(60)
    alice.gives(approval)
    moving.tick(-60)
    with pytest.raises(ApprovalRequired):
        alice.asks()
    moving.tick(60)
    assert alice.asks().used_at


def test_a_wrong_code_approves_nothing(alice):
    approval = alice.opens()
    with pytest.raises(InvalidCode):
        flow.give(alice.ctx, approval.public_id, "000000")
    assert last_told().details == {"purpose": "approval"}
    with pytest.raises(ApprovalRequired):
        alice.asks()


def test_what_was_refused_stays_refused(alice):
    approval = alice.opens()
    flow.refuse(alice.ctx, approval.public_id)
    with pytest.raises(ApprovalVoid):
        alice.gives(approval)
    with pytest.raises(ApprovalVoid):
        flow.refuse(alice.ctx, approval.public_id)
    assert told().count("approval_refused") == 1


@pytest.mark.parametrize(("said", "seconds"), [({}, 300), ({"TTL": 60}, 60)])
@pytest.mark.parametrize("late", [False, True])
def test_an_approval_is_given_and_used_within_so_long(
    alice, settings, said, seconds, late
):
    settings.DJANGO_MFA = {**settings.DJANGO_MFA, "APPROVALS": said}
    approval = alice.opens()
    alice.moving.tick(seconds - 31)  # a code later
    alice.gives(approval)
    alice.moving.tick(seconds + 1 if late else seconds - 1)
    if late:
        with pytest.raises(ApprovalRequired):
            alice.asks()
    else:
        assert alice.asks().pk == approval.pk


@pytest.mark.parametrize(
    ("said", "seconds"), [({}, 3600), ({"SECOND_PERSON_TTL": 600}, 600)]
)
@pytest.mark.parametrize("late", [False, True])
def test_a_second_person_is_waited_for_so_long(
    alice, bob, settings, said, seconds, late
):
    settings.DJANGO_MFA = {**settings.DJANGO_MFA, "APPROVALS": said}
    allow(bob)
    approval = alice.opens(**SECOND)
    alice.moving.tick(seconds - 29 if late else seconds - 31)
    if late:
        with pytest.raises(ApprovalVoid):
            bob.gives(approval)
    else:
        bob.gives(approval)


def test_the_log_says_what_was_asked_given_and_used(alice):
    approval = alice.opens()
    alice.gives(approval)
    alice.asks()
    events = AuditEvent.objects.filter(event__startswith="approval_").order_by("id")
    assert [row.event for row in events] == [
        *("approval_requested", "approval_given", "approval_used"),
    ]
    for row in events:
        assert row.details["action"] == approval.action
        assert row.details["approval"] == str(approval.public_id)
        assert row.details["summary"] == approval.summary
        assert "object" in row.details
        assert (row.user_id, row.actor_id) == (alice.user.pk, alice.user.pk)


def test_a_second_person_is_somebody_else(alice, bob):
    allow(alice)
    allow(bob)
    approval = alice.opens(**SECOND)
    with pytest.raises(NotPermitted):
        alice.gives(approval)
    assert [each.pk for each in flow.waiting_for(bob.ctx)] == [approval.pk]
    assert not flow.waiting_for(alice.ctx)
    bob.gives(approval)
    with pytest.raises(ApprovalRequired):
        bob.asks(**SECOND)
    assert alice.asks(**SECOND).approver == bob.user


def test_a_second_person_needs_the_permission(alice, bob):
    approval = alice.opens(**SECOND)
    with pytest.raises(ApprovalNotFound):
        bob.gives(approval)


def test_a_superuser_is_no_second_person_of_their_own(alice):
    alice.user.is_superuser = True
    alice.user.save()
    alice.ctx = next_request(alice.ctx)
    with pytest.raises(NotPermitted):
        alice.gives(alice.opens(**SECOND))


def test_one_person_does_for_what_takes_two(alice):
    alice.gives(alice.opens())
    with pytest.raises(ApprovalRequired):
        alice.asks(**SECOND)


def test_a_second_person_without_permission_is_a_slip_of_the_pen(alice):
    with pytest.raises(ValueError, match="permission"):
        alice.asks(second_person=True)


@pytest.mark.parametrize("text", ["x" * 1001, "a\0b", "half a pair \ud800"])
def test_what_cannot_be_shown_whole_cannot_be_approved(alice, text):
    with pytest.raises(CannotBeShown):
        alice.asks(fields={"text": text})


def test_who_is_not_signed_in_cannot_ask(db):
    from django_mfa.testing import session_context

    request = session_context().require_session().request
    with pytest.raises(MFARequired):
        approve(request, "pay", None, "Pay", {})


def test_unknown_requests_and_those_of_others_read_alike(alice, bob):
    import uuid

    for public_id in (alice.opens().public_id, uuid.uuid4()):
        with pytest.raises(ApprovalNotFound):
            flow.find(bob.ctx, public_id)


def test_who_lost_every_factor_meanwhile_sets_one_up_first(alice):
    approval = alice.opens()
    TOTPDevice.objects.all().delete()
    with pytest.raises(EnrolmentRequired):
        alice.gives(approval)


def test_a_device_that_goes_while_the_code_is_read_approves_nothing(alice, monkeypatch):
    approval, take = alice.opens(), TOTPFactor.take

    def meanwhile(self, asking, response):
        TOTPDevice.objects.all().delete()
        return take(self, asking, response)

    monkeypatch.setattr(TOTPFactor, "take", meanwhile)
    with pytest.raises(FactorNotAvailable):
        alice.gives(approval)
    approval.refresh_from_db()
    assert approval.approved_at is None


def test_an_approval_that_another_thread_took_first_is_gone(alice, monkeypatch):
    alice.gives(alice.opens())

    class Meanwhile:
        @staticmethod
        def now():
            Approval.objects.update(used_at=clock.now())
            return clock.now()

    monkeypatch.setattr(flow.service, "clock", Meanwhile)
    draft = Draft.of("pay", None, "Pay 100 to Bob", FIELDS)
    assert flow.service.use(draft, alice.user) is None


def test_one_that_was_answered_while_the_code_was_judged_stays_so(alice, monkeypatch):
    approval = alice.opens()
    monkeypatch.setattr(
        flow.service, "is_unchanged", lambda row: flow.service.refuse(row, alice.user)
    )
    with pytest.raises(ApprovalVoid):
        alice.gives(approval)
    approval.refresh_from_db()
    assert approval.refused_at
    assert approval.approved_at is None


def test_the_state_of_an_object_may_be_its_own_words(alice):
    payment = Payment.objects.create(payee="Bob", amount="1", prepared_by=alice.user)
    assert (
        payment.approval_state()
        == Draft.of("pay", payment, "", {}).objects[0].approval_state()
    )
    assert str(payment.approval_summary("release")).startswith("Pay")
    assert ApprovableModel.approval_summary(payment, "release") == f"release: {payment}"


def test_names_that_the_room_does_not_have_are_none():
    assert hasattr(approvals, "approve")
    assert not hasattr(approvals, "disapprove")


@pytest.mark.parametrize("how", ["inactive", "permission", "deleted"])
def test_the_yes_of_a_second_person_who_may_not_say_it_any_more_is_none(
    alice, bob, how
):
    allow(bob)
    bob.gives(alice.opens(**SECOND))
    if how == "inactive":
        bob.user.is_active = False
        bob.user.save()
    elif how == "permission":
        bob.user.user_permissions.clear()
    else:
        bob.user.delete()
    with pytest.raises(ApprovalRequired):
        alice.asks(**SECOND)


def test_a_summary_that_cannot_be_shown_whole_cannot_be_approved(alice):
    with pytest.raises(ApprovalRequired):
        approve(alice.request, "pay", None, "x" * 255, {})
    with pytest.raises(CannotBeShown):
        approve(alice.request, "pay", None, "x" * 256, {})
    with pytest.raises(CannotBeShown):
        alice.asks(fields={"x" * 1001: "1"})


def test_an_action_of_too_long_a_name_is_a_slip_of_the_pen(alice):
    with pytest.raises(ValueError, match="longer"):
        alice.asks(action="x" * 101)


def test_a_change_of_what_is_linked_to_the_object_voids_it(alice):
    group = Group.objects.create(name="one")
    approval = alice.opens(obj=group)
    group.permissions.add(Permission.objects.get(codename="add_group"))
    with pytest.raises(ApprovalVoid):
        alice.gives(approval)
    alice.gives(alice.opens(obj=group))
    group.permissions.set([Permission.objects.get(codename="change_group")])
    with pytest.raises(ApprovalRequired):
        alice.asks(obj=group)


def test_nobody_hides_a_request_behind_many_of_their_own(alice, bob):
    allow(bob)
    approval = alice.opens(**SECOND)
    Approval.objects.bulk_create(
        Approval(
            requester=alice.user,
            second_person=second,
            permission="auth.delete_group",
            summary="noise",
            expires=approval.expires,
        )
        for second in [True, False] * 60
    )
    assert [each.pk for each in flow.waiting_for(bob.ctx)] == [approval.pk]


def test_what_waits_already_is_told_once(alice):
    alice.opens()
    alice.opens()
    assert told().count("approval_requested") == 1


def test_fields_that_are_called_the_same_are_all_shown(staff, monkeypatch):
    payment = Payment(payee="Bob", amount=100, prepared_by=staff)
    field = Payment._meta.get_field("amount")
    monkeypatch.setattr(field, "verbose_name", "payee")
    assert payment.approval_content() == {
        "payee (payee)": "Bob",
        "payee (amount)": 100,
    }


@pytest.mark.parametrize(
    ("obj", "why"),
    [
        (Payment(payee="Bob"), "is not saved yet"),
        ([Payment(payee="Bob")], "is not saved yet"),
        (["Bob"], "is no model"),
    ],
)
def test_what_cannot_be_found_again_is_said_to_be_so(obj, why):
    with pytest.raises(TypeError, match=rf"{why}.*Pass None as the object"):
        Draft.of("pay", obj, "Pay", {})


@isolate_apps("testproject.site")
def test_an_object_of_a_composite_key_is_said_to_be_none_to_approve():
    class Line(models.Model):  # noqa: DJ008  # nobody reads it
        pk = models.CompositePrimaryKey("order", "number")
        order = models.IntegerField()
        number = models.IntegerField()

        class Meta:
            app_label = "site"

    with pytest.raises(TypeError, match="has a composite primary key"):
        Draft.of("pay", Line(order=1, number=2), "Pay", {})
