"""A rule for views holds for every view it was meant for, and leads nobody in circles."""

from __future__ import annotations

from functools import partial

import pytest
from django.contrib.admin import AdminSite, ModelAdmin
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission
from django.contrib.auth.views import LoginView
from django.contrib.contenttypes.models import ContentType
from django.http import HttpResponse
from django.urls import include, path, re_path, reverse
from django.views import View
from django.views.decorators.cache import cache_page
from django.views.decorators.csrf import csrf_exempt

from django_mfa.decorators import mfa_required
from django_mfa.mixins import ApprovalRequiredMixin, StepUpModelAdmin
from django_mfa.policy.requirements import Recent
from django_mfa.testing import add_phone, totp_code
from tests.browser import Browser
from tests.policy_pages import plain
from tests.policy_pages import urlpatterns as pages
from tests.sent import last_sms

pytestmark = pytest.mark.urls(__name__)

SIXTEEN_MINUTES = 16 * 60


class OwnView(ModelAdmin):
    def get_urls(self):
        view = self.admin_site.admin_view(csrf_exempt(self.own))
        named = [path(f"{name}/", view, name=name) for name in ("login", "logout")]
        return [path("own/", view, name="own"), *named, *super().get_urls()]

    def own(self, request):
        return HttpResponse("seen", headers={"X-Ran": "1"})


class Guarded(StepUpModelAdmin, OwnView):
    pass


class GuardedItself(StepUpModelAdmin, ModelAdmin):
    def get_urls(self):
        return [path("own/", csrf_exempt(plain)), *super().get_urls()]


SHARED = [path("own/", plain, name="shared")]


class GuardedWithin(StepUpModelAdmin, ModelAdmin):
    def get_urls(self):
        return [path("within/", include((SHARED, "within"))), *super().get_urls()]


unguarded = AdminSite("unguarded")
unguarded.register(Group, OwnView)
stepping = AdminSite("stepping")
stepping.register(Group, Guarded)
stepping.register(Permission, GuardedItself)
stepping.register(ContentType, GuardedWithin)


class Callable:
    csrf_exempt = True

    def __call__(self, request):
        return plain(request)


def half(view):
    found = partial(view)
    found.csrf_exempt = True
    return found


class OfClass(View):
    def post(self, request):
        return plain(request)


class OfApproval(ApprovalRequiredMixin, OfClass):
    approval_action = "rules.run"

    def get_approval_summary(self, obj):
        return "Run it"

    def get_approval_fields(self, obj):
        return {}


def within(view):
    """A view wrapped in a decorator that tells no more than `__wrapped__`."""

    def wrapper(request):
        return view(request)

    wrapper.__wrapped__, wrapper.csrf_exempt = view, True
    return wrapper


@cache_page(3600)
@mfa_required(Recent(900))
def cached(request):
    return HttpResponse("seen")


@cache_page(3600)
@mfa_required(Recent(900))
async def acached(request):
    return HttpResponse("seen")


urlpatterns = [
    path("cached/", cached),
    path("acached/", acached),
    path("shared/", include(SHARED)),
    path("plain-login/", LoginView.as_view(template_name="site/plain.html")),
    path("route/", plain, name="rules-named"),
    re_path(r"^regex/$", plain),
    path("callable/", Callable(), name="callable"),
    path("partial/", half(plain)),
    path("partial-class/", half(half(OfClass.as_view()))),
    path("within/", within(half(OfClass.as_view()))),
    path("partial-approval/", half(OfApproval.as_view())),
    path("unguarded/", unguarded.urls),
    path("stepping/", stepping.urls),
    *pages,
]


def configure(settings, **more):
    settings.DJANGO_MFA = {**settings.DJANGO_MFA, **more}


@pytest.fixture
def clerk(alice):
    alice.user.is_staff = alice.user.is_superuser = True
    alice.user.save()
    return alice


