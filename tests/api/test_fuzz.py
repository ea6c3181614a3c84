"""schemathesis over the whole schema: no 5xx, and no answer that is not in the schema."""

from __future__ import annotations

import os
from datetime import timedelta

import pytest

schemathesis = pytest.importorskip("schemathesis")

import requests
from django.test import Client
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from urllib3 import HTTPResponse

from django_mfa.testing import add_passkey, add_recovery_codes, add_totp
from tests.programs import Program

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "8"))


def load():
    raw = SchemaGenerator().get_schema(request=None, public=True)
    raw["paths"] = {
        path: methods
        for path, methods in raw["paths"].items()
        if path.startswith("/api/token/")
    }
    return schemathesis.openapi.from_dict(raw)


SCHEMA = load()
OPERATIONS = [result.ok() for result in SCHEMA.get_all_operations()]


def prepared(case, base, headers):
    """The request of `case` as it goes over the wire."""
    sent = case.as_transport_kwargs(base_url=base, headers=headers)
    names = ("method", "url", "headers", "data", "json", "params", "cookies")
    return requests.Request(**{k: sent[k] for k in names if k in sent}).prepare()


def answered(request):
    """What the site answers to it, in this process."""
    headers = {k: str(v) for k, v in request.headers.items()}
    kind = headers.pop("Content-Type", "")
    body = request.body or b""
    found = Client(raise_request_exception=False).generic(
        request.method, request.path_url, body, content_type=kind, headers=headers
    )
    response = requests.Response()
    response.status_code, response._content = found.status_code, found.content
    response.headers.update(found.headers)
    response.raw = HTTPResponse(headers=dict(found.headers), status=found.status_code)
    response.request, response.url, response.encoding = request, request.url, "utf-8"
    response.elapsed = timedelta()
    return response


def signed_out(make_user):
    return {}, {}


def held(make_user):
    user = make_user("fuzzed")
    add_totp(user)
    program = Program("token")
    program.login(user)
    return {}, {"mfa_token": program.token}


def verified(make_user):
    user = make_user("fuzzed", is_staff=True, is_superuser=True)
    secret = add_totp(user)
    add_recovery_codes(user)
    add_passkey(user)
    return Program("token").enter(user, secret).headers, {}


@pytest.mark.parametrize("state", [signed_out, held, verified])
@pytest.mark.parametrize(
    "operation", OPERATIONS, ids=lambda each: f"{each.method} {each.path}"
)
def test_every_answer_is_foreseen(make_user, operation, state, settings_for_fuzz):
    headers, token = state(make_user)

    @settings_for_fuzz
    @given(case=operation.as_strategy())
    def run(case):
        if token and isinstance(case.body, dict) and "mfa_token" in case.body:
            case.body |= token
        response = answered(prepared(case, "http://testserver", headers))
        case.validate_response(response, checks=CHECKS)

    run()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("state", [signed_out, held, verified])
def test_every_answer_over_a_socket_is_foreseen(make_user, live_server, state):
    headers, _token = state(make_user)

    with requests.Session() as wire:
        for operation in OPERATIONS:

            @bounded(2)
            @given(case=operation.as_strategy())
            def run(case):
                request = prepared(case, live_server.url, headers)
                case.validate_response(wire.send(request, timeout=10), checks=CHECKS)

            run()


@pytest.fixture
def settings_for_fuzz():
    return bounded(EXAMPLES)


def bounded(examples):
    return settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
