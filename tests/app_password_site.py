"""A site's own API, which takes app passwords in some places."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import path
from rest_framework.authentication import BasicAuthentication, SessionAuthentication
from rest_framework.permissions import IsAdminUser, IsAuthenticated
from rest_framework.response import Response
from rest_framework.views import APIView

from django_mfa.api.authentication import AppPasswordAuthentication
from django_mfa.api.scopes import HasScope
from django_mfa.session import Context, MFASession
from testproject.urls import urlpatterns as pages


class Who(APIView):
    """Says who asks, by what, and what the package believes of them."""

    authentication_classes = (AppPasswordAuthentication,)
    permission_classes = (HasScope("read"),)

    def get(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        session = MFASession(request._request)
        return Response(
            {
                "user": str(request.user.pk),
                "by": type(request.auth).__name__,
                "verified": request.user.is_verified(),
                "standing": request.mfa.is_verified,
                "amr": list(request.mfa.amr),
                "session": session.store.session_key,
                "actor": Context.of(request._request).actor == request.user,
            }
        )

    post = get


class Write(Who):
    permission_classes = (IsAuthenticated, HasScope("write"))


class Both(Who):
    """For people and for machines."""

    authentication_classes = (SessionAuthentication, AppPasswordAuthentication)
    permission_classes = (IsAuthenticated & (HasScope("read") | HasScope("write")),)


class OrStaff(Who):
    """For administrators, and for machines that may read and write."""

    permission_classes = (IsAdminUser | (HasScope("read") & HasScope("write")),)


class People(Who):
    """Says nothing of scopes."""

    permission_classes = (IsAuthenticated,)


class Backwards(Who):
    permission_classes = (~HasScope("write"),)


class Mixed(Who):
    """Another class takes what this one leaves."""

    authentication_classes = (AppPasswordAuthentication, BasicAuthentication)


class Files(Who):
    class Authentication(AppPasswordAuthentication):
        challenge = 'Basic realm="files"'

    authentication_classes = (Authentication,)


def enter(request: HttpRequest) -> HttpResponse:
    """A login view that believes whatever backend says yes."""
    from django.contrib.auth import authenticate, login

    user = authenticate(
        request,
        username=request.POST["username"],
        app_password=request.POST["password"],
        scope="read",
    )
    if user is None:
        return HttpResponse("no", status=401)
    login(request, user)
    return HttpResponse(str(request.user.pk))


urlpatterns = [
    path("api/who/", Who.as_view()),
    path("api/write/", Write.as_view()),
    path("api/both/", Both.as_view()),
    path("api/or-staff/", OrStaff.as_view()),
    path("api/people/", People.as_view()),
    path("api/backwards/", Backwards.as_view()),
    path("api/mixed/", Mixed.as_view()),
    path("api/files/", Files.as_view()),
    path("enter/", enter),
    *pages,
]
