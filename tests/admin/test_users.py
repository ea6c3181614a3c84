from __future__ import annotations

import pytest
from django.contrib import admin
from django.contrib.admin import AdminSite, ModelAdmin, site
from django.contrib.auth import get_user_model
from django.core import mail
from django.test import Client, RequestFactory

from django_mfa import clock
from django_mfa.accounts.models import MFAAccount
from django_mfa.admin.registration import add_to
from django_mfa.admin.site import MFAAdminSite
from django_mfa.admin.users import MFAUserAdminMixin
from django_mfa.audit.models import AuditEvent
from django_mfa.factors.totp.models import TOTPDevice
from django_mfa.testing import add_totp, freeze, mfa_login

RESET = "django_mfa.reset_mfa"
REASON = {"reason": "Lost the phone, showed a passport"}


def has_factor(user):
    return TOTPDevice.objects.filter(user=user).exists()


@pytest.fixture
def helper(staff, allow, user_permission):
    """Staff who may look at users and reset those below them."""
    allow(staff, user_permission("view"), user_permission("change"), RESET)
    return staff


def select(client, address, *people):
    chosen = {"action": "mfa_reset", "_selected_action": [each.pk for each in people]}
    return client.post(address, chosen)


# The list


def test_the_list_of_users_tells_the_factors(root_client, protected, user_page):
    text = root_client.get(user_page("changelist")).content.decode()
    assert "Authenticator app, Recovery code" in text
    assert text.index("column-mfa_factors") < text.index("column-is_staff")


def test_the_list_of_users_tells_a_lock(root_client, protected, user_page):
    until = clock.now().replace(year=2199)
    MFAAccount.objects.filter(user=protected).update(locked_until=until)
    text = root_client.get(user_page("changelist")).content.decode()
    assert "refused for a while" in text


def test_the_list_of_users_costs_no_query_a_row(
    root_client, make_user, user_page, django_assert_num_queries
):
    address = user_page("changelist")
    root_client.get(address)
    with django_assert_num_queries(6):
        root_client.get(address)
    for number in range(20):
        add_totp(make_user(f"user{number}"))
    with django_assert_num_queries(6):
        root_client.get(address)


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("has", {"alice", "root"}),
        ("none", {"bob", "carol"}),
        ("required", {"bob"}),
        ("locked", {"carol"}),
        ("nonsense", {"alice", "bob", "carol", "root"}),
    ],
)
def test_users_are_found_by_how_they_stand(
    root_client, protected, make_user, user_page, value, found
):
    bob, carol = make_user("bob"), make_user("carol")
    until = clock.now().replace(year=2199)
    MFAAccount.objects.create(user=bob, required=True)
    MFAAccount.objects.create(user=carol, locked_until=until)
    response = root_client.get(user_page("changelist"), {"mfa": value})
    names = {str(row).partition("@")[0] for row in response.context["cl"].result_list}
    assert names == found


# The page


def test_a_user_s_page_tells_how_they_stand(root_client, protected, user_page):
    text = root_client.get(user_page("change", protected)).content.decode()
    assert "Phone (Authenticator app), Recovery codes (Recovery code)" in text
    assert user_page("mfa", protected) in text


def test_a_user_is_added_and_changed_as_before(root_client, user, user_page):
    assert root_client.get(user_page("add")).status_code == 200
    text = root_client.get(user_page("change", user)).content.decode()
    assert "No second factor." in text
    assert text.count("field-mfa_panel") == 1


def test_the_devices_of_a_user_are_on_one_page(root_client, protected, user_page):
    TOTPDevice.objects.create(user=protected, name="Half done")
    AuditEvent.objects.create(event="device_confirmed", user=protected)
    text = root_client.get(user_page("mfa", protected)).content.decode()
    for word in ("Phone", "Half done", "not confirmed", "device_confirmed"):
        assert word in text


def test_the_page_shows_events_to_those_alone_who_may_read_them(
    staff_client, helper, protected, user_page, allow
):
    AuditEvent.objects.create(event="device_confirmed", user=protected)
    page = user_page("mfa", protected)
    assert b"device_confirmed" not in staff_client.get(page).content
    allow(helper, "django_mfa.view_auditevent")
    assert b"device_confirmed" in staff_client.get(page).content


