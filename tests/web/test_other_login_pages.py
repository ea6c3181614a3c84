"""Login pages that are not ours: who is held goes on where the proof is asked for."""

from __future__ import annotations

import pytest
from django.contrib.admin import AdminSite
from django.contrib.auth.views import LoginView
from django.http import HttpResponse
from django.urls import include, path

from django_mfa.testing import add_totp, totp_code

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]

plain_admin = AdminSite(name="plain")
login = LoginView.as_view(template_name="site/plain.html")
urlpatterns = [
    path("", lambda _: HttpResponse("public"), name="home"),
    path("profile/", lambda _: HttpResponse("public"), name="profile"),
    path("sign-in/", login, name="sign-in"),
    path("plain-admin/", plain_admin.urls),
    path("mfa/", include("django_mfa.urls")),
]


def sign_in(client, user, page="/sign-in/", **data):
    name = user.get_username()
    return client.post(page, {"username": name, "password": "pw", **data})


def test_django_s_login_view_leads_on_to_the_challenge(client, user, settings):
    settings.LOGIN_URL, settings.LOGIN_REDIRECT_URL = "sign-in", "/"
    secret = add_totp(user)
    assert sign_in(client, user)["Location"] == "/mfa/verify/"
    done = client.post("/mfa/verify/", {"code": totp_code(secret)})
    assert done["Location"] == "/"


def test_it_goes_on_to_where_the_person_wanted_to_go(client, user, settings):
    settings.LOGIN_URL = "sign-in"
    secret = add_totp(user)
    assert sign_in(client, user, next="/profile/?a=1")["Location"] == "/mfa/verify/"
    done = client.post("/mfa/verify/", {"code": totp_code(secret)})
    assert done["Location"] == "/profile/?a=1"


def test_somebody_who_owes_nothing_is_not_led_anywhere(client, user, settings):
    settings.LOGIN_REDIRECT_URL = "/"
    assert sign_in(client, user)["Location"] == "/"


def test_an_unguarded_admin_leads_on_as_well(client, staff):
    secret = add_totp(staff)
    page = "/plain-admin/login/?next=/plain-admin/"
    answer = sign_in(client, staff, page=page, next="/plain-admin/")
    assert answer["Location"] == "/mfa/verify/"
    done = client.post("/mfa/verify/", {"code": totp_code(secret)})
    assert done["Location"] == "/plain-admin/"
    assert client.get("/plain-admin/").status_code == 200


def test_a_program_that_signs_in_there_is_told_in_json(client, user):
    add_totp(user)
    name = user.get_username()
    answer = client.post(
        "/sign-in/",
        {"username": name, "password": "pw"},
        headers={"Accept": "application/json"},
    )
    assert answer.status_code == 403
    assert answer.json()["code"] == "mfa_required"
