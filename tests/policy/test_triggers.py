from __future__ import annotations

from types import SimpleNamespace

import pytest
from django.contrib.admin import AdminSite
from django.http import HttpRequest
from django.views.decorators.cache import never_cache

from django_mfa.policy import triggers
from django_mfa.policy.requirements import Recent


def view(request):
    raise NotImplementedError


def request_to(method="POST", **match):
    request = HttpRequest()
    request.method = method
    found = {"route": "pay/<int:pk>/", "view_name": "shop:pay", "url_name": "pay"}
    found["app_names"] = []
    request.resolver_match = SimpleNamespace(**{**found, **match})
    return request


def asked(settings, trigger, request, view=view):
    settings.DJANGO_MFA = {"STEP_UP": {"TRIGGERS": [trigger]}}
    return triggers.requirement_for(request, view, 900)


def test_a_slip_of_the_pen_asks_of_everything(settings):
    assert asked(settings, "admin_action", request_to("GET")) == Recent(900)


@pytest.mark.parametrize(("method", "asks"), [("POST", True), ("GET", False)])
def test_views_that_need_approvals_ask_when_they_write(settings, method, asks):
    def approving(request):
        raise NotImplementedError

    approving.mfa_approval = True
    name = "approval_operations"
    assert (asked(settings, name, request_to(method), approving) is not None) is asks
    assert asked(settings, name, request_to(method)) is None


def test_several_rules_ask_together(settings):
    settings.DJANGO_MFA = {
        "STEP_UP": {"TRIGGERS": [{"path": "pay/*"}, {"view": "shop:*", "max_age": 60}]}
    }
    found = triggers.requirement_for(request_to(), view, 900)
    assert found == Recent(900) & Recent(60)
    assert found.max_age == 60


def test_a_rule_may_ask_for_a_kind_of_proof_and_never_for_an_older_one(settings):
    rule = {
        "path": "pay/*",
        "max_age": 7200,
        "strength": "aal2",
        "phishing_resistant": True,
    }
    found = asked(settings, rule, request_to())
    assert found.max_age == 900
    assert [
        type(part).__name__ for part in (found.parts[1], *found.parts[0].parts)
    ] == [
        "PhishingResistant",
        "Recent",
        "Strength",
    ]


@pytest.mark.parametrize(
    ("methods", "method", "asks"),
    [
        ("write", "BREW", True),
        ("write", "HEAD", False),
        (["GET"], "HEAD", True),
        (["get"], "GET", True),
        (["POST"], "PUT", False),
        ("all", "OPTIONS", True),
        (None, "GET", True),
    ],
)
def test_rules_name_methods(settings, methods, method, asks):
    rule = {"view": f"{__name__}.view", "methods": methods}
    assert (asked(settings, rule, request_to(method)) is not None) is asks


def test_a_view_without_a_name_has_none(settings):
    rule = {"view": "shop:*"}
    request = request_to(view_name=None)

    class Callable:
        def __call__(self, request):
            raise NotImplementedError

    assert asked(settings, rule, request, Callable()) is None


def test_signing_in_and_out_of_an_admin_is_no_admin_view():
    def page(request):
        raise NotImplementedError

    page.admin_site = site = AdminSite()
    found = {each.name: each.callback for each in site.get_urls() if each.name}
    assert triggers.is_admin(request_to(url_name="index"), found["index"])
    for name in ("login", "logout"):
        named = request_to(url_name=name, app_names=["admin"])
        assert not triggers.is_admin(named, found[name])
        assert triggers.is_admin(named, page)
    assert not triggers.is_admin(request_to(), view)


def test_an_admin_whose_login_is_wrapped_is_still_a_way_in():
    site = AdminSite()
    site.login = never_cache(site.login)  # type: ignore[method-assign]  # as allauth has it
    wrapped = next(each for each in site.get_urls() if each.name == "login").callback
    named = request_to(url_name="login", app_names=["admin"])
    assert triggers.is_way_in(named, wrapped)
