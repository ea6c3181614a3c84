from __future__ import annotations

import uuid
from textwrap import wrap

import pytest
from django.contrib.auth import get_user_model

from django_mfa.audit.models import AuditEvent
from django_mfa.factors.totp.models import TOTPDevice
from django_mfa.testing import add_recovery_codes, add_totp, totp_code
from tests.programs import Program


@pytest.fixture
def inside(program, user, secret):
    """A client of `user`, verified."""
    return program.enter(user, secret)


def device_of(user):
    return TOTPDevice.objects.get(user=user)


def test_devices_are_listed_without_secrets(inside, user, secret):
    listed = inside.get("mfa/devices").json()["devices"]
    assert [each["id"] for each in listed] == [str(device_of(user).public_id)]
    assert listed[0]["method"] == "totp"
    assert secret not in str(listed)


def test_a_device_is_renamed_and_asked_first(inside, user):
    path = f"mfa/devices/{device_of(user).public_id}"
    assert inside.patch(path, {"name": "Old", "default": True}).status_code == 200
    listed = inside.get("mfa/devices/").json()["devices"]
    assert (listed[0]["name"], listed[0]["default"]) == ("Old", True)


def test_another_one_is_set_up(inside, user):
    shown = inside.post("mfa/totp/setup").json()
    assert shown["qr_code"].startswith("data:image/png;base64,")
    assert shown["qr"].startswith("<svg")
    assert shown["expires_in"] == 600
    new = shown["secret"]
    assert shown["secret_in_groups"].split() == wrap(new, 4)
    again = inside.post("mfa/totp/setup").json()
    assert again["secret"] == shown["secret"]
    response = inside.post("mfa/totp/verify", {"code": totp_code(new), "name": "Two"})
    assert response.status_code == 200, response.content
    assert response.json()["device"]["name"] == "Two"
    assert "backup_codes" not in response.json()
    assert inside.is_verified
    assert len(inside.get("mfa/devices").json()["devices"]) == 2


def test_a_first_one_is_set_up_after_the_password(program, user):
    program.login(user)
    new = program.post("mfa/enable").json()["secret"].replace(" ", "")
    response = program.post("mfa/confirm", {"code": totp_code(new)})
    assert len(response.json()["backup_codes"]) == 10
    assert program.is_verified


def test_a_set_up_that_is_shown_again_ends_no_later(inside, moving):
    assert inside.post("mfa/totp/setup").json()["expires_in"] == 600
    moving.tick(250)
    assert inside.post("mfa/totp/setup").json()["expires_in"] == 350


def test_enable_is_for_the_first_one(inside):
    response = inside.post("mfa/enable")
    assert response.status_code == 400
    assert response.json()["detail"] == "MFA is already enabled"
    assert not TOTPDevice.objects.filter(confirmed=False).exists()


def test_a_set_up_that_was_not_begun_is_over(inside):
    response = inside.post("mfa/totp/verify", {"code": "123456"})
    assert response.json()["detail"] == "Setup session expired"


def test_a_set_up_goes_on_nowhere_else(program, user, secret, moving):
    program.enter(user, secret)
    new = program.post("mfa/totp/setup").json()["secret"].replace(" ", "")
    moving.tick(60)
    other = Program(program.mount).enter(user, secret)
    response = other.post("mfa/totp/verify", {"code": totp_code(new)})
    assert response.json()["code"] == "setup_expired"


def test_changes_want_a_fresh_proof(inside, user, moving):
    device = device_of(user)
    moving.tick(901)
    for response in (
        inside.post("mfa/totp/setup"),
        inside.post("mfa/backup-codes/regenerate"),
        inside.patch(f"mfa/devices/{device.public_id}", {"name": "x"}),
        inside.delete(f"mfa/devices/{device.public_id}"),
        inside.delete("mfa/device", {"id": str(device.public_id)}),
        inside.delete("mfa/disable"),
        inside.post("mfa/app-passwords", {"name": "x", "scopes": ["read"]}),
    ):
        assert response.status_code == 403
        assert response.json()["code"] == "step_up_required"
        assert response.json()["max_age"] == 900
        assert "max_age=900" in response.headers["WWW-Authenticate"]
    assert TOTPDevice.objects.filter(user=user).count() == 1


