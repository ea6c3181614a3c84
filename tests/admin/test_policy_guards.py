from __future__ import annotations

import pytest
from django.contrib.auth.models import Group, Permission
from django.urls import reverse

from django_mfa.audit.models import AuditEvent
from django_mfa.policy.models import Exemption, Policy
from django_mfa.testing import freeze, mfa_login

POLICY = {
    "name": "Strict",
    "who": "everyone",
    "required": "on",
    "active": "on",
    "trust_allowed": "on",
    "order": "0",
    "allowed_factors": "[]",
}
EXEMPTION = {"reason": "on leave", "expires_0": "2027-06-01", "expires_1": "12:00"}


@pytest.fixture
def moving():
    with freeze(1_800_000_001) as clock:
        yield clock


@pytest.fixture
def admin(client, superuser, moving):
    mfa_login(client, superuser)
    return client


def place(model: str, name: str, *args: object) -> str:
    return reverse(f"admin:django_mfa_{model}_{name}", args=args)


def reasons() -> list[tuple[str, str]]:
    rows = AuditEvent.objects.order_by("pk").values_list("event", "reason")
    return [row for row in rows if row[0] in ("policy_changed", "exemption_granted")]


def test_every_change_of_a_policy_is_told(admin):
    assert admin.post(place("policy", "add"), POLICY).status_code == 302
    policy = Policy.objects.get()
    changed = {**POLICY, "order": "1"}
    assert admin.post(place("policy", "change", policy.pk), changed).status_code == 302
    gone = admin.post(place("policy", "delete", policy.pk), {"post": "yes"})
    assert gone.status_code == 302
    assert [reason for _event, reason in reasons()] == ["added", "changed", "deleted"]


def test_nothing_is_written_with_a_proof_that_is_old(admin, user, moving):
    policy = Policy.objects.create(name="Old", who="staff")
    moving.tick(901)
    exempt = {**EXEMPTION, "user": user.pk}
    for url, data in (
        (place("policy", "add"), POLICY),
        (place("policy", "change", policy.pk), POLICY),
        (place("policy", "delete", policy.pk), {"post": "yes"}),
        (place("policy", "changelist"), {"action": "delete_selected"}),
        (place("exemption", "add"), exempt),
    ):
        assert admin.post(url, data).url.startswith("/mfa/step-up/")
    assert list(Policy.objects.values_list("name", flat=True)) == ["Old"]
    assert not Exemption.objects.exists()


def test_nobody_exempts_themselves(admin, superuser, user):
    exempt = {**EXEMPTION, "user": superuser.pk}
    assert admin.post(place("exemption", "add"), exempt).status_code == 403
    exempt["user"] = user.pk
    assert admin.post(place("exemption", "add"), exempt).status_code == 302
    row = Exemption.objects.get()
    assert row.granted_by == superuser
    exempt["user"] = superuser.pk
    admin.post(place("exemption", "change", row.pk), exempt)
    assert Exemption.objects.get().user == user
    Exemption.objects.update(user=superuser)
    response = admin.post(place("exemption", "change", row.pk), exempt)
    assert response.status_code == 403


def test_nobody_exempts_somebody_mightier(client, moving, superuser, make_user):
    clerk = make_user("clerk", is_staff=True)
    clerk.user_permissions.add(
        *Permission.objects.filter(codename__endswith="exemption")
    )
    plain = make_user("plain")
    mfa_login(client, clerk)
    for user, status in ((superuser, 403), (plain, 302)):
        exempt = {**EXEMPTION, "user": user.pk}
        assert client.post(place("exemption", "add"), exempt).status_code == status
    row = Exemption.objects.get()
    assert row.user == plain
    Exemption.objects.update(user=superuser)
    response = client.post(place("exemption", "change", row.pk), EXEMPTION)
    assert response.status_code == 403


