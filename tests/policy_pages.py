"""Views that ask for this and that, for the table and the path tricks."""

from __future__ import annotations

from pathlib import Path

from django.conf.urls.i18n import i18n_patterns
from django.contrib import admin
from django.contrib.auth import get_user_model, login
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import LogoutView
from django.http import HttpResponse, JsonResponse, StreamingHttpResponse
from django.urls import include, path, re_path
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from django.views import View
from django.views.decorators.csrf import csrf_exempt
from django.views.static import serve

from django_mfa.decorators import mfa_exempt, mfa_required
from django_mfa.errors import ApprovalVoid
from django_mfa.mixins import MFARequiredMixin
from django_mfa.policy.requirements import PhishingResistant, Recent

HERE = Path(__file__).parent


def seen(request):
    return HttpResponse("seen", headers={"X-Ran": "1"})


async def aseen(request):
    return HttpResponse("seen", headers={"X-Ran": "1"})


def api(request):
    """A view for programs that knows nothing of this package."""
    if not request.user.is_authenticated:
        return JsonResponse({"detail": "Who are you?"}, status=401)
    return JsonResponse({"detail": "seen"}, headers={"X-Ran": "1"})


def streamed(request):
    return StreamingHttpResponse(iter(["se", "en"]), headers={"X-Ran": "1"})


async def astreamed(request):
    async def parts():
        for part in ("se", "en"):
            yield part

    return StreamingHttpResponse(parts(), headers={"X-Ran": "1"})


def missing(request, exception=None):
    return HttpResponse(f"no page, {who(request)}", status=404)


def failed(request):
    return HttpResponse(f"failed, {who(request)}", status=500)


def who(request):
    user = getattr(request, "user", None)
    return (user.get_username() if user else "") or "nobody"


handler404, handler500 = missing, failed


def profile(request):
    return HttpResponse(request.user.get_username())


class Class(MFARequiredMixin, View):
    mfa_requirement = Recent(900)

    async def get(self, request):
        return HttpResponse("seen")


@mfa_required(Recent(900))
class Decorated(View):
    def get(self, request):
        return HttpResponse("seen")


@csrf_exempt
def plain(request):
    return HttpResponse("seen", headers={"X-Ran": "1"})


def assertive(request):
    user = get_user_model()._default_manager.get(pk=request.GET["pk"])
    login(request, user, backend="django_mfa.auth.MFAModelBackend")
    assert request.user.is_authenticated


def broken(request):
    raise ValueError("broken")


def void(request):
    raise ApprovalVoid


ruled = [path("pay/<int:pk>/", lambda request, pk: plain(request), name="pay")]

urlpatterns = [
    path("p/assertive/", assertive),
    path("p/broken/", broken),
    path("p/void/", void),
    path("p/kept/", mfa_required(Recent(900), keep_form=True)(plain)),
    path("p/page/", login_required(seen)),
    path("p/exempt/", mfa_exempt(login_required(seen))),
    path("p/any/", mfa_required(seen)),
    path("p/step_up/", csrf_exempt(mfa_required(Recent(900))(seen))),
    path("p/resistant/", mfa_required(PhishingResistant())(seen)),
    path("p/api/", api),
    path("p/api_step_up/", mfa_required(Recent(900))(api)),
    path("p/streamed/", mfa_required(Recent(900))(streamed)),
    path("p/astreamed/", mfa_required(Recent(900))(astreamed)),
    path("p/asame/", aseen, name="asame"),
    path("media/<path:path>", serve, {"document_root": HERE}, name="media"),
    path("p/class/", Class.as_view()),
    path("p/decorated/", Decorated.as_view()),
    path("p/async/", mfa_required(Recent(900))(aseen)),
    path("rules/", include((ruled, "shop"))),
    path("elsewhere/rules/", include((ruled, "shop"), namespace="other")),
    path("same/", plain, name="same"),
    path("twice/", plain, name="twice"),
    path("profile/", login_required(profile), name="profile"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("", seen, name="home"),
    path("mfa/", include("django_mfa.urls")),
    path("admin/", admin.site.urls),
    *i18n_patterns(
        path("ruled/", plain, name="ruled"),
        path(format_lazy("{}/", _("password")), include([path("x/", plain)])),
    ),
    path("re/", include([re_path(format_lazy("^{}/$", _("password")), plain)])),
]