def test_new_codes_are_shown_once(inside, user):
    made = inside.post("mfa/backup-codes/regenerate").json()["backup_codes"]
    assert len(made) == 10
    left = inside.get("mfa/backup-codes").json()
    assert left["remaining"] == 10
    assert not any(code in str(left) for code in made)
    assert inside.post("mfa/backup-codes/saved").status_code == 200
    assert inside.is_verified


def test_the_only_device_is_removed(inside, user):
    response = inside.delete("mfa/device", {"id": str(device_of(user).public_id)})
    assert response.status_code == 200, response.content
    assert inside.get("mfa/status").json()["enabled"] is False
    assert not inside.is_verified


def test_disable_removes_all(inside, user):
    assert inside.delete("mfa/disable").status_code == 200
    assert not TOTPDevice.objects.filter(user=user).exists()
    response = inside.delete("mfa/disable")
    assert response.status_code in (400, 403)


def test_who_has_none_is_told_so(program, user):
    program.login(user)
    for response in (
        program.delete("mfa/disable"),
        program.post("mfa/backup-codes/regenerate"),
    ):
        assert response.status_code == 400
        assert response.json()["detail"] == "MFA not enabled"


def test_the_last_one_stays_where_policy_wants_it(program, staff):
    secret = add_totp(staff)
    program.enter(staff, secret)
    response = program.delete(f"mfa/devices/{device_of(staff).public_id}")
    assert response.status_code == 409
    assert response.json()["code"] == "factor_required"


def test_E03_what_belongs_to_others_is_not_there(inside, user, make_user):
    bob = make_user("bob")
    add_totp(bob)
    theirs = device_of(bob)
    paths = (
        ("PATCH", f"mfa/devices/{theirs.public_id}", {"name": "mine"}),
        ("DELETE", f"mfa/devices/{theirs.public_id}", None),
        ("DELETE", "mfa/device", {"id": str(theirs.public_id)}),
        ("PATCH", f"passkey/credentials/{theirs.public_id}", {"name": "mine"}),
        ("DELETE", f"mfa/trusted-devices/{theirs.public_id}", None),
        ("DELETE", f"mfa/app-passwords/{theirs.public_id}", None),
        ("POST", "mfa/approvals/refuse", {"id": str(theirs.public_id)}),
    )
    never = str(uuid.uuid4())
    for method, path, data in paths:
        response = inside.send(method, path, data)
        assert response.status_code == 404, (path, response.content)
        swap = str(theirs.public_id)
        other = inside.send(
            method,
            path.replace(swap, never),
            {k: v.replace(swap, never) for k, v in data.items()} if data else None,
        )
        assert other.json() == response.json()
    theirs.refresh_from_db()
    assert theirs.name != "mine"


def test_a_device_of_another_factor_is_no_passkey(inside, user):
    path = f"passkey/credentials/{device_of(user).public_id}"
    assert inside.delete(path).status_code == 404
    assert inside.get("passkey/credentials").json()["devices"] == []
    assert device_of(user)


def test_status_tells_where_one_stands(inside, user):
    add_recovery_codes(user)
    told = inside.get("mfa/status").json()
    assert told["enabled"] is True
    assert told["verified"] is True
    assert told["methods"] == ["totp", "recovery_code"]
    assert told["backup_codes_remaining"] == 10
    assert told["amr"] == ["pwd", "otp", "mfa"]
    assert told["acr"] == "aal2"


def test_events_are_ones_own_and_come_in_pages(inside, user, make_user):
    bob = make_user("bob")
    AuditEvent.objects.bulk_create(
        [AuditEvent(event="challenge_failed", user=each) for each in [user, bob] * 55]
    )
    first = inside.get("mfa/events").json()
    assert len(first["events"]) == 50
    second = inside.get(f"mfa/events?before={first['next']}").json()
    assert second["next"] is None
    ids = [each["id"] for each in first["events"] + second["events"]]
    assert len(ids) == len(set(ids)) == AuditEvent.objects.filter(user=user).count()
    for wrong in ("x", "0", "-1", "1e5", "9" * 40):
        assert inside.get(f"mfa/events?before={wrong}").status_code == 400


