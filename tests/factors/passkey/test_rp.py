from __future__ import annotations

import logging

import pytest
from django.urls import reverse

from django_mfa.errors import FactorNotAvailable
from django_mfa.factors.passkey.rp import has_relying_party, relying_party


def configure(settings, **passkey) -> None:
    settings.DJANGO_MFA = {"PASSKEY": passkey}


def by_host(host: str) -> str:
    return f"rp.{host}"


def test_the_settings_say_who_the_site_is(settings):
    configure(settings, RP_ID="example.com", ORIGINS=["https://a.example"], RP_NAME="A")
    site = relying_party("anything:8000")
    assert (site.id, site.name, site.origins) == (
        "example.com",
        "A",
        ("https://a.example",),
    )


def test_without_origins_it_is_the_domain_over_https(settings):
    configure(settings, RP_ID="example.com")
    site = relying_party("example.com")
    assert (site.name, site.origins) == ("example.com", ("https://example.com",))


@pytest.mark.parametrize("value", [by_host, f"{__name__}.by_host"])
def test_a_callable_or_its_path_answers_for_each_host(settings, value, monkeypatch):
    configure(settings, RP_ID=by_host, ORIGINS=lambda host: [f"https://{host}"])
    site = relying_party("a.example")
    assert (site.id, site.origins) == ("rp.a.example", ("https://a.example",))


def test_a_dotted_path_leads_to_a_callable(settings):
    configure(settings, RP_ID="testproject.site.people.rp_id")
    assert relying_party("a.example").id == "testproject.site.people.rp_id"
    configure(settings, RP_ID="django.utils.html.escape")
    assert relying_party("a.example").id == "a.example"


def test_one_origin_may_stand_without_a_list(settings):
    for origins in ("https://a.example", lambda host: "https://a.example"):
        configure(settings, RP_ID="a.example", ORIGINS=origins)
        assert relying_party("a.example").origins == ("https://a.example",)


@pytest.mark.parametrize("nothing", [None, "", [], ()], ids=repr)
def test_a_callable_that_says_nothing_leaves_it_to_the_settings(settings, nothing):
    settings.ALLOWED_HOSTS = ["a.example"]
    configure(settings, RP_ID=lambda host: nothing, ORIGINS=lambda host: nothing)
    site = relying_party("a.example")
    assert (site.id, site.origins) == ("a.example", ("https://a.example",))
    assert not has_relying_party("b.example")


def fail(host: str) -> str:
    return {"known.example": host}[host]


FAILING = [
    fail,
    f"{__name__}.fail",
    lambda host: 7,
    lambda host: [7],
    lambda host: b"x",
]


@pytest.mark.parametrize("answer", FAILING, ids=["raises", "path", "7", "[7]", "bytes"])
@pytest.mark.parametrize("setting", ["RP_ID", "ORIGINS"])
def test_a_callable_that_fails_names_nobody(settings, caplog, setting, answer):
    configure(settings, **{"RP_ID": "example.com", setting: answer})
    with caplog.at_level(logging.ERROR, "django_mfa"):
        assert not has_relying_party("unknown.example")
    assert "does not say who the site is on 'unknown.example'" in caplog.text


def test_a_callable_that_fails_costs_passkeys_alone(settings, client, user):
    settings.DJANGO_MFA = {**settings.DJANGO_MFA, "PASSKEY": {"RP_ID": fail}}
    page = client.get(reverse("django_mfa:login"))
    assert "data-mfa-passkey" not in page.content.decode()
    asked = client.post(reverse("django_mfa:passkey_login_begin"))
    assert (asked.status_code, asked.json()["code"]) == (404, "factor_not_available")
    given = {"username": user.get_username(), "password": "pw"}
    client.post(reverse("django_mfa:login"), given)
    assert client.session["_auth_user_id"] == str(user.pk)


def test_a_host_that_is_named_in_full_is_the_domain(settings):
    settings.ALLOWED_HOSTS = ["example.com", ".example.org", "*", "192.0.2.1"]
    configure(settings)
    assert relying_party("EXAMPLE.com:443").id == "example.com"
    for host in ("sub.example.org", "evil.example", "192.0.2.1", "[::1]:8000"):
        assert not has_relying_party(host)
        with pytest.raises(FactorNotAvailable):
            relying_party(host)


def test_on_this_machine_plain_http_will_do(settings):
    settings.ALLOWED_HOSTS = ["localhost"]
    configure(settings)
    assert "http://localhost:8000" in relying_party("localhost:8000").origins
    configure(settings, RP_ID="example.com")
    assert relying_party("localhost:8000").origins == ("https://example.com",)


def test_while_debugging_any_name_of_this_machine_will_do(settings):
    settings.ALLOWED_HOSTS, settings.DEBUG = [], True
    configure(settings)
    assert relying_party("rp.localhost:8000").id == "rp.localhost"
    assert not has_relying_party("example.com")


def test_only_web_origins_are_related(settings):
    configure(settings, RP_ID="a.example", ORIGINS=["https://b.example", "android:x"])
    assert relying_party("a.example").related_origins == ["https://b.example"]
