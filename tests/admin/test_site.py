from __future__ import annotations

import pytest
from django.contrib.admin import AdminSite, site
from django.contrib.auth import get_user_model
from django.test import override_settings
from django.urls import include, path, reverse

from django_mfa.admin.site import GuardedSiteMixin, MFAAdminSite
from django_mfa.testing import add_totp, mfa_login, totp_code
from testproject.site import views
from testproject.site.people import names


class Ops(GuardedSiteMixin, AdminSite):
    """A site of the project's own, guarded by the mixin."""


ops = Ops(name="ops")

urlpatterns = [
    path("mfa/", include("django_mfa.urls")),
    path("admin/", site.urls),
    path("ops/", ops.urls),
    path("", views.home, name="home"),
]

with_ops = override_settings(ROOT_URLCONF=__name__)

INDEX, LOGIN = "/admin/", "/admin/login/"
INSIDE = [
    "/admin/",
    "/admin/jsi18n/",
    "/admin/password_change/",
    "/admin/autocomplete/",
]
PASSWORD = {"username": "", "password": "pw"}


def name_of(person):
    return names(person)[get_user_model().USERNAME_FIELD]


def give_password(client, person="sam", where=LOGIN, **more):
    data = {"username": name_of(person), "password": "pw", **more}
    return client.post(where, data)


def follow(client, response, limit=6):
    """Where a browser ends, and how: it follows GETs, and never in a circle."""
    seen: list[str] = []
    while response.status_code == 302:
        assert response.url not in seen
        assert len(seen) < limit
        seen.append(response.url)
        response = client.get(response.url)
    return seen, response


def test_the_drop_in_config_guards_the_default_site():
    assert isinstance(site, MFAAdminSite)


def test_a_verified_staff_user_is_in(staff_client):
    assert staff_client.get(INDEX).status_code == 200


def test_U04_a_password_opens_no_admin_page(client, staff):
    secret = add_totp(staff)
    response = give_password(client, next="/admin/jsi18n/")
    assert response.url == "/mfa/verify/?next=%2Fadmin%2Fjsi18n%2F"
    for page in INSIDE:
        for method in (client.get, client.post, client.head, client.put):
            answer = method(page)
            assert answer.status_code in (302, 403)
            assert b"jsi18n" not in answer.content
    response = client.post("/mfa/verify/", {"code": totp_code(secret)})
    assert client.get(INDEX).status_code == 200


@with_ops
def test_U04_a_site_of_your_own_is_guarded_by_the_mixin(client, staff):
    add_totp(staff)
    response = give_password(client, where="/ops/login/", next="/ops/")
    assert response.url == "/mfa/verify/?next=%2Fops%2F"
    assert client.get("/ops/").status_code == 302
    assert client.get("/ops/jsi18n/").status_code == 302
    mfa_login(client, staff)
    assert client.get("/ops/").status_code == 200


@with_ops
@pytest.mark.parametrize("place", ["/admin/", "/ops/"])
@pytest.mark.parametrize("has_factor", [True, False])
def test_U04_a_program_is_told_what_is_owed(client, staff, place, has_factor):
    if has_factor:
        add_totp(staff)
    give_password(client, where=f"{place}login/")
    code = "mfa_required" if has_factor else "mfa_enrolment_required"
    for page in (place, f"{place}jsi18n/", f"{place}no/such/page/"):
        for said in ("accept", "x-requested-with"):
            value = "application/json" if said == "accept" else "XMLHttpRequest"
            answer = client.get(page, headers={said: value})
            assert answer.status_code == 403
            assert answer.json()["code"] == code
            assert client.get(page).status_code == 302


def test_a_program_that_nobody_knows_is_sent_where_people_are(client, db):
    answer = client.get("/admin/", headers={"accept": "application/json"})
    assert answer.url == "/admin/login/?next=/admin/"


def test_U04_a_held_user_can_sign_out(client, staff):
    add_totp(staff)
    give_password(client)
    assert client.get("/mfa/verify/").status_code == 200
    client.post("/admin/logout/")
    assert not client.session.keys()
    assert client.get("/mfa/verify/").status_code == 302


@pytest.mark.usefixtures("staff")
def test_signing_out_wants_a_csrf_token():
    from django.test import Client

    client = Client(enforce_csrf_checks=True)
    assert client.post("/admin/logout/").status_code == 403


