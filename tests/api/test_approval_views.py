"""Views of REST framework that run only with an approval."""

from __future__ import annotations

import pytest
from django.urls import include, path
from rest_framework.authentication import SessionAuthentication
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response
from rest_framework.routers import SimpleRouter
from rest_framework.viewsets import ViewSet

from django_mfa.approvals.models import Approval
from django_mfa.mixins import ApprovalRequiredMixin
from django_mfa.testing import mfa_login, totp_code
from testproject.urls import urlpatterns as site

pytestmark = [pytest.mark.urls(__name__), pytest.mark.django_db]

ran: list[str] = []


class Payments(ApprovalRequiredMixin, ViewSet):
    authentication_classes = (SessionAuthentication,)
    permission_classes = (IsAuthenticated,)
    approval_action = "payment.create"

    def get_approval_object(self):
        return None

    def get_approval_summary(self, obj):
        return "Create it"

    def get_approval_fields(self, obj):
        return {}

    def create(self, request):
        ran.append("created")
        return Response({})

    def destroy(self, request, pk):
        raise NotImplementedError


router = SimpleRouter()
router.register("payments", Payments, basename="payment")
urlpatterns = [path("rest/", include(router.urls)), *site]


def test_an_action_of_a_viewset_goes_past_no_approval(client, user, secret, moving):
    mfa_login(client, user)
    accept = {"accept": "application/json"}
    told = client.post("/rest/payments/", headers=accept)
    assert (told.status_code, told.json()["code"]) == (403, "approval_required")
    assert ran == []
    moving.tick(30)
    place = f"/mfa/approve/{told.json()['approval']}/"
    client.post(place, {"code": totp_code(secret)})
    assert client.post("/rest/payments/", headers=accept).status_code == 200
    assert ran == ["created"]
    assert Approval.objects.get().used_at
    assert client.delete("/rest/payments/1/", headers=accept).status_code == 405
