from __future__ import annotations

import copy
import re
from importlib.resources import files
from pathlib import Path

import pytest

from django_mfa.testing import add_totp, mfa_login

PAGE = Path(__file__).parents[2] / "docs" / "pages.md"
SECURITY = '{% extends "django_mfa/security.html" %}'
FRAME = '{% extends "django_mfa/admin/frame.html" %}'
ORDINARY = '{% extends "django_mfa/base.html" %}'


@pytest.fixture
def write(tmp_path, settings):
    """Have the site replace a template of the package."""
    (tmp_path / "django_mfa" / "admin").mkdir(parents=True)
    templates = copy.deepcopy(settings.TEMPLATES)
    templates[0]["DIRS"] = [tmp_path]
    settings.TEMPLATES = templates

    def write(name: str, text: str) -> None:
        (tmp_path / "django_mfa" / name).write_text(text)

    return write


def example(start: str) -> str:
    """The template of the page that begins like this."""
    blocks = re.findall(r"```html\n(.*?)```", PAGE.read_text(), re.DOTALL)
    return next(each for each in blocks if each.startswith(start))


def test_a_site_puts_the_pages_into_its_own_frame(client, user, write):
    write("base.html", '{% extends "site/base.html" %}')
    mfa_login(client, user)
    page = client.get("/mfa/").content.decode()
    assert "There is no bank" in page
    assert "django_mfa/mfa.css" in page
    assert "<h1>" in page


@pytest.mark.skipif(not PAGE.exists(), reason="the docs are not here")
def test_a_site_fills_one_block_of_a_page(client, user, write):
    write("security.html", example(SECURITY))
    add_totp(user)
    mfa_login(client, user)
    page = client.get("/mfa/").content.decode()
    assert "Call the help desk." in page
    assert "Your devices" in page


@pytest.mark.skipif(not PAGE.exists(), reason="the docs are not here")
def test_a_site_changes_the_pages_in_the_look_of_the_admin_alone(client, user, write):
    write("admin/frame.html", example(FRAME))
    mfa_login(client, user)
    page = client.get("/mfa/setup/", {"next": "/admin/"}).content.decode()
    assert "Call the help desk." in page
    assert "Django administration" in page
    assert "Call the help desk." not in client.get("/mfa/setup/").content.decode()


@pytest.mark.skipif(not PAGE.exists(), reason="the docs are not here")
def test_a_site_does_without_the_look_of_the_admin(client, user, write):
    write("admin/base.html", example(ORDINARY))
    mfa_login(client, user)
    page = client.get("/mfa/setup/", {"next": "/admin/"}).content.decode()
    assert "Django administration" not in page
    assert 'class="mfa-header"' in page


@pytest.mark.skipif(not PAGE.exists(), reason="the docs are not here")
def test_the_page_names_every_block():
    rows = re.findall(r"^\| (`[^|]+) \|", PAGE.read_text(), re.MULTILINE)
    named = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
    pages = files("django_mfa").joinpath("templates/django_mfa").iterdir()
    texts = [page.read_text() for page in pages if page.name.endswith(".html")]
    blocks = {name for text in texts for name in re.findall(r"{% block (\w+)", text)}
    assert {"title", "more"} <= blocks <= named
