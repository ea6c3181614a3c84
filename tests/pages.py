"""A site of many small pages, for what stands between pages and people."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.views import View
from django_otp.admin import OTPAdminSite
from django_otp.decorators import otp_required

from django_mfa.decorators import mfa_exempt, mfa_required
from django_mfa.mixins import MFARequiredMixin
from django_mfa.policy.requirements import PhishingResistant, Recent, Strength
from testproject.urls import urlpatterns as site

otp_admin = OTPAdminSite(OTPAdminSite.name)
# That of django-otp needs its app, for a template and a style sheet.
otp_admin.login_template = "admin/login.html"


def plain(request: HttpRequest) -> HttpResponse:
    return HttpResponse("plain")


def who(request: HttpRequest) -> HttpResponse:
    name = request.user.get_username() if request.user.is_authenticated else "nobody"
    return HttpResponse(name)


async def awho(request: HttpRequest) -> HttpResponse:
    user: Any = await request.auser()
    same = user == await request.auser() == request.user
    name = user.get_username() if user.is_authenticated else "nobody"
    return HttpResponse(f"{name} {same} {user.is_verified()}")


async def aplain(request: HttpRequest) -> HttpResponse:
    return HttpResponse("plain")


def verified(request: Any) -> HttpResponse:
    return HttpResponse(f"{request.mfa.is_verified} {request.user.is_verified()}")


async def averified(request: Any) -> HttpResponse:
    user = await request.auser()
    return HttpResponse(f"{request.mfa.is_verified} {user.is_verified()}")


def refuse(request: HttpRequest) -> HttpResponse:
    raise PermissionDenied if request.user.is_anonymous else ValueError


def api(request: HttpRequest) -> HttpResponse:
    if request.user.is_authenticated:
        return JsonResponse({"name": request.user.get_username()})
    return JsonResponse({"detail": "Who are you?"}, status=401)


def elsewhere(request: HttpRequest) -> HttpResponse:
    return HttpResponse(status=302, headers={"Location": f"/x/{request.user.pk}"})


@mfa_exempt
def exempt(request: HttpRequest) -> HttpResponse:
    return who(request)


@mfa_exempt
def exempt_refusal(request: HttpRequest) -> HttpResponse:
    return refuse(request)


@mfa_required
def bare(request: HttpRequest) -> HttpResponse:
    """Any factor."""
    return HttpResponse("in")


@mfa_required(Recent(900))
def recent(request: HttpRequest, word: str = "in") -> HttpResponse:
    return HttpResponse(word)


@mfa_required(Recent(900))
async def arecent(request: HttpRequest) -> HttpResponse:
    return HttpResponse("in")


strong = mfa_required(PhishingResistant())(plain)
stronger = mfa_required(Strength("aal3"))(plain)


class Mixed(MFARequiredMixin, View):
    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return HttpResponse(f"in {kwargs['word']}")


class MixedRecent(Mixed):
    mfa_requirement = Recent(900)


class AsyncMixed(MFARequiredMixin, View):
    async def get(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse("in")


class Methods(View):
    """One method of it asks for more."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse("plain")

    @mfa_required(Recent(900))
    def post(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse("in")


class AsyncMethods(View):
    @mfa_required(Recent(900))
    async def post(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse("in")


urlpatterns = [
    *site,
    path("t/methods/", Methods.as_view()),
    path("t/amethods/", AsyncMethods.as_view()),
    path("t/plain/", plain),
    path("t/aplain/", aplain),
    path("t/who/", who),
    path("t/awho/", awho),
    path("t/verified/", verified),
    path("t/averified/", averified),
    path("t/login-required/", login_required(who)),
    path("t/refuse/", refuse),
    path("t/api/", api),
    path("t/elsewhere/", elsewhere),
    path("t/exempt/", exempt),
    path("t/exempt-refusal/", exempt_refusal),
    path("t/bare/", bare),
    path("t/recent/", recent),
    path("t/recent/<str:word>/", recent),
    path("t/arecent/", arecent),
    path("t/strong/", strong),
    path("t/stronger/", stronger),
    path("t/mixed/<str:word>/", Mixed.as_view()),
    path("t/mixed-recent/<str:word>/", MixedRecent.as_view()),
    path("t/async-mixed/", AsyncMixed.as_view()),
    path("t/otp/", otp_required(who)),
    path("t/otp-admin/", otp_admin.urls),
]
