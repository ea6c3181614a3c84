from __future__ import annotations

import pytest
from django.urls import reverse

from django_mfa.testing import totp_code
from tests.browser import Browser

pytestmark = pytest.mark.usefixtures("clock")

HOSTILE = [
    "//evil.example",
    "///evil.example",
    "////evil.example",
    "https:evil.example",
    "https:/evil.example",
    "https:///evil.example",
    "http:///evil.example",
    "/\\evil.example",
    "\\/evil.example",
    "\\\\evil.example",
    "/\\/evil.example",
    "\t//evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "/\r\n/evil.example",
    " //evil.example",
    "\x00//evil.example",
    "\x01//evil.example",
    "\u00a0//evil.example",
    "\u2028//evil.example",
    "//evil.example/%2e%2e",
    "http://testserver@evil.example",
    "http://testserver:80@evil.example/",
    "http://testserver.evil.example",
    "https://evil.example",
    "HTTPS://EVIL.EXAMPLE",
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "java\nscript:alert(1)",
    "data:text/html,x",
    "vbscript:x",
    "ftp://testserver/x",
    "mailto:a@evil.example",
    "http://[::1",
    "http://evil.example#@testserver",
    "//testserver:80:80",
    "http://testserver\\@evil.example",
    "/profile/\r\nSet-Cookie: a=b",
]
#: On this site, or nothing; none of them may break anything.
ODD = [
    "profile",
    "home",
    "nosuchview",
    "django_mfa:login",
    "admin:index",
    "?a=1",
    "#top",
    ".",
    "..",
    "../../..",
    "a",
    "%00",
    "%",
    "%2F%2Fevil.example",
    "/%2F/evil.example",
    "/%5Cevil.example",
    "/" + "x" * 5000,
    "http://testserver/profile/",
    "//testserver/profile/",
    "/profile/?next=//evil.example",
    "/;//evil.example",
    "/\ud7ff",
    "/é",
]
FALLBACK = "/profile/"
#: A sample, for the pages that read the address in the same way as the others.
SOME = HOSTILE[::5]


def lands_here(response):
    """Whether the answer leads to this site, as browsers read it."""
    assert response.status_code == 302, response
    location = response["Location"]
    assert "evil" not in location.split("?")[0].split("#")[0].split("/", 3)[2:3], (
        location
    )
    assert not location.startswith(
        ("//evil", "/\\", "\\", "javascript", "data", "https:")
    )
    assert "\n" not in location
    assert "\r" not in location
    return location


@pytest.mark.parametrize("url", HOSTILE)
class TestHostile:
    def test_F01_in_the_form_of_the_password(self, carol, url):
        browser = Browser()
        assert browser.password(carol, next=url)["Location"] == FALLBACK

    def test_F01_in_the_query_of_the_password(self, carol, url):
        browser = Browser()
        shown = browser.page("login", next=url)
        assert shown.context["next"] == ""
        response = browser.post(
            "/mfa/login/",
            {"username": carol.get_username(), "password": "pw"},
            query_params={"next": url},
        )
        assert response["Location"] == FALLBACK

    def test_F01_kept_while_the_sign_in_waits(self, alice, url):
        browser = Browser()
        browser.password(alice.user, next=url)
        browser.page("verify", next=url)
        browser.page("login", next=url)
        assert browser.code(totp_code(alice.secret))["Location"] == FALLBACK

    def test_F01_in_a_session_that_an_older_version_wrote(self, alice, url):
        browser = alice.begin()
        session = browser.session
        session["_mfa_hold"] = {**session["_mfa_hold"], "next": url}
        session.save()
        assert browser.code(totp_code(alice.secret))["Location"] == FALLBACK

    def test_F01_in_the_form_of_the_code(self, alice, url):
        assert (
            alice.begin().code(totp_code(alice.secret), next=url)["Location"]
            == FALLBACK
        )


