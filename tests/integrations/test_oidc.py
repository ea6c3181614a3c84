from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth import login
from django.test import RequestFactory

from django_mfa import clock
from django_mfa.integrations import oidc
from django_mfa.policy import sso
from django_mfa.policy.requirements import Recent
from django_mfa.session import MFASession
from django_mfa.testing import add_totp, freeze, mfa_login
from tests.stories import fresh, last_told

MAP = {
    "SSO": {
        "AMR_MAP": {
            "mfa": {"acr": "aal2"},
            "hwk": {"acr": "aal3", "phishing_resistant": True},
        }
    }
}
NOW = 1_800_000_000


@pytest.fixture(autouse=True)
def _mapped(settings):
    settings.DJANGO_MFA = {**settings.DJANGO_MFA, **MAP}
    with freeze(NOW):
        yield


def claims(*amr, **more):
    return {"iss": "https://id.example", "amr": list(amr), "auth_time": NOW, **more}


def test_what_the_site_knows_is_a_proof():
    proof = sso.proof_of(claims("pwd", "hwk"))
    assert proof
    assert (proof.acr, proof.phishing_resistant, proof.at) == ("aal3", True, NOW)
    assert proof.amr == ("pwd", "hwk")


@pytest.mark.parametrize(
    "told",
    [
        claims(),
        claims("pwd"),
        claims("MFA"),
        {},
        {"amr": "mfa and more"},
        {"amr": {"mfa": 1}},
        {"amr": [["mfa"], None, 1]},
        {"acr": 5},
    ],
)
def test_anything_else_is_one_factor(told):
    assert sso.proof_of(told) is None


def test_a_class_of_its_own_may_be_mapped():
    assert sso.proof_of({"acr": "mfa", "auth_time": NOW})


@pytest.mark.parametrize(
    "worth",
    [
        {"acr": "aal1"},
        {"acr": "aal1", "phishing_resistant": True},
        {"acr": "AAL2"},
        {"acr": None},
        {"acr": ["aal3"]},
        *("aal2", True, None),
    ],
)
def test_what_is_mapped_to_no_level_of_two_factors_is_one_factor(settings, worth):
    settings.DJANGO_MFA = {"SSO": {"AMR_MAP": {"mfa": worth}}}
    assert sso.proof_of(claims("mfa")) is None


def test_only_a_plain_yes_resists_phishing(settings):
    settings.DJANGO_MFA = {"SSO": {"AMR_MAP": {"mfa": {"phishing_resistant": "no"}}}}
    proof = sso.proof_of(claims("mfa"))
    assert proof
    assert (proof.acr, proof.phishing_resistant) == ("aal2", False)


@pytest.mark.parametrize("when", [None, "now", True, NOW + 99])
def test_a_time_that_is_none_is_not_fresh(when):
    proof = sso.proof_of(claims("mfa", auth_time=when))
    assert proof
    assert proof.at in (0, NOW)
    assert (proof.at == NOW) is (when == NOW + 99)


@pytest.fixture
def request_(client, rf: RequestFactory, db):
    request = rf.get("/callback/")
    request.session = client.session
    return request


def signed_in(request, user):
    login(request, fresh(user))
    return MFASession(request).is_signed_in(user)


class Backend:
    def __init__(self, request, user):
        self.request, self.user = request, user

    def get_or_create_user(self, access_token, id_token, payload):
        return self.user


class Proven(oidc.OIDCProofMixin, Backend):
    pass


def test_a_second_factor_shown_there_is_not_asked_for_here(request_, user):
    add_totp(user)
    Proven(request_, user).get_or_create_user("", "", claims("mfa"))
    assert signed_in(request_, user)
    assert MFASession(request_).proofs()[0].factor == "sso"
    told = last_told()
    assert (told.reason, told.address) == ("single_sign_on", "127.0.0.1")


def test_a_password_there_is_a_password_here(request_, user):
    add_totp(user)
    Proven(request_, user).get_or_create_user("", "", claims("pwd"))
    assert not signed_in(request_, user)


def test_allauth_tells_it_before_a_social_login(request_, user):
    class Adapter:
        def pre_social_login(self, request, sociallogin):
            pass

    class Mine(oidc.SocialProofMixin, Adapter):
        pass

    told = {"id_token": claims("mfa"), "userinfo": {}}
    social = SimpleNamespace(account=SimpleNamespace(extra_data=told))
    add_totp(user)
    Mine().pre_social_login(request_, social)
    assert signed_in(request_, user)


