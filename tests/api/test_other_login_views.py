"""Login views that a site wrote with REST framework: the gate meets them as any other."""

from __future__ import annotations

import pytest
from django.contrib.auth import authenticate, login
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import include, path
from rest_framework.response import Response
from rest_framework.views import APIView

from django_mfa.testing import add_totp, totp_code

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]


class Enter(APIView):
    authentication_classes = ()
    permission_classes = ()

    def post(self, request):
        login(request, authenticate(request, **request.data.dict()))
        return self.then(request)

    def then(self, request):
        return Response([request.user.pk, request._request.user.pk])


class EnterAndGreet(Enter):
    def then(self, request):
        return Response(request.user.get_session_auth_hash())


class EnterAndLead(Enter):
    def then(self, request):
        return HttpResponseRedirect("/home/?a=1")


urlpatterns = [
    path("enter/", Enter.as_view()),
    path("greet/", EnterAndGreet.as_view()),
    path("lead/", EnterAndLead.as_view()),
    path("home/", lambda request: HttpResponse(str(request.user.pk)), name="profile"),
    path("mfa/", include("django_mfa.urls")),
]


@pytest.mark.parametrize("url", ["/enter/", "/greet/", "/lead/"])
def test_a_view_of_rest_framework_is_met_and_leads_on(client, user, url):
    secret = add_totp(user)
    name = {user.USERNAME_FIELD: user.get_username()}
    answer = client.post(url, {**name, "password": "pw"})
    if url == "/enter/":
        assert answer.json() == [None, None]
    else:
        assert answer["Location"] == "/mfa/verify/"
    assert client.get("/home/").text == "None"
    client.post("/mfa/verify/", {"code": totp_code(secret)})
    assert client.get("/home/").text == str(user.pk)
