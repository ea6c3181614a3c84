"""Pages on the way back into an admin site look like that site's own."""

from __future__ import annotations

from typing import Any

import pytest
from bs4 import BeautifulSoup
from django.conf.urls.i18n import i18n_patterns
from django.contrib import admin
from django.contrib.admin import AdminSite
from django.http import HttpResponse
from django.urls import include, path, set_script_prefix
from django.utils import translation

from django_mfa import conf
from django_mfa.admin.site import GuardedSiteMixin
from django_mfa.testing import add_recovery_codes, add_totp, mfa_login, totp_code
from django_mfa.web import admin_look
from testproject.site.models import Payment

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]


class Ops(GuardedSiteMixin, AdminSite):
    """A site of the project's own, which tells everybody everything."""

    site_header = "Operations <desk>"
    site_title = "Ops"

    def each_context(self, request):
        apps = [{"name": "Secret app", "app_url": "/x/", "models": []}]
        said = {"has_permission": True, "available_apps": apps, "form": "Form 1"}
        return {**super().each_context(request), **said}

    def get_urls(self):
        return [path("report/", self.admin_view(public)), *super().get_urls()]


def public(request):
    return HttpResponse("public")


ops, plain, nameless = Ops(name="ops"), AdminSite(name="plain"), AdminSite(name="none")
ops.register(Payment)
elsewhere = include(([path("", public, name="index")], "admin"), "elsewhere")
broken = include(([path("", public)], "admin"), "broken")
deep = include(([path("", include((plain.get_urls(), "admin")))], "deep"))
urlpatterns = [
    path("", public, name="home"),
    path("profile/", public, name="profile"),
    path("mfa/", include("django_mfa.urls")),
    path("admin/help/", public),
    path("admin/", admin.site.urls),
    path("office/desk/", ops.urls),
    path("plain/", plain.urls),
    path("nameless/", include(nameless.get_urls())),
    path("elsewhere/", elsewhere),
    path("broken/", broken),
    path("deep/", deep),
    *i18n_patterns(path("in/", Ops(name="in").urls)),
]
LIST = f"/office/desk/{Payment._meta.label_lower.replace('.', '/')}/"


def read(response, status=200) -> Any:
    assert response.status_code == status
    page: Any = BeautifulSoup(response.content, "html.parser")
    assert len(page.find_all("h1")) == len(page.find_all("main")) == 1
    return page


def header(page) -> Any:
    """The header of an admin site; None on an ordinary page."""
    found = page.select_one("#site-name a")
    return found and (found.text, found["href"])


DJANGOS = ("Django administration", "/admin/")
OPS = ("Operations <desk>", "/office/desk/")
PLAIN = ("Django administration", "/plain/")


def give_password(client, person, where="/admin/login/", **more):
    data = {"username": person.get_username(), "password": "pw", **more}
    return client.post(where, data)


# Which site


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("/admin/", "admin"),
        ("/admin/?a=/profile/#b", "admin"),
        ("http://testserver/admin/", "admin"),
        ("/admin/login/", "admin"),
        ("/admin/no/such/page/", "admin"),
        (LIST, "ops"),
        ("/office/desk/report/", "ops"),  # a view without a mark
        ("/office/%64esk/", "ops"),
        ("/plain/", "plain"),
        ("/en/in/", "in"),
        ("/de/in/", "in"),
        ("/admin/help/", ""),
        ("/admin-not/", ""),
        ("/profile/?next=/admin/", ""),
        ("/profile/admin/", ""),
        ("//admin/", ""),
        ("/mfa/", ""),
        ("", ""),
        # Without Django's namespace a site has no links to itself.
        ("/nameless/", ""),
        ("/deep/", ""),
        ("/broken/", ""),
        # Another app by that name.
        ("/elsewhere/", ""),
    ],
)
def test_the_site_is_that_of_the_view_that_is_found(url, name):
    site = admin_look.site_at(url)
    assert (site.name if site else "") == name


def test_a_site_below_another_address_is_found_there_alone():
    set_script_prefix("/bank/")
    try:
        assert admin_look.site_at("/bank/plain/") is plain
        assert admin_look.site_at("/plain/") is None
    finally:
        set_script_prefix("/")


def test_looking_for_a_site_leaves_the_language_as_it_is():
    with translation.override("fr"):
        assert admin_look.site_at("/de/in/")
        assert translation.get_language() == "fr"


# What it looks like


def test_the_challenge_is_a_page_of_the_admin(client, staff):
    add_totp(staff)
    there = give_password(client, staff, next="/admin/").url
    response = client.get(there)
    page = read(response)
    assert header(page) == DJANGOS
    assert page.title.text == "Verify that it is you | Django site admin"
    assert page.h1.text == "Verify that it is you"
    assert page.select_one(".breadcrumbs a")["href"] == "/admin/"
    assert "Verify that it is you" in page.select_one(".breadcrumbs").text
    sheets = [each["href"] for each in page.select("link[rel=stylesheet]")]
    assert sheets.index("/static/admin/css/base.css") < sheets.index(
        "/static/django_mfa/mfa.css"
    )
    assert sheets.index("/static/django_mfa/mfa.css") < sheets.index(
        "/static/django_mfa/admin.css"
    )
    assert "/static/admin/css/dark_mode.css" in sheets
    assert page.select_one(".mfa-page input[name=code]")
    policy = response.headers["Content-Security-Policy"]
    assert policy == conf.get().CONTENT_SECURITY_POLICY
    assert not page.select("style, [style], script:not([src])")