def test_admin_actions_are_those_of_a_models_own_views_as_well(clerk, settings, clock):
    configure(settings, STEP_UP={"TRIGGERS": ["admin_actions"]})
    browser = clerk.enter()
    assert browser.post("/unguarded/auth/group/own/").content == b"seen"
    clock.tick(SIXTEEN_MINUTES)
    for name in ("own", "login", "logout"):
        response = browser.post(f"/unguarded/auth/group/{name}/")
        assert response.status_code == 302
        assert "X-Ran" not in response.headers
    users = get_user_model()._meta
    place = f"/admin/{users.app_label}/{users.model_name}/{clerk.user.pk}/password/"
    passwords = {"password1": "new-pass-word", "password2": "new-pass-word"}
    assert browser.post(place, passwords).url.startswith("/mfa/step-up/")
    clerk.user.refresh_from_db()
    assert clerk.user.check_password("pw")


def test_U08_a_trusted_browser_opens_no_own_view_of_a_plain_admin(
    clerk, settings, clock
):
    configure(settings, TRUSTED_DEVICES={"ENABLED": True})
    browser = clerk.begin()
    browser.code(totp_code(clerk.secret), trust="1")
    browser.post("/logout/")
    browser.begin(clerk.user)
    assert browser.is_in
    own = [f"/unguarded/auth/group/{name}/" for name in ("own", "login", "logout")]
    for place in ("/unguarded/", *own):
        assert browser.get(place).url.startswith("/mfa/step-up/")


def test_a_step_up_admin_guards_the_views_that_it_adds(clerk, clock):
    browser = clerk.enter()
    for kind in ("group", "permission"):
        assert browser.post(f"/stepping/auth/{kind}/own/").content == b"seen"
    clock.tick(SIXTEEN_MINUTES)
    for kind in ("group", "permission"):
        response = browser.post(f"/stepping/auth/{kind}/own/")
        assert response.url.startswith("/mfa/step-up/")
        assert "X-Ran" not in response.headers
        assert browser.get(f"/stepping/auth/{kind}/own/").content == b"seen"


def test_a_step_up_admin_guards_the_views_that_it_includes(clerk, clock):
    browser = clerk.enter()
    place = reverse("stepping:within:shared", current_app="stepping")
    assert browser.post(place).content == b"seen"
    clock.tick(SIXTEEN_MINUTES)
    assert browser.post(place).url.startswith("/mfa/step-up/")
    assert browser.get(place).content == b"seen"
    assert browser.post("/shared/own/").content == b"seen"  # of nobody's admin


def end_of(browser, response):
    """The page to which a chain of at most three redirects leads."""
    for _hop in range(3):
        if response.status_code != 302:
            break
        response = browser.get(response.url)
    assert response.status_code == 200, response
    return response.wsgi_request.path


EVERYTHING = [{"path": "*"}], [{"view": "*"}], [{"path": "mfa/*"}, {"path": "p/*"}]


@pytest.mark.parametrize("rules", EVERYTHING)
def test_a_rule_for_everything_leads_nobody_in_a_circle(
    alice, staff, visitor, settings, clock, rules
):
    configure(settings, STEP_UP={"TRIGGERS": rules})
    assert end_of(visitor, visitor.get("/p/any/")) == "/mfa/login/"
    waiting = Browser().begin(staff)
    assert end_of(waiting, waiting.get("/p/any/")).startswith("/mfa/setup/")
    held = alice.begin()
    assert end_of(held, held.get("/p/any/")) in ("/mfa/verify/", "/mfa/login/")
    held.code(alice.code)
    assert held.get("/p/any/").content == b"seen"
    clock.tick(SIXTEEN_MINUTES)
    place = held.get("/p/any/").url
    assert end_of(held, held.get(place)) == "/mfa/step-up/"
    assert held.get("/mfa/").status_code == 302
    assert held.post(place, {"code": alice.code}).url == "/p/any/"
    assert held.get("/p/any/").content == b"seen"


