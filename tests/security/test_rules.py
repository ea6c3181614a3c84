"""A rule for views holds for every view it was meant for, and leads nobody in circles."""

from __future__ import annotations

import pytest
from django.contrib.admin import AdminSite, ModelAdmin
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission
from django.http import HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from django_mfa.mixins import StepUpModelAdmin
from django_mfa.testing import totp_code
from tests.policy_pages import plain
from tests.policy_pages import urlpatterns as pages

pytestmark = pytest.mark.urls(__name__)

SIXTEEN_MINUTES = 16 * 60


class OwnView(ModelAdmin):
    def get_urls(self):
        view = self.admin_site.admin_view(csrf_exempt(self.own))
        return [path("own/", view, name="own"), *super().get_urls()]

    def own(self, request):
        return HttpResponse("seen", headers={"X-Ran": "1"})


class Guarded(StepUpModelAdmin, OwnView):
    pass


class GuardedItself(StepUpModelAdmin, ModelAdmin):
    def get_urls(self):
        return [path("own/", csrf_exempt(plain)), *super().get_urls()]


unguarded = AdminSite("unguarded")
unguarded.register(Group, OwnView)
stepping = AdminSite("stepping")
stepping.register(Group, Guarded)
stepping.register(Permission, GuardedItself)

urlpatterns = [
    path("unguarded/", unguarded.urls),
    path("stepping/", stepping.urls),
    *pages,
]


def configure(settings, **more):
    settings.DJANGO_MFA = {**settings.DJANGO_MFA, **more}


@pytest.fixture
def clerk(alice):
    alice.user.is_staff = alice.user.is_superuser = True
    alice.user.save()
    return alice


def test_admin_actions_are_those_of_a_models_own_views_as_well(clerk, settings, clock):
    configure(settings, STEP_UP={"TRIGGERS": ["admin_actions"]})
    browser = clerk.enter()
    assert browser.post("/unguarded/auth/group/own/").content == b"seen"
    clock.tick(SIXTEEN_MINUTES)
    response = browser.post("/unguarded/auth/group/own/")
    assert response.status_code == 302
    assert "X-Ran" not in response.headers
    users = get_user_model()._meta
    place = f"/admin/{users.app_label}/{users.model_name}/{clerk.user.pk}/password/"
    passwords = {"password1": "new-pass-word", "password2": "new-pass-word"}
    assert browser.post(place, passwords).url.startswith("/mfa/step-up/")
    clerk.user.refresh_from_db()
    assert clerk.user.check_password("pw")


def test_U08_a_trusted_browser_opens_no_own_view_of_a_plain_admin(
    clerk, settings, clock
):
    configure(settings, TRUSTED_DEVICES={"ENABLED": True})
    browser = clerk.begin()
    browser.code(totp_code(clerk.secret), trust="1")
    browser.post("/logout/")
    browser.begin(clerk.user)
    assert browser.is_in
    for place in ("/unguarded/", "/unguarded/auth/group/own/"):
        assert browser.get(place).url.startswith("/mfa/step-up/")


def test_a_step_up_admin_guards_the_views_that_it_adds(clerk, clock):
    browser = clerk.enter()
    for kind in ("group", "permission"):
        assert browser.post(f"/stepping/auth/{kind}/own/").content == b"seen"
    clock.tick(SIXTEEN_MINUTES)
    for kind in ("group", "permission"):
        response = browser.post(f"/stepping/auth/{kind}/own/")
        assert response.url.startswith("/mfa/step-up/")
        assert "X-Ran" not in response.headers
        assert browser.get(f"/stepping/auth/{kind}/own/").content == b"seen"