def test_events_do_not_tell_where_somebody_else_sits(inside, user, make_user):
    seen = {"address": "192.0.2.7", "user_agent": "Firefox/140.0"}
    for actor in (user, make_user("admin")):
        AuditEvent.objects.create(event="x", user=user, actor=actor, **seen)
    theirs, own = inside.get("mfa/events").json()["events"][:2]
    assert (own["address"], own["user_agent"]) == ("192.0.2.7", "Firefox/140.0")
    assert (theirs["address"], theirs["user_agent"]) == (None, "")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "mfa/status"),
        ("GET", "mfa/devices"),
        ("GET", "mfa/backup-codes"),
        ("GET", "mfa/events"),
        ("GET", "mfa/trusted-devices"),
        ("GET", "mfa/approvals"),
        ("GET", "mfa/app-passwords"),
        ("GET", "passkey/credentials"),
        ("GET", "mfa/admin/users/1/status"),
        ("POST", "mfa/totp/setup"),
        ("POST", "mfa/enable"),
        ("POST", "mfa/backup-codes/regenerate"),
        ("DELETE", "mfa/disable"),
        ("POST", "mfa/sign-out-others"),
        ("POST", "passkey/register/begin"),
    ],
)
def test_nobody_sees_anything_unknown(program, db, method, path):
    if program.has_session:
        program.get("mfa/status")
    response = program.send(method, path)
    assert response.status_code == 401, response.content
    assert response.json()["code"] == "login_expired"
    assert response.headers["WWW-Authenticate"]


def test_extra_fields_are_refused_and_never_written(inside, user, make_user):
    bob = make_user("bob")
    device = device_of(user)
    response = inside.patch(
        f"mfa/devices/{device.public_id}", {"name": "x", "user": str(bob.pk)}
    )
    assert response.status_code == 400
    assert "user" in response.json()["errors"]
    device.refresh_from_db()
    assert (device.user_id, device.name) == (user.pk, "Phone")


def test_everybody_else_is_signed_out(user, secret, moving):
    here = Program("v1/auth").enter(user, secret)
    others = []
    for mount in ("v1/auth", "token", "app"):
        moving.tick(60)
        others.append(Program(mount).enter(user, secret))
    assert here.post("mfa/sign-out-others").status_code == 200
    assert here.is_verified
    assert not any(other.is_verified for other in others)
    assert not others[1].is_in


def test_a_program_that_signs_everybody_else_out_keeps_its_own_token(
    user, secret, moving
):
    browser = Program("v1/auth").enter(user, secret)
    moving.tick(60)
    here = Program("token").enter(user, secret)
    assert here.post("mfa/sign-out-others").status_code == 200
    assert here.is_verified
    assert not browser.is_verified


def test_a_program_with_another_kind_of_token_ends_the_lasting_one(
    user, secret, moving
):
    lasting = Program("token").enter(user, secret)
    moving.tick(60)
    here = Program("app").enter(user, secret)
    assert here.post("mfa/sign-out-others").status_code == 200
    assert here.is_verified
    assert lasting.get("mfa/status").json()["code"] == "authentication_failed"


def test_an_app_password_is_made_and_revoked(inside, user):
    response = inside.post(
        "mfa/app-passwords", {"name": "Job", "scopes": ["read"], "days": 30}
    )
    assert response.status_code == 200, response.content
    made = response.json()
    assert made["password"].startswith(made["prefix"])
    listed = inside.get("mfa/app-passwords").json()
    assert made["password"] not in str(listed)
    assert [each["name"] for each in listed["app_passwords"]] == ["Job"]
    machine = Program(inside.mount)
    machine.headers = {"Authorization": f"Bearer {made['password']}"}
    assert machine.get("mfa/devices").status_code == 401
    response = inside.delete(f"mfa/app-passwords/{made['id']}")
    assert response.status_code == 200, response.content
    assert inside.get("mfa/app-passwords").json()["app_passwords"] == []
    assert inside.delete("mfa/app-passwords").status_code == 200