@pytest.mark.parametrize("rules", EVERYTHING)
def test_a_rule_for_everything_keeps_no_code_from_being_sent(
    make_user, sends, settings, clock, rules
):
    configure(settings, STEP_UP={"TRIGGERS": rules})
    zoe = make_user("zoe")
    add_phone(zoe)
    browser = Browser().begin(zoe)
    sent = browser.send("verify_send", "sms")
    assert browser.post(sent.url, {"code": last_sms()}).status_code == 302
    assert browser.get("/p/any/").content == b"seen"
    clock.tick(SIXTEEN_MINUTES)
    sent = browser.send("step_up_send", "sms")
    assert browser.post(sent.url, {"code": last_sms()}).status_code == 302
    assert browser.get("/p/any/").content == b"seen"


@pytest.mark.parametrize("rules", EVERYTHING)
def test_a_rule_for_everything_keeps_no_first_code_from_being_sent(
    staff, sends, settings, clock, rules
):
    configure(settings, STEP_UP={"TRIGGERS": rules})
    waiting = Browser().begin(staff)
    sent = waiting.send("setup_send", "sms", to="+447400123456")
    assert waiting.post(sent.url, {"code": last_sms()}).status_code == 200
    assert waiting.get("/p/any/").content == b"seen"


def test_a_rule_for_everything_leaves_the_sites_own_login_page(visitor, db, settings):
    configure(settings, STEP_UP={"TRIGGERS": [{"path": "*"}]})
    settings.LOGIN_URL = "/plain-login/"
    assert end_of(visitor, visitor.get("/p/any/")) == "/plain-login/"
    settings.LOGIN_URL = "/unguarded/login/"
    assert end_of(visitor, visitor.get("/p/any/")) == "/unguarded/login/"


RULES = {
    "one method": ("route/", {"view": "rules-named", "methods": "POST"}),
    "route": ("regex/", {"path": "regex/", "methods": "write"}),
    "class of a callable": ("callable/", {"view": f"{__name__}.Callable"}),
    "partial": ("partial/", {"view": "tests.policy_pages.plain"}),
    "class in a partial": ("partial-class/", {"view": f"{__name__}.OfClass"}),
    "class in a decorator": ("within/", {"view": f"{__name__}.OfClass"}),
}


@pytest.mark.parametrize("name", RULES)
def test_a_rule_finds_every_kind_of_view_it_names(alice, settings, clock, name):
    place, rule = RULES[name]
    configure(settings, STEP_UP={"TRIGGERS": [rule]})
    browser = alice.enter()
    assert browser.post(f"/{place}").content == b"seen"
    clock.tick(SIXTEEN_MINUTES)
    response = browser.post(f"/{place}")
    assert response.status_code == 302
    assert "X-Ran" not in response.headers


def test_a_view_that_needs_approvals_is_one_in_a_partial_as_well(
    alice, settings, clock
):
    configure(settings, STEP_UP={"TRIGGERS": ["approval_operations"]})
    browser = alice.enter()
    assert browser.post("/partial-approval/").url.startswith("/mfa/approve/")
    clock.tick(SIXTEEN_MINUTES)
    assert browser.post("/partial-approval/").url.startswith("/mfa/step-up/")


@pytest.mark.parametrize("name", ["cached", "acached"])
def test_no_cache_gives_out_what_a_mark_guards(alice, clock, name):
    browser = alice.enter()
    assert browser.get(f"/{name}/").content == b"seen"
    assert browser.get(f"/{name}/")["Cache-Control"].endswith("private")
    clock.tick(SIXTEEN_MINUTES)
    assert browser.get(f"/{name}/").status_code == 302


def test_no_cache_of_the_site_gives_out_what_a_rule_guards(alice, settings, clock):
    configure(settings, STEP_UP={"TRIGGERS": [{"path": "route/"}]})
    cache = "django.middleware.cache"
    settings.MIDDLEWARE = [
        f"{cache}.UpdateCacheMiddleware",
        *settings.MIDDLEWARE,
        f"{cache}.FetchFromCacheMiddleware",
    ]
    browser = alice.enter()
    assert browser.get("/route/").content == b"seen"
    clock.tick(SIXTEEN_MINUTES)
    assert browser.get("/route/").status_code == 302
