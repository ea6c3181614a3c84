from __future__ import annotations

import pytest
from django.core import mail

from django_mfa import clock
from django_mfa.app_passwords.models import AppPassword
from django_mfa.audit.models import AuditEvent
from django_mfa.testing import add_app_password, freeze, mfa_login

LIST = "/admin/django_mfa/apppassword/"


@pytest.fixture(autouse=True)
def moving():
    with freeze(1_700_000_010) as frozen:
        yield frozen


@pytest.fixture
def row(user):
    """An app password of alice."""
    add_app_password(user, "read", "write", name="Backup script")
    return AppPassword.objects.get()


def revoke(client, *rows):
    chosen = [row.pk for row in rows]
    return client.post(LIST, {"action": "revoke", "_selected_action": chosen})


def test_lists_and_pages_tell_all_but_the_secret(root_client, row):
    for url in (LIST, f"{LIST}{row.pk}/change/"):
        text = root_client.get(url).text
        for word in ("alice", "Backup script", "read, write", row.prefix, "in use"):
            assert word in text
        assert row.digest not in text


def test_it_tells_which_are_over(root_client, user, row):
    add_app_password(user, expires=clock.now())
    assert "expired" in root_client.get(LIST).text
    AppPassword.objects.update(revoked=clock.now())
    text = root_client.get(LIST).text
    assert "expired" not in text
    assert text.count("revoked") >= 2


@pytest.mark.parametrize("term", ["alice", "PREFIX", "LOOKUP"])
def test_one_is_found_by_its_owner_and_by_what_leaked(
    root_client, row, make_user, term
):
    add_app_password(make_user("bob"), name="Other")
    term = term.replace("PREFIX", row.prefix).replace("LOOKUP", row.lookup)
    text = root_client.get(LIST, {"q": term}).text
    assert "Backup script" in text
    assert "Other" not in text


def test_an_address_cannot_ask_for_the_digest(root_client, row):
    response = root_client.get(LIST, {"digest__startswith": row.digest[0]})
    assert response.status_code in (302, 400)


def test_nothing_is_added_changed_or_deleted(root_client, row):
    assert root_client.get(f"{LIST}add/").status_code == 403
    assert root_client.post(f"{LIST}{row.pk}/change/", {"name": "x"}).status_code == 403
    assert root_client.post(f"{LIST}{row.pk}/delete/").status_code == 403
    chosen = {"action": "delete_selected", "_selected_action": [row.pk]}
    root_client.post(LIST, chosen)
    assert AppPassword.objects.get().name == "Backup script"


def test_an_administrator_revokes_and_the_owner_is_told(
    root_client, superuser, user, row, django_capture_on_commit_callbacks
):
    user.email = "alice@example.com"
    user.save()
    with django_capture_on_commit_callbacks(execute=True):
        response = revoke(root_client, row)
    assert response.status_code == 302
    assert "1 app password was revoked." in root_client.get(LIST).text
    assert AppPassword.objects.get().revoked
    event = AuditEvent.objects.get(event="app_password_revoked")
    assert (event.user_id, event.actor_id) == (user.pk, superuser.pk)
    assert [message.to for message in mail.outbox] == [["alice@example.com"]]


def test_revoking_twice_tells_once(root_client, row):
    revoke(root_client, row)
    revoke(root_client, row)
    assert AuditEvent.objects.filter(event="app_password_revoked").count() == 1


def test_it_takes_a_fresh_proof(root_client, row, moving):
    moving.tick(901)
    response = revoke(root_client, row)
    assert response["Location"].startswith("/mfa/step-up/?next=")
    assert AppPassword.objects.get().revoked is None


def test_it_takes_the_permission_to_reset(staff_client, staff, row, allow):
    allow(staff, "django_mfa.view_apppassword")
    assert "Backup script" in staff_client.get(LIST).text
    revoke(staff_client, row)
    assert AppPassword.objects.get().revoked is None


def test_never_upward_and_then_none_of_them(staff_client, staff, superuser, row, allow):
    allow(staff, "django_mfa.view_apppassword", "django_mfa.reset_mfa")
    add_app_password(superuser)
    rows = AppPassword.objects.all()
    assert revoke(staff_client, *rows).status_code == 403
    assert not AppPassword.objects.exclude(revoked=None).exists()
    assert revoke(staff_client, row).status_code == 302
    row.refresh_from_db()
    assert row.revoked


def test_who_may_not_look_sees_none(staff_client, row):
    assert staff_client.get(LIST).status_code == 403


def test_the_list_costs_the_same_for_one_as_for_five(client, superuser, user):
    from tests.stories import queries

    mfa_login(client, superuser)
    client.get(LIST)  # what a process keeps is there
    counts = []
    for number in (1, 4):
        for _ in range(number):
            add_app_password(user)
        with queries() as seen:
            assert client.get(LIST).status_code == 200
        counts.append(len(seen))
    assert counts[0] == counts[1]