# Administrators


@pytest.fixture
def root(program, superuser):
    """A client of an administrator, verified."""
    return program.enter(superuser, add_totp(superuser))


def test_an_administrator_resets_and_unlocks(root, user):
    add_totp(user)
    path = f"mfa/admin/users/{user.pk}"
    assert root.get(f"{path}/status").json()["methods"] == ["totp"]
    why = {"reason": "lost it"}
    assert root.post(f"{path}/unlock", why).status_code == 200
    for sent, required in [
        ({}, True),
        ({"required": False}, False),
        ({"required": True}, True),
    ]:
        assert root.post(f"{path}/require", {**why, **sent}).status_code == 200
        assert root.get(f"{path}/status").json()["required"] is required
    assert root.post(f"{path}/sign-out", why).status_code == 200
    assert root.post(f"{path}/reset", why).status_code == 200
    assert root.get(f"{path}/status").json()["enabled"] is False
    told = set(AuditEvent.objects.filter(user=user).values_list("event", flat=True))
    assert {"account_unlocked", "factors_reset", "sessions_ended"} <= told


@pytest.mark.parametrize("action", ["reset", "unlock", "sign-out"])
def test_an_administrator_says_why_and_proves_it(root, user, action, moving):
    path = f"mfa/admin/users/{user.pk}/{action}"
    assert root.post(path).status_code == 400
    assert root.post(path, {"reason": " "}).status_code == 400
    moving.tick(901)
    response = root.post(path, {"reason": "why not"})
    assert response.json()["code"] == "step_up_required"


def test_an_administrator_proves_it_to_see_how_somebody_signs_in(
    root, user, superuser, moving
):
    moving.tick(901)
    for person in (user, superuser):
        response = root.get(f"mfa/admin/users/{person.pk}/status")
        assert response.status_code == 403
        assert response.json()["code"] == "step_up_required"
        assert "max_age=900" in response.headers["WWW-Authenticate"]


@pytest.mark.parametrize("action", ["reset", "unlock", "sign-out", "status"])
def test_people_who_are_not_there_are_not_found(root, action):
    for key in ("999999", "x" * 70, "-1", "%00", "9" * 40, str(uuid.uuid4())):
        path = f"mfa/admin/users/{key}/{action}"
        response = (
            root.get(path)
            if action == "status"
            else root.post(path, {"reason": "why not"})
        )
        assert response.status_code == 404, (key, response.content)


def test_D01_nobody_without_the_permission_does_that(program, make_user, user):
    make_user("clerk", is_staff=True)
    clerk = get_user_model()._default_manager.latest("pk")
    program.enter(clerk, add_totp(clerk))
    for key in (user.pk, 999999):
        for action in ("reset", "unlock", "require", "sign-out"):
            data = {
                "reason": "x",
                **({"required": True} if action == "require" else {}),
            }
            response = program.post(f"mfa/admin/users/{key}/{action}", data)
            assert response.status_code == 403
            assert response.json()["code"] == "not_permitted"
        assert program.get(f"mfa/admin/users/{key}/status").status_code == 403


def test_D01_never_upward(program, make_user, superuser):
    from django.contrib.auth.models import Permission

    clerk = make_user("clerk", is_staff=True)
    clerk.user_permissions.add(Permission.objects.get(codename="reset_mfa"))
    program.enter(clerk, add_totp(clerk))
    add_totp(superuser)
    for action in ("reset", "unlock", "require", "sign-out"):
        data = {"reason": "x", **({"required": True} if action == "require" else {})}
        response = program.post(f"mfa/admin/users/{superuser.pk}/{action}", data)
        assert response.status_code == 403, (action, response.content)
    assert TOTPDevice.objects.filter(user=superuser).exists()
    response = program.get(f"mfa/admin/users/{superuser.pk}/status")
    assert response.status_code == 403
    assert response.json()["code"] == "not_permitted"
    assert program.get(f"mfa/admin/users/{clerk.pk}/status").status_code == 200
