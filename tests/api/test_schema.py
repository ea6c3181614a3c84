from __future__ import annotations

import re

import pytest
from django.core.management import call_command
from drf_spectacular.generators import SchemaGenerator

from django_mfa.api import urls
from django_mfa.api.base import Door

PLAIN = re.compile(r"<(?:\w+:)?(\w+)>")


@pytest.fixture(scope="module")
def schema():
    return SchemaGenerator().get_schema(request=None, public=True)


def test_the_schema_is_valid_and_without_warnings(tmp_path, capfd):
    file = tmp_path / "schema.yaml"
    call_command("spectacular", validate=True, fail_on_warn=True, file=str(file))
    assert file.stat().st_size > 100_000


@pytest.mark.urls("tests.schema_site")
def test_names_of_a_site_are_left_to_it(tmp_path):
    file = tmp_path / "schema.yaml"
    call_command("spectacular", validate=True, fail_on_warn=True, file=str(file))
    text = file.read_text()
    for name in ("    Device:", "    Status:", "    cookieAuth:", "    MFADevice:"):
        assert name in text


@pytest.mark.parametrize("mount", ["/api/v1/auth/", "/api/token/", "/api/app/"])
def test_every_address_is_there_once(schema, mount):
    wanted = {mount + PLAIN.sub(r"{\1}", route) for route, _view, _name in urls.ROUTES}
    assert {path for path in schema["paths"] if path.startswith(mount)} == wanted - {
        "/api/app/refresh"
    } | ({"/api/app/refresh"} & set(schema["paths"]) if mount == "/api/app/" else set())


def ours(schema):
    for path, methods in schema["paths"].items():
        if path == "/api/app/refresh":
            continue  # simplejwt's own
        for method, operation in methods.items():
            yield path, method, operation


def test_every_operation_says_what_it_is(schema):
    seen = set()
    for path, method, operation in ours(schema):
        assert operation["summary"], path
        assert operation["tags"], path
        assert operation["operationId"] not in seen
        seen.add(operation["operationId"])
        for status, answer in operation["responses"].items():
            content = answer["content"]["application/json"]
            assert content["examples"], (path, status)
            codes = {each["value"].get("code") for each in content["examples"].values()}
            if int(status) >= 400:
                assert None not in codes, (path, status)
        if "requestBody" in operation:
            content = operation["requestBody"]["content"]["application/json"]
            assert content["examples"], path
        assert {"200", "401", "403", "413", "503"} <= set(operation["responses"])
        if method != "get":
            assert {"400", "415"} <= set(operation["responses"])


def test_every_handler_says_what_it_does():
    for _route, view, _name in urls.ROUTES:
        assert issubclass(view, Door)
        for method in view.http_method_names:
            handler = getattr(view, method, None)
            assert handler is None or handler.operation.summary, method


def test_a_slash_at_the_end_changes_nothing(client, db):
    for path in ("mfa/status", "mfa/devices", "mfa/events"):
        with_slash = client.get(f"/api/v1/auth/{path}/")
        without = client.get(f"/api/v1/auth/{path}")
        assert with_slash.status_code == without.status_code == 401
        assert with_slash.json() == without.json()
