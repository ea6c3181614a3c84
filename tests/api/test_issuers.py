"""Issuers of a site's own, named by their dotted path."""

from __future__ import annotations

from typing import ClassVar

import pytest
from drf_spectacular.generators import SchemaGenerator

from django_mfa.api.tokens import TokenIssuer
from django_mfa.clients.issuer import Issuer
from django_mfa.integrations.simplejwt import JWTIssuer
from django_mfa.testing import totp_code
from tests.programs import Program
from tests.stories import queries


class Pair(JWTIssuer):
    fields: ClassVar = {**JWTIssuer.fields, "name": "Whose tokens these are."}

    def issue(self, session, standing):
        return {**super().issue(session, standing), "name": str(session.user())}


class Ticket(Issuer):
    def issue(self, session, standing):
        return {"ticket": f"{session.user().pk}:{standing.acr}"}


@pytest.fixture
def named(settings):
    """Let programs in by an issuer of this module alone."""

    def name(issuer):
        path = f"{__name__}.{issuer.__name__}"
        settings.DJANGO_MFA = {**settings.DJANGO_MFA, "API": {"ISSUERS": [path]}}
        return Program("v1/auth")

    return name


def test_one_that_adds_something_to_ours(named, user, secret):
    program = named(Pair)
    program.login(user)
    told = program.answer("mfa/verify", {"code": totp_code(secret)}).json()
    assert told["name"] == str(user)
    assert program.is_verified
    assert not program.client.session.keys()


def test_one_that_makes_something_else(named, user, secret):
    program = named(Ticket)
    program.login(user)
    told = program.answer("mfa/verify", {"code": totp_code(secret)}).json()
    assert told["ticket"] == f"{user.pk}:aal2"
    again = program.answer("mfa/verify", {"code": totp_code(secret)})
    assert again.json()["code"] == "login_expired"


def test_one_that_is_told_of_a_password_alone(named, user):
    told = named(Ticket).login(user).json()
    assert told == {"mfa_required": False, "ticket": f"{user.pk}:aal1"}


def test_the_schema_says_what_each_gives(named):
    named(Pair)
    schema = SchemaGenerator().get_schema(request=None, public=True)
    fields = schema["components"]["schemas"]["MFAVerified"]["properties"]
    assert fields["name"]["description"] == "Whose tokens these are."
    assert fields["refresh"]["description"].startswith("The token for a new")
    assert "token" not in fields


def test_what_ends_a_token_writes_before_it_reads(user):
    # On SQLite a transaction that has read may not write once another has written.
    with queries() as seen:
        TokenIssuer().end_all(user)
    assert seen[0].startswith("UPDATE")
