from __future__ import annotations

import copy

import pytest

from django_mfa.testing import mfa_login


@pytest.fixture
def frame(tmp_path, settings):
    """The template that the page on pages tells a site to write."""
    (tmp_path / "django_mfa").mkdir()
    own = tmp_path / "django_mfa" / "base.html"
    own.write_text('{% extends "site/base.html" %}')
    templates = copy.deepcopy(settings.TEMPLATES)
    templates[0]["DIRS"] = [tmp_path]
    settings.TEMPLATES = templates


@pytest.mark.usefixtures("frame")
def test_a_site_puts_the_pages_into_its_own_frame(client, user):
    mfa_login(client, user)
    page = client.get("/mfa/").content.decode()
    assert "There is no bank" in page
    assert "django_mfa/mfa.css" in page
    assert "<h1>" in page
