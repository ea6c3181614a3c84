"""Views of Django REST framework behind the middleware, as a site has them."""

from __future__ import annotations

from django.urls import path
from rest_framework.authentication import SessionAuthentication
from rest_framework.permissions import IsAuthenticated
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response
from rest_framework.views import APIView

from django_mfa.decorators import mfa_required
from django_mfa.policy.requirements import PhishingResistant, Recent

from . import policy_pages


class Plain(APIView):
    authentication_classes = (SessionAuthentication,)
    permission_classes = (IsAuthenticated,)
    renderer_classes = (JSONRenderer,)

    def get(self, request):
        return Response({"detail": "seen"}, headers={"X-Ran": "1"})

    post = get


urlpatterns = [
    path("p/drf/", Plain.as_view()),
    path("p/drf_step_up/", mfa_required(Recent(900))(Plain.as_view())),
    path("p/drf_resistant/", mfa_required(PhishingResistant())(Plain.as_view())),
    *policy_pages.urlpatterns,
]
