"""The worked examples of the pages on policies, step-up, approvals and trust, run."""

from __future__ import annotations

import re
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.contrib.auth.models import Permission
from django.urls import path

from django_mfa import conf
from django_mfa.policy import engine, problems
from django_mfa.testing import add_totp, freeze, totp_code
from testproject.urls import urlpatterns as site
from tests.browser import Browser
from tests.stories import fresh

DOCS = Path(__file__).parents[2] / "docs"
PAGES = ("policies", "step-up", "approvals", "trusted-browsers")


def blocks(page: str, name: str) -> list[dict]:
    """What each block of the page that belongs into `name` defines."""
    text = (DOCS / f"{page}.md").read_text()
    found = re.findall(rf"^```python\n# {name}\n(.*?)^```$", text, flags=re.M | re.S)
    made: list[dict] = []
    for source in found:
        names: dict = {"__name__": "example"}
        exec(source, names)  # noqa: S102  # our own page
        made.append(names)
    return made


@pytest.fixture
def moving():
    with freeze(1_800_000_001) as clock:
        yield clock


@pytest.fixture
def mount(settings):
    """Mount the views of an example beside the site's own pages."""

    def mount(**views):
        urls = ModuleType("example_urls")
        more = [path(f"x/{name}/", view) for name, view in views.items()]
        urls.urlpatterns = [*more, *site]  # type: ignore[attr-defined]
        settings.ROOT_URLCONF = urls

    return mount


@pytest.mark.parametrize("page", PAGES)
def test_every_setting_on_the_page_is_one_and_can_be_met(page, settings, db):
    for names in blocks(page, "settings.py"):
        value = names["DJANGO_MFA"]
        assert not list(conf.problems(value))
        settings.DJANGO_MFA = value
        assert not list(problems.of_settings())


def test_the_policies_of_the_shop(settings, make_user, staff):
    settings.DJANGO_MFA = blocks("policies", "settings.py")[0]["DJANGO_MFA"]
    customer, clerk = make_user("carol"), make_user("clerk")
    clerk.user_permissions.add(Permission.objects.get(codename="change_group"))
    acme = make_user("acme")
    acme.email = "eve@acme.example"
    acme.save()
    days = {
        each.get_username(): engine.duty(fresh(each)).grace_days  # type: ignore[union-attr]
        for each in (staff, customer, clerk)
    }
    assert list(days.values()) == [0, 14, 3]
    assert engine.methods_for(engine.terms(fresh(clerk)).demand) == ["totp"]
    assert engine.terms(fresh(customer)).trust_allowed
    assert not engine.terms(fresh(acme)).trust_allowed


def test_the_views_that_ask_for_a_step_up(mount, user, moving):
    views = blocks("step-up", "views.py")[0]
    mount(
        refund=views["refund"],
        export=views["Export"].as_view(),
        statements=views["Statements"].as_view(),
    )
    secret = add_totp(user)
    browser: Any = Browser().enter(user, secret)
    assert browser.get("/x/export/").content == b"all of it"
    assert browser.get("/x/statements/").content == b"statements"
    moving.tick(301)
    place = browser.post("/x/refund/", {"amount": "7"}).url
    assert browser.post(place, {"code": totp_code(secret)}).url == "/x/refund/"
    assert browser.get("/x/refund/").content == b"amount: 7"
    assert browser.post("/x/refund/", {"amount": "7"}).content == b"refunded 7"


def test_the_admin_that_asks_for_a_step_up():
    from django.contrib.admin import site as admin_site
    from django.contrib.auth.models import Group

    names = blocks("step-up", "admin.py")[0]
    assert names["InvoiceAdmin"](Group, admin_site).mfa_requirement.seconds == 300


def test_the_backup_that_is_deleted_after_an_approval(mount, user, moving):
    mount(backup=blocks("approvals", "views.py")[0]["delete_backup"])
    secret = add_totp(user)
    browser: Any = Browser().enter(user, secret)
    place = browser.post("/x/backup/", {"name": "May"}).url
    assert "Delete the backup May" in browser.get(place).content.decode()
    moving.tick(30)
    assert browser.post(place, {"code": totp_code(secret)}).url.startswith("/x/backup/")
    assert browser.post("/x/backup/", {"name": "June"}).status_code == 302
    assert browser.post("/x/backup/", {"name": "May"}).content == b"deleted May"
    assert browser.post("/x/backup/", {"name": "May"}).status_code == 302


def test_the_run_that_takes_two(mount, make_user, moving):
    mount(run=blocks("approvals", "views.py")[1]["PayRun"].as_view())
    alice, boss = make_user("alice"), make_user("boss")
    boss.user_permissions.add(Permission.objects.get(codename="change_group"))
    secret = add_totp(boss)
    one: Any = Browser().enter(alice, add_totp(alice))
    place = one.post("/x/run/").url
    two: Any = Browser().enter(boss, secret)
    moving.tick(30)
    assert two.post(place, {"code": totp_code(secret)}).status_code == 302
    assert two.post("/x/run/").status_code == 302
    assert one.post("/x/run/").content == b"paid"


def test_the_browser_that_is_trusted(settings, user, moving):
    example = blocks("trusted-browsers", "settings.py")[0]["DJANGO_MFA"]
    settings.DJANGO_MFA = {**django_settings.DJANGO_MFA, **example}
    secret = add_totp(user)
    browser: Any = Browser().begin(user)
    browser.code(totp_code(secret), trust="1")
    browser.post("/logout/")
    browser.begin(user)
    assert browser.is_in