def test_every_change_of_an_exemption_is_told_as_what_it_is(admin, user):
    admin.post(place("exemption", "add"), {**EXEMPTION, "user": user.pk})
    row = Exemption.objects.get()
    later = {**EXEMPTION, "expires_0": "2027-07-01"}
    assert admin.post(place("exemption", "change", row.pk), later).status_code == 302
    gone = admin.post(place("exemption", "delete", row.pk), {"post": "yes"})
    assert gone.status_code == 302
    told = AuditEvent.objects.filter(event__startswith="exemption").order_by("pk")
    assert [each.event.removeprefix("exemption_") for each in told] == [
        "granted",
        "changed",
        "deleted",
    ]
    assert {each.user_id for each in told} == {user.pk}
    assert told[1].details["fields"] == "expires"
    assert told[2].details["until"].startswith("2027-07-01")


@pytest.mark.parametrize(
    "wrong",
    [
        {"step_up_age": "0"},
        {"step_up_age": "-1"},
        {"reminder_days": f"[{10**30}]"},
        {"reminder_days": "[-1]"},
        {"reminder_days": "[true]"},
        {"allowed_factors": '{"totp": 1}'},
        {"allowed_factors": "[[]]"},
        {"allowed_factors": "null and void"},
        {"who": "nobody"},
        {"minimum_strength": "aal9"},
        {"grace_days": "99999999999999999999"},
    ],
)
def test_a_policy_that_would_shut_everybody_out_is_not_saved(admin, wrong):
    response = admin.post(place("policy", "add"), {**POLICY, **wrong})
    assert response.status_code == 200
    assert not Policy.objects.exists()


NOBODY = b"Nobody could meet this"


@pytest.mark.parametrize(
    "wrong",
    [
        {"phishing_resistant": "on"},
        {"minimum_strength": "aal3"},
        {"allowed_factors": '["recovery_code"]'},
    ],
)
def test_a_policy_that_nobody_could_meet_is_not_saved(admin, settings, wrong):
    settings.DJANGO_MFA = {**settings.DJANGO_MFA, "FACTORS": ["totp", "recovery_code"]}
    response = admin.post(place("policy", "add"), {**POLICY, **wrong})
    assert NOBODY in response.content
    assert not Policy.objects.exists()
    assert admin.get("/admin/").status_code == 200


def test_policies_that_exclude_each_other_are_not_both_active(admin, settings):
    settings.DJANGO_MFA = {
        **settings.DJANGO_MFA,
        "POLICIES": [{"who": "everyone", "allowed_factors": ["totp", "passkey"]}],
    }
    keys = {**POLICY, "name": "Keys", "allowed_factors": '["passkey"]', "who": "staff"}
    apps = {**POLICY, "name": "Apps", "allowed_factors": '["totp"]'}
    Policy.objects.create(name="Keys", who="staff", allowed_factors=["passkey"])
    assert NOBODY in admin.post(place("policy", "add"), apps).content
    del apps["active"]
    assert admin.post(place("policy", "add"), apps).status_code == 302
    row = Policy.objects.get(name="Apps")
    change = place("policy", "change", row.pk)
    assert NOBODY in admin.post(change, {**apps, "active": "on"}).content
    Policy.objects.get(name="Keys").delete()
    assert admin.post(change, {**apps, "active": "on"}).status_code == 302
    assert NOBODY in admin.post(place("policy", "add"), keys).content


def test_what_is_wrong_already_keeps_no_other_policy_out(admin, settings):
    group = Group.objects.create(name="Tellers")
    Policy.objects.create(
        name="Birds", who="group", group=group, allowed_factors=["pigeon"]
    )
    assert admin.post(place("policy", "add"), POLICY).status_code == 302


def test_a_policy_for_a_permission_that_is_not_there_is_not_saved(admin):
    named = {**POLICY, "who": "permission"}
    response = admin.post(place("policy", "add"), {**named, "permission": "no.such"})
    assert b"This site has no such permission" in response.content
    right = {**named, "permission": "auth.add_group"}
    assert admin.post(place("policy", "add"), right).status_code == 302