def test_it_stays_so_after_a_wrong_code_and_tells_it_in_the_title(client, staff):
    add_totp(staff)
    there = give_password(client, staff, next="/admin/").url
    page = read(client.post(there, {"code": "000000"}))
    assert page.title.text.startswith("Error: Verify")
    assert header(page) == DJANGOS
    assert "Error" not in page.select_one(".breadcrumbs").text


def test_what_a_site_says_to_everybody_it_does_not_say_there(client, staff):
    add_totp(staff)
    there = give_password(client, staff, "/office/desk/login/").url
    response = client.get(there)
    page = read(response)
    assert header(page) == OPS
    assert response.context["has_permission"] is False
    assert response.context["available_apps"] == []
    assert page.select_one("#nav-sidebar") is None
    assert page.title.text == "Verify that it is you | Ops"
    assert page.select_one(".breadcrumbs a")["href"] == "/office/desk/"
    for inside in ("Secret app", staff.get_username(), "Log out", "View site"):
        assert inside not in str(page)


def test_an_admin_that_is_not_guarded_is_known_by_the_sign_in_that_waits(client, staff):
    add_totp(staff)
    there = give_password(client, staff, "/plain/login/", next="/plain/").url
    assert there == "/mfa/verify/"
    assert header(read(client.get(there))) == PLAIN
    # What the page itself was asked for comes first, as it does afterwards.
    assert header(read(client.get(f"{there}?next=/profile/"))) is None


def test_who_must_set_up_a_factor_stays_in_the_look_to_the_end(client, staff):
    there = give_password(client, staff, "/office/desk/login/").url
    page = read(client.get(there))
    assert header(page) == OPS
    app = page.select_one(".mfa-choices a[href*=totp]")["href"]
    page = read(client.get(app))
    assert header(page) == OPS
    assert page.select_one("svg.mfa-qr")
    secret = page.select_one(".mfa-secret").text.replace(" ", "")
    assert header(read(client.post(app, {"code": "000000"}))) == OPS
    page = read(client.post(app, {"code": totp_code(secret)}))
    assert header(page) == OPS
    assert len(page.select(".mfa-codes code")) == 10
    assert page.select_one(".messagelist")
    # Now signed in; the page still tells nothing.
    assert "Secret app" not in str(page)
    saved = page.find("form", action="/mfa/recovery-codes/saved/")
    where = saved.select_one("[name=next]")["value"]
    assert client.post(saved["action"], {"next": where}).url == "/office/desk/"


def test_a_step_up_leads_back_to_the_admin_whoever_gives_up(client, superuser):
    secret = add_totp(superuser)
    mfa_login(client, superuser)
    there = f"/mfa/step-up/?next={LIST}"
    response = client.get(there)
    page = read(response)
    assert header(page) == OPS
    assert response.context["has_permission"] is False
    assert response.context["available_apps"] == []
    assert page.find("a", string="Cancel")["href"] == "/office/desk/"
    assert page.select_one("#user-tools .theme-toggle")
    assert "Secret app" not in str(page)
    where = page.select_one("[name=next]")["value"]
    page = read(client.post(there, {"code": "000000", "next": where}))
    assert header(page) == OPS
    answer = client.post(there, {"code": totp_code(secret), "next": where})
    assert answer.url == where == LIST


def test_a_lock_and_a_wrong_address_are_told_in_the_same_look(client, staff):
    add_totp(staff)
    add_recovery_codes(staff)
    there = give_password(client, staff, next="/admin/").url
    for _ in range(4):
        client.post(there, {"code": "000000"})
    assert header(read(client.post(there, {"code": "000000"}), 429)) == DJANGOS
    other = read(client.get(there)).select_one(".mfa-others a")["href"]
    assert header(read(client.get(other))) == DJANGOS
    assert header(read(client.get("/mfa/verify/pigeon/"), 404)) == DJANGOS


def test_a_sign_in_that_took_too_long_starts_again_in_the_same_look(client, staff):
    add_totp(staff)
    there = give_password(client, staff, next="/admin/").url
    client.logout()
    page = read(client.get(there, follow=True))
    assert header(page) == DJANGOS
    assert page.select_one("input[name=password]")


@pytest.mark.parametrize("where", ["/admin/", "/office/desk/", "/plain/"])
def test_whoever_gives_up_is_back_at_the_door_of_the_admin(client, staff, where):
    add_totp(staff)
    there = give_password(client, staff, f"{where}login/", next=where).url
    form = read(client.get(there)).find("form", action="/mfa/cancel/")
    sent = {each["name"]: each["value"] for each in form.find_all("input")}
    assert client.post("/mfa/cancel/", sent).url == f"{where}login/"
    assert client.get("/mfa/verify/").status_code == 302


def test_a_page_without_a_way_into_an_admin_looks_as_ever(client, staff):
    secret = add_totp(staff)
    there = give_password(client, staff, "/mfa/login/").url
    page = read(client.get(there))
    assert header(page) is None
    assert page.select_one(".mfa-header")
    assert client.post("/mfa/cancel/").url == "/mfa/login/"
    give_password(client, staff, "/mfa/login/")
    client.post(there, {"code": totp_code(secret)})
    for name in ("", "setup/", "step-up/", "recovery-codes/"):
        assert header(read(client.get(f"/mfa/{name}"))) is None
    assert header(read(client.get("/mfa/step-up/?next=https://evil.test/admin/"))) is (
        None
    )


def test_the_pages_of_an_admin_itself_stay_as_they_are(client, superuser):
    add_totp(superuser)
    mfa_login(client, superuser)
    page = read(client.get("/admin/"))
    assert "django_mfa" not in "".join(map(str, page.select("link, script")))
