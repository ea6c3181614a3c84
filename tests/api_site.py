"""A site with views of its own, guarded by the permissions of the API."""

from __future__ import annotations

from typing import Any

from django.urls import path
from rest_framework.authentication import (
    BasicAuthentication,
    SessionAuthentication,
    TokenAuthentication,
)
from rest_framework.exceptions import PermissionDenied
from rest_framework.permissions import IsAdminUser, IsAuthenticated
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework_simplejwt.authentication import (
    JWTAuthentication,
    JWTStatelessUserAuthentication,
)
from rest_framework_simplejwt.views import TokenObtainPairView

from django_mfa.api.permissions import HasRecentMFA, HasStrength, IsMFAVerified, Meets
from django_mfa.policy.requirements import PhishingResistant
from testproject.urls import urlpatterns as site


class View(APIView):
    authentication_classes = (
        BasicAuthentication,
        TokenAuthentication,
        JWTAuthentication,
        SessionAuthentication,
    )

    def get(self, request: Any) -> Response:
        return Response({"user": request.user.get_username()})

    post = get


class Stateless(APIView):
    authentication_classes = (JWTStatelessUserAuthentication,)
    permission_classes = (IsMFAVerified,)

    def get(self, request: Any) -> Response:
        return Response({})


class Poor(View):
    permission_classes = (IsMFAVerified | IsAuthenticated,)

    def get(self, request: Any) -> Response:
        raise PermissionDenied({"code": "poor", "detail": "Not enough money."})


def guarded(*permissions: Any) -> Any:
    return View.as_view(permission_classes=permissions)


urlpatterns = [
    *site,
    path("s/plain", guarded(IsAuthenticated)),
    path("s/verified", guarded(IsMFAVerified)),
    path("s/recent", guarded(HasRecentMFA(300))),
    path("s/recent-default", guarded(HasRecentMFA)),
    path("s/strong", guarded(HasStrength("aal2"))),
    path("s/stronger", guarded(HasStrength("aal3"))),
    path("s/phishing", guarded(Meets(PhishingResistant()))),
    path("s/either", guarded(IsMFAVerified | IsAdminUser)),
    path("s/both", guarded(HasRecentMFA(300) & IsAdminUser)),
    path("s/poor", Poor.as_view()),
    path("s/stateless", Stateless.as_view()),
    path("s/obtain", TokenObtainPairView.as_view()),
]
