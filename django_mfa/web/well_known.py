"""`path(".well-known/", include("django_mfa.web.well_known"))`: what browsers look for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, JsonResponse
from django.urls import path, reverse
from django.views.decorators.http import require_safe

from django_mfa.errors import FactorNotAvailable
from django_mfa.factors.passkey.rp import relying_party

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


@login_not_required
@require_safe
def webauthn(request: HttpRequest) -> HttpResponse:
    """Name the origins that may use this site's passkeys (WebAuthn L3 section 5.11)."""
    try:
        origins = relying_party(request.get_host()).related_origins
    except FactorNotAvailable as error:
        raise Http404 from error
    return JsonResponse({"origins": origins})


@login_not_required
@require_safe
def passkey_endpoints(request: HttpRequest) -> HttpResponse:
    """Say where passkeys are made and managed (W3C, A Well-Known URL for Passkey Endpoints)."""
    enroll = reverse("django_mfa:setup", kwargs={"factor": "passkey"})
    return JsonResponse(
        {
            "enroll": request.build_absolute_uri(enroll),
            "manage": request.build_absolute_uri(reverse("django_mfa:security")),
        }
    )


urlpatterns = [
    path("webauthn", webauthn, name="well_known_webauthn"),
    path("passkey-endpoints", passkey_endpoints, name="well_known_passkey_endpoints"),
]
