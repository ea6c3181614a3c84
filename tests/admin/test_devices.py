from __future__ import annotations

import pytest
from django.contrib.admin import site
from django.contrib.auth import get_user_model

from django_mfa import clock
from django_mfa.accounts.models import MFAAccount
from django_mfa.audit.models import AuditEvent
from django_mfa.factors.recovery_code.models import RecoveryCode, RecoveryCodeSet
from django_mfa.factors.totp.models import TOTPDevice

LISTS = ["totpdevice", "recoverycodeset", "mfaaccount", "auditevent"]


def secrets_of(user):
    device = TOTPDevice.objects.get(user=user)
    codes = RecoveryCodeSet.objects.get(user=user)
    digests = RecoveryCode.objects.filter(set=codes).values_list("digest", flat=True)
    return [device.secret, device.sealed_secret, codes.salt, *digests]


def pages_of(device):
    base = f"/admin/django_mfa/{device._meta.model_name}/"
    return [base, f"{base}{device.pk}/change/", f"{base}{device.pk}/history/"]


def test_no_page_shows_a_secret(root_client, protected, user_page):
    device = TOTPDevice.objects.get(user=protected)
    codes = RecoveryCodeSet.objects.get(user=protected)
    pages = [*pages_of(device), *pages_of(codes), user_page("mfa", protected)]
    hidden = secrets_of(protected)
    for page in [
        *pages,
        user_page("mfa_reset", protected),
        user_page("delete", protected),
    ]:
        response = root_client.get(page)
        assert response.status_code == 200
        text = response.content.decode()
        assert not [secret for secret in hidden if secret in text]


def test_a_list_tells_how_devices_fare(root_client, protected):
    TOTPDevice.objects.filter(user=protected).update(
        uses=41, failures=17, disabled_at=clock.now()
    )
    text = root_client.get("/admin/django_mfa/totpdevice/").content.decode()
    for word in ("alice", "Phone", "disabled", "41", "17"):
        assert word in text


def test_devices_are_found_by_state(root_client, protected, make_user):
    TOTPDevice.objects.create(user=protected, name="Pending")
    TOTPDevice.objects.create(
        user=protected, name="Dead", confirmed=True, disabled_at=clock.now()
    )
    found = {
        state: root_client.get(f"/admin/django_mfa/totpdevice/?state={state}")
        .content.decode()
        .count("field-name")
        for state in ("active", "waiting", "disabled")
    }
    assert found == {"active": 2, "waiting": 1, "disabled": 1}


def test_devices_are_found_by_the_owner_s_address(root_client, protected):
    response = root_client.get("/admin/django_mfa/totpdevice/?q=alice@example")
    assert response.content.decode().count("field-name") == 1


@pytest.mark.parametrize("model", LISTS)
def test_nobody_adds_changes_or_deletes_in_the_admin(root_client, protected, model):
    AuditEvent.objects.create(event="device_confirmed", user=protected)
    row = site.get_model_admin(
        next(each for each in site._registry if each._meta.model_name == model)
    ).model._default_manager.latest("pk")
    base = f"/admin/django_mfa/{model}/"
    assert root_client.get(f"{base}add/").status_code == 403
    assert root_client.post(f"{base}add/").status_code == 403
    assert root_client.post(f"{base}{row.pk}/change/", {"name": "x"}).status_code == 403
    assert (
        root_client.post(f"{base}{row.pk}/delete/", {"post": "yes"}).status_code == 403
    )
    chosen = {"action": "delete_selected", "_selected_action": row.pk, "post": "yes"}
    root_client.post(base, chosen)
    assert type(row)._default_manager.filter(pk=row.pk).exists()
    assert b"delete_selected" not in root_client.get(base).content


@pytest.mark.parametrize(
    "query",
    [
        "sealed_secret__startswith=1",
        "sealed_secret=1",
        "last_step__gt=1",
        "user__password__startswith=pbkdf2",
        "user__mfa_recoverycodeset_set__salt__startswith=a",
    ],
)
def test_no_secret_is_told_by_what_a_filter_finds(root_client, protected, query):
    assert root_client.get(f"/admin/django_mfa/totpdevice/?{query}").status_code == 400


def test_no_salt_is_told_by_what_a_filter_finds(root_client, protected):
    for query in ("salt__startswith=a", "codes__digest__startswith=a"):
        base = "/admin/django_mfa/recoverycodeset/"
        assert root_client.get(f"{base}?{query}").status_code == 400


def test_rows_are_hidden_from_staff_without_the_permission(
    staff_client, staff, allow, protected
):
    for model in LISTS:
        assert staff_client.get(f"/admin/django_mfa/{model}/").status_code == 403
    allow(staff, "django_mfa.view_totpdevice")
    assert staff_client.get("/admin/django_mfa/totpdevice/").status_code == 200


def test_lists_cost_the_same_for_one_device_and_for_many(
    root_client, protected, make_user, django_assert_max_num_queries
):
    for number in range(20):
        other = make_user(f"user{number}")
        MFAAccount.objects.create(user=other)
        TOTPDevice.objects.create(user=other, name="Phone", confirmed=True)
    for model in LISTS:
        with django_assert_max_num_queries(6):
            root_client.get(f"/admin/django_mfa/{model}/")


def test_deleting_a_user_takes_the_devices_along(root_client, protected, user_page):
    response = root_client.post(user_page("delete", protected), {"post": "yes"})
    assert response.status_code == 302
    assert not get_user_model()._default_manager.filter(pk=protected.pk).exists()
    assert not TOTPDevice.objects.filter(user_id=protected.pk).exists()


def test_deleting_a_user_wants_the_permission_for_the_devices(
    staff_client, staff, allow, protected, user_page, user_permission
):
    allow(staff, user_permission("delete"), user_permission("view"))
    response = staff_client.post(user_page("delete", protected), {"post": "yes"})
    assert response.status_code == 403
    assert TOTPDevice.objects.filter(user_id=protected.pk).exists()


def test_a_device_whose_key_is_lost_is_listed_all_the_same(
    root_client, protected, settings
):
    device = TOTPDevice.objects.get(user=protected)
    TOTPDevice.objects.filter(pk=device.pk).update(sealed_secret="1.gone.x")
    for page in pages_of(device):
        assert root_client.get(page).status_code == 200
