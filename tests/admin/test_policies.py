from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse

from django_mfa import clock
from django_mfa.approvals import service as approvals
from django_mfa.approvals.drafts import Draft
from django_mfa.audit.models import AuditEvent
from django_mfa.policy.models import Exemption, Policy
from django_mfa.testing import freeze
from django_mfa.trusted_devices import service as trusted

NEW = {
    "name": "Tellers",
    "active": "on",
    "order": "0",
    "who": "staff",
    "required": "on",
    "allowed_factors": '["totp"]',
    "trust_allowed": "on",
}


def page(model, name, *args):
    return reverse(f"admin:django_mfa_{model}_{name}", args=args)


def last():
    return AuditEvent.objects.order_by("pk").last()


def test_a_policy_is_added_changed_and_deleted_and_each_is_logged(
    root_client, superuser
):
    assert root_client.post(page("policy", "add"), NEW).status_code == 302
    policy = Policy.objects.get()
    assert (last().event, last().reason) == ("policy_changed", "added")
    assert last().actor_id == superuser.pk
    change = page("policy", "change", policy.pk)
    values = {**NEW, "phishing_resistant": "on", "allowed_factors": "[]"}
    assert root_client.post(change, values).status_code == 302
    assert last().reason == "changed"
    assert last().details["policy"] == "Tellers"
    assert "phishing_resistant" in last().details["fields"]
    listed = root_client.get(page("policy", "changelist")).content.decode()
    assert "resists phishing" in listed
    deleted = root_client.post(page("policy", "delete", policy.pk), {"post": "yes"})
    assert deleted.status_code == 302
    assert last().reason == "deleted"
    assert not Policy.objects.exists()


@pytest.mark.parametrize(
    ("field", "typed", "kept", "shown"),
    [
        ("allowed_factors", "passkey, totp", ["passkey", "totp"], "passkey, totp"),
        ("allowed_factors", '["totp"]', ["totp"], "totp"),
        ("allowed_factors", "", [], ""),
        ("reminder_days", "3,1,", [3, 1], "3, 1"),
        ("reminder_days", "[2]", [2], "2"),
        ("reminder_days", "", None, ""),
    ],
)
def test_a_list_is_typed_in_one_line(root_client, field, typed, kept, shown):
    root_client.post(page("policy", "add"), {**NEW, field: typed})
    policy = Policy.objects.get()
    assert getattr(policy, field) == kept
    form = root_client.get(page("policy", "change", policy.pk)).context["adminform"]
    assert form.form[field].value() == shown
    same = {**NEW, field: shown}
    same["initial-allowed_factors"] = same["allowed_factors"]  # a hidden field
    root_client.post(page("policy", "change", policy.pk), same)
    assert (last().reason, last().details["fields"]) == ("changed", "")


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("reminder_days", "soon"),
        ("reminder_days", "9" * 5000),
        ("reminder_days", "[" + "9" * 5000),
        ("reminder_days", "[3"),
        ("reminder_days", "[" * 20_000),
        ("reminder_days", "1.5, 2"),
        ("allowed_factors", "pigeon"),
        ("allowed_factors", "3"),
    ],
)
def test_a_list_of_something_else_is_refused_and_shown_again(root_client, field, typed):
    response = root_client.post(page("policy", "add"), {**NEW, field: typed})
    form = response.context["adminform"].form
    assert list(form.errors) == [field]
    assert typed in str(form[field])
    assert not Policy.objects.exists()


def test_a_policy_that_says_nothing_is_refused(root_client):
    response = root_client.post(page("policy", "add"), {**NEW, "who": "group"})
    assert b"Say which one." in response.content
    assert not Policy.objects.exists()


@pytest.mark.parametrize("place", ["changelist", "add", "change", "delete"])
def test_nothing_is_written_with_a_stale_proof(root_client, place):
    policy = Policy.objects.create(name="All", who="everyone", required=False)
    args = [policy.pk] if place in ("change", "delete") else []
    address = page("policy", place, *args)
    with freeze() as moving:
        moving.tick(901)
        assert root_client.get(address).status_code == 200
        response = root_client.post(address, {**NEW, "post": "yes"})
    assert response.url.startswith("/mfa/step-up/")
    assert Policy.objects.get().name == "All"


def test_an_exemption_has_a_reason_and_the_name_of_who_grants_it(
    root_client, superuser, user
):
    until = clock.now() + timedelta(days=3)
    values = {
        "user": user.pk,
        "reason": "On leave",
        "expires_0": f"{until:%Y-%m-%d}",
        "expires_1": "12:00:00",
    }
    address = page("exemption", "add")
    assert b"required" in root_client.post(address, {**values, "reason": ""}).content
    assert root_client.post(address, values).status_code == 302
    exemption = Exemption.objects.get()
    assert exemption.granted_by == superuser
    assert (last().event, last().reason) == ("exemption_granted", "On leave")
    name = user.get_username()
    found = root_client.get(page("exemption", "changelist"), {"q": name})
    assert "On leave" in found.content.decode()
    assert str(exemption) == f"{user} ({exemption.expires:%Y-%m-%d})"


def test_trusted_browsers_and_approvals_can_be_looked_at(root_client, user):
    device, token = trusted.trust(user, name="Firefox on Linux", address="")
    draft = Draft.of("pay", None, "Pay 100 to Bob", {"To": "Bob"})
    approval, _is_new = approvals.ask(draft, user, "")
    assert str(device) == "Firefox on Linux"
    assert str(approval) == "Pay 100 to Bob"
    seen = root_client.get(page("trusteddevice", "changelist"), {"q": "alice"})
    assert b"Firefox on Linux" in seen.content
    for row in (device, approval):
        name = row._meta.model_name
        shown = root_client.get(page(name, "change", row.pk)).content.decode()
        assert str(row) in shown
        assert token not in shown
        assert row.digest not in shown
        assert root_client.get(page(name, "add")).status_code == 403