def test_signing_out_works_beside_django_s_login_required_middleware(
    client, staff, settings
):
    settings.MIDDLEWARE = [
        *settings.MIDDLEWARE,
        "django.contrib.auth.middleware.LoginRequiredMiddleware",
    ]
    add_totp(staff)
    give_password(client)
    client.post("/admin/logout/")
    assert not client.session.keys()
    assert client.get(LOGIN).status_code == 200


def test_a_held_user_is_led_to_the_challenge_and_back(client, staff):
    secret = add_totp(staff)
    give_password(client, next="/admin/auth/")
    visited, response = follow(client, client.get("/admin/password_change/"))
    assert visited[-1].startswith("/mfa/verify/?next=%2Fadmin%2Fpassword_change")
    assert response.status_code == 200
    passed = client.post(visited[-1], {"code": totp_code(secret)})
    assert passed.url == "/admin/password_change/"


def test_a_staff_user_without_a_factor_is_led_to_the_set_up(client, staff):
    response = give_password(client, next="/admin/")
    assert response.url == "/mfa/setup/?next=%2Fadmin%2F"
    visited, response = follow(client, client.get(INDEX))
    assert visited[-1].startswith("/mfa/setup/")
    assert response.status_code == 200


def test_where_no_policy_asks_the_guarded_site_still_does(client, staff, settings):
    settings.DJANGO_MFA = {"POLICIES": []}
    response = give_password(client, next="/admin/")
    assert response.url == "/mfa/setup/?next=%2Fadmin%2F"
    assert client.get("/profile/").status_code == 200  # signed in, for other pages
    visited, response = follow(client, client.get(INDEX))
    assert visited[-1] == "/mfa/setup/?next=%2Fadmin%2F"
    assert response.status_code == 200


def test_a_wrong_password_leaves_a_held_user_at_the_form(client, staff):
    add_totp(staff)
    give_password(client)
    response = client.post(LOGIN, {"username": name_of("sam"), "password": "no"})
    assert response.status_code == 200
    assert b"errornote" in response.content


def test_a_signed_in_user_who_is_not_staff_sees_the_form(client, user):
    mfa_login(client, user)
    visited, response = follow(client, client.get(INDEX))
    assert visited == ["/admin/login/?next=/admin/"]
    assert b"not authorized to access this page" in response.content


def test_a_user_who_is_not_staff_comes_out_of_the_challenge_without_a_loop(
    client, user
):
    secret = add_totp(user)
    client.post("/mfa/login/?next=/admin/", {**PASSWORD, "username": name_of("alice")})
    visited, _response = follow(client, client.get(INDEX))
    passed = client.post(visited[-1], {"code": totp_code(secret)})
    visited, response = follow(client, passed)
    assert response.status_code == 200
    assert b"not authorized to access this page" in response.content


@pytest.mark.parametrize(
    "where",
    ["//evil.example/", "https://evil.example", "/admin/login/", "/admin/logout/"],
)
def test_next_leads_neither_away_nor_in_a_circle(client, staff, where):
    add_totp(staff)
    response = give_password(client, next=where)
    assert response.url == "/mfa/verify/?next=%2Fadmin%2F"


def test_without_the_middleware_nobody_gets_in_and_the_page_says_why(
    client, staff, settings
):
    mfa_login(client, staff)
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if "mfa" not in name]
    _visited, response = follow(client, client.get(INDEX))
    assert response.status_code == 403
    assert b"django_mfa.middleware.MFAMiddleware" in response.content
    assert give_password(client).status_code == 403


def test_the_admin_s_own_login_page_may_be_the_site_s(client, staff, settings):
    settings.LOGIN_URL = "admin:login"
    secret = add_totp(staff)
    give_password(client, next="/admin/")
    visited, _response = follow(client, client.get(INDEX))
    assert visited[-1].startswith("/mfa/verify/")
    passed = client.post(visited[-1], {"code": totp_code(secret)})
    assert passed.url == "/admin/"


def test_the_address_of_the_login_page_may_be_elsewhere(client, staff, settings):
    settings.LOGIN_URL = "/no/such/page/"
    add_totp(staff)
    assert give_password(client).url == "/mfa/verify/?next=%2Fadmin%2F"
    visited, _response = follow(client, client.get(INDEX))
    assert visited[-1].startswith("/mfa/verify/")


def test_a_verified_user_leaves_the_login_page(staff_client):
    assert staff_client.get(LOGIN).url == reverse("admin:index")
