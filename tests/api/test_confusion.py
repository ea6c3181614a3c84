"""I01: whatever stands where a value should, it is refused before anything happens."""

from __future__ import annotations

import json

import pytest
from django.apps import apps
from django.contrib.sessions.models import Session
from drf_spectacular.generators import SchemaGenerator

from django_mfa.audit.models import AuditEvent
from django_mfa.challenges.models import Challenge
from django_mfa.testing import FakeAuthenticator, add_passkey, add_totp
from tests.programs import Program

MOUNT = "/api/v1/auth/"
HUGE = "x" * 1_000_000
DEEP = "[" * 10_000 + "]" * 10_000
#: Values as they stand in the body, and the types that they are of.
WRONG = {
    "number": ("123456", {"integer", "number"}),
    "negative": ("-1", {"number"}),
    "fraction": ("123456.5", {"number"}),
    "exponent": ("1e5", {"number"}),
    "vast": ("1e999", {"number"}),
    "not a number": ("NaN", set()),
    "list": ('["123456"]', {"array"}),
    "list of lists": ("[[[1]]]", set()),
    "object": ('{"a": 1}', {"object"}),
    "yes": ("true", {"boolean"}),
    "nothing": ("null", {"null"}),
    "zero byte": ('"12\\u00003456"', set()),
    "half a sign": ('"\\ud800"', set()),
    "huge": (json.dumps(HUGE), set()),
    "deep": (DEEP, set()),
}
PLAIN = {
    "string": "x",
    "object": {},
    "boolean": True,
    "integer": 7,
    "array": ["read"],
}


def operations():
    schema = SchemaGenerator().get_schema(request=None, public=True)
    parts = schema["components"]["schemas"]
    for path, methods in sorted(schema["paths"].items()):
        if not path.startswith(MOUNT):
            continue
        for method, operation in methods.items():
            if "requestBody" not in operation:
                continue
            ref = operation["requestBody"]["content"]["application/json"]["schema"]
            shape = parts[ref["$ref"].rpartition("/")[2]]
            yield pytest.param(path, method, shape, id=f"{method} {path}")


OPERATIONS = list(operations())


def types_of(field):
    named = {field.get("type")} | ({"null"} if field.get("nullable") else set())
    return named | ({"object"} if "additionalProperties" in field else set())


def plain(name, field):
    if field.get("format") == "uuid":
        return "1f0e8a52-58a8-4f3c-9d5b-0d9f2f3f7c11"
    return {"code": "123456", "method": "totp"}.get(name, PLAIN[field["type"]])


def counts():
    transient = (AuditEvent, Challenge, Session)
    return {
        model: model._default_manager.count()
        for model in apps.get_models()
        if model not in transient
    }


@pytest.fixture
def inside(superuser):
    """A client of somebody who may do everything: the shape alone is wrong."""
    program = Program("v1/auth").enter(superuser, add_totp(superuser))
    add_passkey(superuser, FakeAuthenticator("testserver", "https://testserver"))
    return program


def send(program, path, method, body, **said):
    path = path.replace("{factor}", "totp").replace("{id}", "1")
    path = path.replace("{public_id}", "1f0e8a52-58a8-4f3c-9d5b-0d9f2f3f7c11")
    return program.client.generic(
        method.upper(),
        path,
        body,
        content_type="application/json",
        headers={**program.headers, **program._csrf()},
        **said,
    )


@pytest.mark.parametrize(("path", "method", "shape"), OPERATIONS)
def test_I01_no_field_takes_a_value_of_another_type(inside, path, method, shape):
    before = counts()
    fields = shape["properties"]
    filled = {name: plain(name, fields[name]) for name in shape.get("required", ())}
    for name, field in fields.items():
        for label, (value, kinds) in WRONG.items():
            if kinds & types_of(field):
                continue
            rest = {k: v for k, v in filled.items() if k != name}
            members = [f"{json.dumps(k)}: {json.dumps(v)}" for k, v in rest.items()]
            body = "{" + ", ".join([*members, f"{json.dumps(name)}: {value}"]) + "}"
            response = send(inside, path, method, body)
            assert response.status_code in (400, 413), (name, label, response.content)
            assert response.json()["code"]
    assert counts() == before
    assert inside.is_verified


@pytest.mark.parametrize("name", ["user", "confirmed"])
@pytest.mark.parametrize(("path", "method", "shape"), OPERATIONS)
def test_nobody_says_whose_it_is_or_what_it_is_worth(
    inside, make_user, path, method, shape, name
):
    """CVE-2026-49448: a field for the owner that could be written."""
    bob = make_user("bob")
    before = counts()
    fields = shape["properties"]
    filled = {each: plain(each, fields[each]) for each in shape.get("required", ())}
    body = json.dumps({**filled, name: str(bob.pk)})
    response = send(inside, path, method, body)
    assert response.status_code == 400
    assert response.json()["code"] in {
        "invalid_input",
        "invalid_response",  # of a passkey
    }
    assert counts() == before


@pytest.mark.parametrize(("path", "method", "shape"), OPERATIONS)
def test_I01_no_body_of_another_shape_is_taken(inside, path, method, shape):
    before = counts()
    bodies = (
        "[]",
        '"x"',
        "7",
        "null",
        "true",
        "{",
        "{'a': 1}",
        '{"a": 1, "a": 1}',
        '{"code": "123456", "code": "123456"}',
        DEEP,
        '{"a": ' * 10_000 + "1" + "}" * 10_000,
        json.dumps({"a": HUGE}),
        b"\xff\xfe\x00",
        b'{"a": "\xff"}',
    )
    for body in bodies:
        response = send(inside, path, method, body)
        assert response.status_code in (400, 413), (body[:40], response.content)
    assert counts() == before
    assert inside.is_verified


@pytest.mark.parametrize(("path", "method", "shape"), OPERATIONS)
def test_I01_what_is_required_is_required(inside, path, method, shape):
    for name in shape.get("required", ()):
        fields = shape["properties"]
        rest = {
            each: plain(each, fields[each])
            for each in shape["required"]
            if each != name
        }
        response = send(inside, path, method, json.dumps(rest))
        assert response.status_code == 400
        assert response.json()["code"] in {
            "invalid_input",
            "invalid_response",  # of a passkey
        }


@pytest.mark.parametrize("item", ["1", "[]", '""', '"read"'])
def test_I01_a_list_of_thousands_is_refused_unread(inside, item):
    scopes = ",".join([item] * 9_000)
    body = f'{{"name": "x", "scopes": [{scopes}]}}'
    response = send(inside, MOUNT + "mfa/app-passwords", "post", body)
    assert response.status_code == 400
    assert response.json()["errors"] == {
        "scopes": ["Ensure this field has no more than 64 elements."]
    }


@pytest.mark.parametrize("length", ["9" * 5000, "²", "-1"])
def test_I01_a_length_that_is_no_number_is_refused(inside, length):
    path, method, _shape = OPERATIONS[0].values
    response = send(inside, path, method, "{}", CONTENT_LENGTH=length)
    assert response.status_code == 413
