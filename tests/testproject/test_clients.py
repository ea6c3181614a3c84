"""The pages that speak to the API: what they send, and that nothing of theirs is inline."""

from __future__ import annotations

import pytest
from bs4 import BeautifulSoup
from django.conf import settings
from django.contrib.staticfiles import finders

needs_api = pytest.mark.skipif(not settings.HAS_API, reason="the API is not installed")
needs_docs = pytest.mark.skipif(
    not settings.HAS_API_DOCS, reason="drf-spectacular or its sidecar is not installed"
)
PAGES = [
    pytest.param("/app/", marks=needs_api),
    pytest.param("/api/docs/", marks=needs_docs),
]


@pytest.mark.parametrize("path", PAGES)
def test_a_page_runs_files_of_this_site_and_nothing_inline(client, path):
    page = client.get(path)
    policy = page["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    soup = BeautifulSoup(page.content, "html.parser")
    assert not soup.select("style, [style], script:not([src])")
    assert not [
        each for tag in soup.find_all() for each in tag.attrs if each[:2] == "on"
    ]
    loaded = [each["src"] for each in soup.select("script, img[src]")]
    loaded += [each["href"] for each in soup.select("link")]
    for url in loaded:
        assert url.startswith("/static/"), url
        assert finders.find(url.removeprefix("/static/")), url


@pytest.mark.parametrize("path", PAGES)
def test_a_page_brings_the_csrf_token_and_is_only_read(client, path):
    assert client.get(path).cookies["csrftoken"].value
    assert client.post(path).status_code == 405


@needs_docs
def test_the_description_holds_one_mount_and_every_operation(client, db):
    described = client.get("/api/schema/").json()
    assert all(path.startswith("/api/v1/auth/") for path in described["paths"])
    assert "/api/v1/auth/mfa/step-up" in described["paths"]
    assert len(described["paths"]) > 30


@pytest.mark.parametrize("has_api", [True, False])
def test_the_site_leads_to_the_app_where_there_is_one(client, has_api):
    if has_api is not settings.HAS_API:
        pytest.skip("the packages decide")
    assert (b'href="/app/"' in client.get("/").content) is has_api


def test_the_site_leads_to_the_payments(client, user):
    client.force_login(user)
    assert b'href="/payments/"' in client.get("/").content