def test_allauth_without_an_id_token_tells_nothing(request_, user):
    class Base:
        def pre_social_login(self, request, sociallogin):
            pass

    class Mine(oidc.SocialProofMixin, Base):
        pass

    told = {"amr": ["mfa"]}
    social = SimpleNamespace(account=SimpleNamespace(extra_data=told))
    add_totp(user)
    Mine().pre_social_login(request_, social)
    assert not signed_in(request_, user)


def test_with_mozilla_django_oidc_itself(request_, user, settings, monkeypatch):
    auth: Any = pytest.importorskip("mozilla_django_oidc.auth")
    endpoints = ("TOKEN", "USER")
    for name in endpoints:
        setattr(settings, f"OIDC_OP_{name}_ENDPOINT", "https://id.example/")
    settings.OIDC_RP_CLIENT_ID = settings.OIDC_RP_CLIENT_SECRET = "site"

    class Theirs(oidc.OIDCProofMixin, auth.OIDCAuthenticationBackend):  # type: ignore[name-defined, misc]  # not installed by all
        pass

    backend = Theirs()
    backend.request = request_
    told = {"email": user.email}
    monkeypatch.setattr(backend, "get_userinfo", lambda *args: told)
    add_totp(user)
    assert backend.get_or_create_user("", "", claims("mfa")) == user
    assert signed_in(request_, user)


def test_a_sign_in_that_the_backend_refuses_tells_nothing(request_):
    Proven(request_, None).get_or_create_user("", "", claims("mfa"))
    assert MFASession(request_).proof_from_elsewhere() is None


@pytest.mark.parametrize("at", [-(10**400), -1, 10**400])
def test_a_time_beyond_all_clocks_breaks_nothing(settings, at):
    settings.DJANGO_MFA = {"SSO": {"AMR_MAP": {"mfa": {"acr": "aal2"}}}}
    proof = sso.proof_of({"amr": ["mfa"], "auth_time": at})
    assert proof
    assert 0 <= proof.at <= clock.timestamp()
    assert Recent(900).is_met_by([proof]) is (at > 0)


def test_a_session_does_not_keep_whatever_a_provider_says(settings):
    settings.DJANGO_MFA = {"SSO": {"AMR_MAP": {"mfa": {"acr": "aal2"}}}}
    said = ["mfa", "x" * 10_000, *(f"m{number}" for number in range(10_000))]
    proof = sso.proof_of({"amr": said})
    assert proof
    assert len(str(proof.as_json())) < 1000


@pytest.fixture
def come_back(client, user):
    """Return from the provider, with these claims, in the browser of `client`."""

    def come(**told):
        session = client.session
        request = RequestFactory().get("/callback/")
        request.session = session
        oidc.remember(request, claims("mfa", **told))
        login(request, fresh(user))
        session.save()
        client.cookies[settings.SESSION_COOKIE_NAME] = session.session_key
        return MFASession(request)

    return come


def test_a_repeated_sign_in_brings_a_fresh_proof(come_back, user):
    with freeze(NOW) as moving:
        first = come_back()
        key = first.store.session_key
        moving.tick(3600)
        assert not Recent(900).is_met_by(first.proofs())
        again = come_back(auth_time=NOW + 3600)
        assert Recent(900).is_met_by(again.proofs())
        assert again.store.session_key != key
        assert len(again.proofs()) == 1


def test_a_repeated_sign_in_lengthens_no_session(come_back, settings):
    sessions = {"SESSIONS": {"ABSOLUTE_AGE": 7200}}
    settings.DJANGO_MFA = {**settings.DJANGO_MFA, **sessions}
    with freeze(NOW) as moving:
        come_back()
        moving.tick(3600)
        again = come_back(auth_time=NOW + 3600)
        moving.tick(3601)
        assert again.is_over()


def test_a_repeated_sign_in_keeps_what_was_shown_here(client, come_back, user):
    mfa_login(client, user)
    shown = come_back().proofs()
    assert {proof.factor for proof in shown} == {"totp", "sso"}


@pytest.mark.parametrize("when", [None, NOW - 3601])
def test_what_is_worn_out_is_no_proof_and_leads_in_no_circles(
    client, come_back, user, settings, when
):
    settings.DJANGO_MFA = {**settings.DJANGO_MFA, "SESSIONS": {"PROOF_AGE": 3600}}
    come_back(auth_time=when)
    assert client.get("/profile/").status_code == 200
    assert last_told().reason == "no_factor"


def test_what_is_worn_out_does_not_stand_in_for_a_factor(come_back, user, settings):
    settings.DJANGO_MFA = {**settings.DJANGO_MFA, "SESSIONS": {"PROOF_AGE": 3600}}
    add_totp(user)
    assert not come_back(auth_time=None).is_signed_in(user)
