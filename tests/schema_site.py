"""A site whose own API has words for its things that we have for ours."""

from __future__ import annotations

from typing import Any

from django.urls import path
from rest_framework import serializers
from rest_framework.authentication import SessionAuthentication
from rest_framework.generics import GenericAPIView
from rest_framework.response import Response

from testproject.urls import urlpatterns as site


class DeviceSerializer(serializers.Serializer[Any]):
    serial = serializers.CharField()


class StatusSerializer(serializers.Serializer[Any]):
    device = DeviceSerializer()


class Thermostat(GenericAPIView[Any]):
    authentication_classes = (SessionAuthentication,)
    serializer_class = StatusSerializer

    def get(self, request: Any) -> Response:
        return Response({"device": {"serial": "7"}})


urlpatterns = [*site, path("api/thermostat", Thermostat.as_view())]