def test_the_page_wants_the_permission_to_see_users(staff_client, user, user_page):
    assert staff_client.get(user_page("mfa", user)).status_code == 403


def test_there_is_no_page_of_nobody(root_client, user_page, user):
    page = user_page("mfa", user)
    user.delete()
    assert root_client.get(page).status_code == 404


def test_user_names_are_escaped(root_client, protected, user_page):
    TOTPDevice.objects.filter(user=protected).update(name="<script>alert(1)</script>")
    for name in ("mfa", "mfa_reset", "change"):
        text = root_client.get(user_page(name, protected)).content.decode()
        assert "<script>alert(1)" not in text


# The reset


def test_a_reset_wants_a_reason_and_is_mailed_and_logged(
    root_client, superuser, protected, user_page, django_capture_on_commit_callbacks
):
    page = user_page("mfa_reset", protected)
    assert root_client.get(page).status_code == 200
    assert has_factor(protected)
    assert root_client.post(page, {"reason": "  "}).status_code == 200
    assert has_factor(protected)
    with django_capture_on_commit_callbacks(execute=True):
        response = root_client.post(page, REASON)
    assert response.url == user_page("mfa", protected)
    assert not has_factor(protected)
    event = AuditEvent.objects.get(event="factors_reset")
    assert (event.user_id, event.actor_id) == (protected.pk, superuser.pk)
    assert event.reason == REASON["reason"]
    assert [message.to for message in mail.outbox] == [["alice@example.com"]]


def test_a_stale_proof_is_renewed_first_and_nothing_is_replayed(
    root_client, protected, user_page
):
    page = user_page("mfa_reset", protected)
    with freeze() as frozen:
        frozen.tick(901)
        for response in (root_client.get(page), root_client.post(page, REASON)):
            assert response.status_code == 302
            assert response.url.startswith("/mfa/step-up/?next=")
            assert response.url.count("mfa_reset") == 0
            assert "reason" not in response.url
    assert has_factor(protected)


def test_a_reset_wants_a_csrf_token(protected, superuser, user_page):
    client = Client(enforce_csrf_checks=True)
    mfa_login(client, superuser)
    response = client.post(user_page("mfa_reset", protected), REASON)
    assert response.status_code == 403
    assert has_factor(protected)


def test_the_action_leads_to_the_reset_of_one_user(root_client, protected, user_page):
    response = select(root_client, user_page("changelist"), protected)
    assert response.url == user_page("mfa_reset", protected)
    assert has_factor(protected)


def test_the_action_refuses_several_users_at_once(
    root_client, protected, make_user, user_page
):
    other = make_user("bob")
    response = select(root_client, user_page("changelist"), protected, other)
    assert response.url == user_page("changelist")
    assert has_factor(protected)


def test_staff_with_the_permission_reset_users_below_them(
    staff_client, helper, protected, user_page
):
    assert (
        b"Reset second factors" in staff_client.get(user_page("mfa", protected)).content
    )
    response = staff_client.post(user_page("mfa_reset", protected), REASON)
    assert response.status_code == 302
    assert not has_factor(protected)


@pytest.fixture
def may_change(staff, allow, user_permission):
    """Staff who may change users, and not reset their factors."""
    allow(staff, user_permission("view"), user_permission("change"))
    return staff


def test_D01_changing_users_is_not_resetting_their_factors(
    staff_client, may_change, superuser, protected, user_page
):
    add_totp(superuser)
    listing = user_page("changelist")
    assert b"mfa_reset" not in staff_client.get(listing).content
    for person in (superuser, protected):
        page = user_page("mfa_reset", person)
        assert select(staff_client, listing, person).status_code == 403
        assert staff_client.get(page).status_code == 403
        assert staff_client.post(page, REASON).status_code == 403
        assert b"Reset second factors" not in (
            staff_client.get(user_page("mfa", person)).content
        )
        assert has_factor(person)
    assert not AuditEvent.objects.filter(event="factors_reset").exists()