@pytest.mark.parametrize("url", SOME)
class TestHostileElsewhere:
    def test_F01_at_step_up(self, alice, clock, url):
        browser = alice.enter()
        clock.tick(60)
        assert browser.page("step_up", next=url).context["next"] == ""
        response = browser.send("step_up", code=totp_code(alice.secret), next=url)
        assert response["Location"] == reverse("django_mfa:security")

    def test_F01_at_the_sign_in_page_of_who_is_in(self, alice, url):
        assert alice.enter().page("login", next=url)["Location"] == FALLBACK

    def test_F01_when_giving_up_or_signing_out(self, alice, url):
        browser = alice.begin()
        lands_here(browser.send("cancel", next=url))
        browser = alice.enter()
        lands_here(browser.post("/logout/", {"next": url}))

    def test_F01_at_the_set_up(self, staff, url):
        browser = Browser()
        browser.password(staff, next=url)
        secret = browser.page("setup", "totp", next=url).context["show"]["secret"]
        response = browser.send(
            "setup", "totp", code=totp_code(secret.replace(" ", "")), next=url
        )
        assert response.context["next"] == ""
        lands_here(browser.send("codes_saved", next=url))

    def test_F01_at_other_pages(self, alice, url):
        browser = alice.enter()
        for name in ("security", "recovery_codes", "disable", "setup"):
            assert browser.page(name, next=url).context["next"] == ""


@pytest.mark.parametrize("url", ODD)
class TestOdd:
    def test_F01_an_odd_address_after_the_password(self, carol, url):
        browser = Browser()
        lands_here(browser.password(carol, next=url))
        assert browser.is_in

    def test_F01_an_odd_address_after_the_code(self, alice, url):
        browser = Browser()
        browser.password(alice.user, next=url)
        lands_here(browser.code(totp_code(alice.secret)))
        assert browser.is_in

    def test_F01_an_odd_address_in_a_session(self, alice, url):
        browser = alice.begin()
        session = browser.session
        session["_mfa_hold"] = {**session["_mfa_hold"], "next": url}
        session.save()
        lands_here(browser.code(totp_code(alice.secret)))

    def test_F01_an_odd_address_for_who_is_in(self, alice, clock, url):
        browser = alice.enter()
        lands_here(browser.page("login", next=url))
        clock.tick(60)
        lands_here(browser.send("step_up", code=totp_code(alice.secret), next=url))
        lands_here(browser.send("codes_saved", next=url))


@pytest.mark.parametrize(
    "url",
    ["http://testserver/profile/", "//testserver/", "https://testserver/transfer/"],
)
def test_F01_over_https_nothing_leads_back_to_http(alice, url):
    browser = Browser()
    browser.post(
        "/mfa/login/",
        {"username": alice.user.get_username(), "password": "pw", "next": url},
        secure=True,
    )
    response = browser.post(
        "/mfa/verify/", {"code": totp_code(alice.secret)}, secure=True
    )
    assert not response["Location"].startswith("http:")


def test_F01_another_host_of_ours_is_no_place_to_go(alice):
    """`.localhost` is allowed as a host; it is another site all the same."""
    browser = Browser()
    browser.password(alice.user, next="http://other.localhost/profile/")
    assert browser.code(totp_code(alice.secret))["Location"] == FALLBACK


def test_F01_the_place_kept_for_one_host_is_not_used_for_another(alice):
    browser = Browser()
    login = {"username": alice.user.get_username(), "password": "pw"}
    browser.post(
        "/mfa/login/",
        {**login, "next": "http://a.localhost/x/"},
        headers={"host": "a.localhost"},
    )
    response = browser.post(
        "/mfa/verify/",
        {"code": totp_code(alice.secret)},
        headers={"host": "b.localhost"},
    )
    assert response["Location"] == FALLBACK


@pytest.mark.parametrize("name", ["verify", "login", "cancel", "step_up"])
def test_no_page_of_the_sign_in_leads_to_itself_for_ever(alice, name):
    """Somebody reloads a page that is of no use any more, and signs in from there."""
    browser = Browser()
    place = reverse(f"django_mfa:{name}")
    first = browser.get(place)
    where = (
        first["Location"] if first.status_code == 302 else f"/mfa/login/?next={place}"
    )
    browser.post(
        where, {"username": alice.user.get_username(), "password": "pw", "next": place}
    )
    done = browser.post("/mfa/verify/", {"code": totp_code(alice.secret)}, follow=True)
    assert done.status_code in (200, 405)
    assert len(done.redirect_chain) <= 4
    assert browser.is_in
    again = browser.get(place, follow=True)
    assert again.status_code in (200, 405)
    assert len(again.redirect_chain) <= 3
