from __future__ import annotations

import pytest
from django.contrib.admin import AdminSite, ModelAdmin
from django.views import View
from django.views.generic import DetailView

from django_mfa.admin.site import GuardedSiteMixin
from django_mfa.mixins import (
    ApprovalAdminMixin,
    ApprovalRequiredMixin,
    MFARequiredMixin,
    StepUpModelAdmin,
)
from django_mfa.policy.requirements import AnyFactor
from django_mfa.testing import add_totp, freeze, mfa_login, totp_code
from testproject.site.models import Payment

pytestmark = pytest.mark.urls("tests.pages")


def test_a_view_runs_for_who_showed_a_factor(client, user):
    mfa_login(client, user)
    assert client.get("/t/mixed/word/").content == b"in word"


def test_a_view_does_not_run_for_others(client, user):
    assert client.get("/t/mixed/word/").url.startswith("/mfa/login/")
    client.force_login(user)
    assert client.get("/t/mixed/word/").url.startswith("/mfa/setup/")


def test_by_default_any_factor_is_enough():
    assert MFARequiredMixin.mfa_requirement == AnyFactor()


def test_a_view_says_what_it_demands(client, user):
    with freeze(1_700_000_010) as moving:
        mfa_login(client, user)
        moving.tick(901)
        assert client.get("/t/mixed/word/").status_code == 200
        assert client.get("/t/mixed-recent/word/").url.startswith("/mfa/step-up/")


def test_an_async_view_runs_for_who_showed_a_factor_and_for_nobody_else(client, user):
    assert client.get("/t/async-mixed/").url.startswith("/mfa/login/")
    mfa_login(client, user)
    assert client.get("/t/async-mixed/").content == b"in"


@pytest.mark.parametrize(
    ("mixin", "base"),
    [
        (MFARequiredMixin, View),
        (MFARequiredMixin, DetailView),
        (ApprovalRequiredMixin, View),
        (StepUpModelAdmin, ModelAdmin),
        (ApprovalAdminMixin, ModelAdmin),
        (GuardedSiteMixin, AdminSite),
    ],
)
def test_a_mixin_that_is_not_named_first_is_refused(mixin, base):
    assert type("Right", (mixin, base), {})
    within = type("Within", (mixin,), {})
    between = type("Between", (base,), {})
    assert type("Right", (within, between), {})
    for bases in ((base, mixin), (between, within)):
        with pytest.raises(
            TypeError, match=rf"Wrong is not guarded: name {mixin.__name__}"
        ):
            type("Wrong", bases, {})


# Admins


@pytest.fixture
def payment(superuser):
    return Payment.objects.create(payee="Bob", amount="100", prepared_by=superuser)


@pytest.fixture
def stale(client, superuser):
    """A superuser who has shown a factor 16 minutes ago."""
    with freeze() as moving:
        mfa_login(client, superuser)
        moving.tick(16 * 60)
        yield client


LIST = "site/payment/"
ADMINS = pytest.mark.urls("tests.admin_pages")


@ADMINS
@pytest.mark.parametrize("place", ["", "add/", "{}/change/", "{}/delete/"])
def test_an_admin_that_steps_up_asks_before_it_writes(stale, payment, place):
    page = LIST + place.format(payment.pk)
    assert stale.get(f"/careful/{page}").status_code == 200
    assert stale.post(f"/careful/{page}", {"post": "yes"}).url.startswith(
        "/mfa/step-up/"
    )
    assert stale.get(f"/very/{page}").url.startswith("/mfa/step-up/")
    assert Payment.objects.filter(pk=payment.pk).exists()


@ADMINS
def test_with_a_fresh_proof_it_goes_on(client, superuser, payment):
    mfa_login(client, superuser)
    page = f"/very/{LIST}{payment.pk}/delete/"
    assert client.post(page, {"post": "yes"}).status_code == 302
    assert not Payment.objects.exists()


def act(client, payment, action, **more):
    chosen = {"action": action, "_selected_action": [payment.pk], **more}
    return client.post(f"/approved/{LIST}", chosen)


def approve_it(client, place, clock, secret):
    clock.tick(30)
    client.post(place, {"code": totp_code(secret)})


@ADMINS
@pytest.mark.parametrize("more", [{}, {"select_across": "1"}, {"index": "7"}])
def test_an_action_runs_with_an_approval_of_exactly_these_rows(
    client, superuser, payment, more
):
    secret = add_totp(superuser)
    with freeze() as clock:
        mfa_login(client, superuser)
        place = act(client, payment, "wipe", **more).url
        assert place.startswith("/mfa/approve/")
        assert "Bob" in client.get(place).content.decode()
        approve_it(client, place, clock, secret)
        assert act(client, payment, "wipe", **more).status_code == 302
    payment.refresh_from_db()
    assert payment.payee == "wiped"


@ADMINS
def test_an_approval_of_one_row_is_none_of_another(client, superuser, payment):
    other = Payment.objects.create(payee="Eve", amount="9", prepared_by=superuser)
    secret = add_totp(superuser)
    with freeze() as clock:
        mfa_login(client, superuser)
        approve_it(client, act(client, payment, "wipe").url, clock, secret)
        assert act(client, other, "wipe").url.startswith("/mfa/approve/")
    other.refresh_from_db()
    assert other.payee == "Eve"


@ADMINS
def test_an_action_that_is_not_named_runs_at_once(client, superuser, payment):
    mfa_login(client, superuser)
    assert act(client, payment, "look").status_code == 302
    payment.refresh_from_db()
    assert payment.payee == "seen"


@ADMINS
def test_rows_are_deleted_after_the_confirmation_and_an_approval(
    client, superuser, payment
):
    secret = add_totp(superuser)
    with freeze() as clock:
        mfa_login(client, superuser)
        assert b"Are you sure" in act(client, payment, "delete_selected").content
        asked = act(client, payment, "delete_selected", post="yes")
        assert asked.url.startswith("/mfa/approve/")
        assert Payment.objects.exists()
        approve_it(client, asked.url, clock, secret)
        act(client, payment, "delete_selected")
        act(client, payment, "delete_selected", post="yes")
    assert not Payment.objects.exists()


@ADMINS
def test_more_rows_than_anybody_looks_through_are_not_approved_at_once(
    client, superuser
):
    mfa_login(client, superuser)
    rows = [Payment(payee="Bob", amount=1, prepared_by=superuser) for _ in range(101)]
    first = Payment.objects.bulk_create(rows)[0]
    page = act(client, first, "wipe", select_across="1")
    assert page.status_code == 302
    assert b"Choose at most 100 rows" in client.get(page.url).content
    first.delete()
    asked = act(client, Payment.objects.first(), "wipe", select_across="1")
    assert asked.url.startswith("/mfa/approve/")
    assert not Payment.objects.filter(payee="wiped").exists()