def test_D01_nobody_resets_upward(
    staff_client, helper, superuser, make_user, allow, user_page
):
    boss = make_user("boss", is_staff=True)
    allow(boss, "django_mfa.view_auditevent")
    for person in (superuser, boss):
        add_totp(person)
        page = user_page("mfa_reset", person)
        assert select(staff_client, user_page("changelist"), person).status_code == 403
        assert staff_client.get(page).status_code == 403
        assert staff_client.post(page, REASON).status_code == 403
        assert has_factor(person)


def test_D01_nobody_resets_themselves(root_client, superuser, user_page):
    page = user_page("mfa_reset", superuser)
    assert root_client.post(page, REASON).status_code == 403
    assert has_factor(superuser)


def test_D01_a_password_alone_resets_nothing(client, superuser, protected, user_page):
    add_totp(superuser)
    client.force_login(superuser)
    response = client.post(user_page("mfa_reset", protected), REASON)
    assert response.status_code == 302
    assert has_factor(protected)


# What else can be done to one user


DEEDS = ("reset", "require", "lift", "sign-out", "unlock")


@pytest.mark.parametrize("deed", DEEDS)
def test_every_deed_wants_permission_and_reason(
    root_client, helper, protected, make_user, user_page, deed
):
    page = user_page(f"mfa_{deed}", protected)
    assert root_client.get(page).status_code == 200
    assert b'name="reason"' in root_client.post(page, {"reason": " "}).content
    nobody = make_user("bob", is_staff=True)
    other = Client()
    mfa_login(other, nobody)
    assert other.get(page).status_code == 403
    assert other.post(page, REASON).status_code == 403
    assert not AuditEvent.objects.filter(reason=REASON["reason"]).exists()


@pytest.mark.parametrize("deed", DEEDS)
def test_every_deed_is_done_logged_and_said(
    root_client, superuser, protected, user_page, deed
):
    response = root_client.post(user_page(f"mfa_{deed}", protected), REASON)
    assert response.url == user_page("mfa", protected)
    event = AuditEvent.objects.order_by("pk").last()
    assert (event.user_id, event.actor_id) == (protected.pk, superuser.pk)
    assert event.reason == REASON["reason"]
    said = root_client.get(response.url).content.decode()
    assert str(protected) in said


def test_what_makes_sense_is_on_offer(root_client, protected, user_page):
    def offered():
        text = root_client.get(user_page("mfa", protected)).content.decode()
        return [deed for deed in DEEDS if f"/mfa/{deed}/" in text]

    assert offered() == ["reset", "require", "sign-out"]
    until = clock.now().replace(year=2199)
    MFAAccount.objects.filter(user=protected).update(required=True)
    TOTPDevice.objects.filter(user=protected).update(locked_until=until)
    assert offered() == ["reset", "lift", "sign-out", "unlock"]


# How it gets there


def test_the_guarded_site_has_it_without_a_word_in_the_project():
    assert isinstance(site.get_model_admin(get_user_model()), MFAUserAdminMixin)


def test_a_site_of_your_own_gets_it_by_one_call():
    own = MFAAdminSite(name="own")
    own.register(get_user_model(), ModelAdmin)
    add_to(own)
    add_to(own)
    found = own.get_model_admin(get_user_model())
    assert isinstance(found, MFAUserAdminMixin)
    assert own.is_registered(AuditEvent)
    assert own.check(None) == []


def test_an_unguarded_site_keeps_its_page_of_users():
    own = AdminSite(name="own")
    own.register(get_user_model(), ModelAdmin)
    add_to(own)
    assert type(own.get_model_admin(get_user_model())) is ModelAdmin
    assert own.is_registered(TOTPDevice)


def test_what_the_project_registered_stays():
    class Mine(ModelAdmin):
        pass

    own = MFAAdminSite(name="own")
    own.register(TOTPDevice, Mine)
    add_to(own)
    assert isinstance(own.get_model_admin(TOTPDevice), Mine)


def test_a_plain_admin_of_users_shows_the_panel_once(superuser, user):
    own = MFAAdminSite(name="own")
    own.register(get_user_model(), ModelAdmin)
    add_to(own)
    request = RequestFactory().get("/")
    request.user = superuser
    fieldsets = own.get_model_admin(get_user_model()).get_fieldsets(request, user)
    assert admin.utils.flatten_fieldsets(fieldsets).count("mfa_panel") == 1
