from __future__ import annotations

import pytest
from django.urls import include, path
from rest_framework.authtoken.views import ObtainAuthToken, obtain_auth_token
from rest_framework.decorators import api_view
from rest_framework_simplejwt.views import (
    TokenObtainPairView,
    TokenObtainSlidingView,
    TokenRefreshView,
)

from django_mfa.checks import check_tokens


class Renamed(ObtainAuthToken):
    pass


@api_view(["POST"])
def other(request):
    raise NotImplementedError


API = path("api/", include("django_mfa.api.urls"))


class Site:
    """A URLconf."""

    def __init__(self, *urlpatterns):
        self.urlpatterns = urlpatterns


def found(settings, *patterns):
    settings.ROOT_URLCONF = Site(*patterns)
    return check_tokens()


@pytest.mark.parametrize(
    "view",
    [
        obtain_auth_token,
        Renamed.as_view(),
        TokenObtainPairView.as_view(),
        TokenObtainSlidingView.as_view(),
    ],
    ids=lambda view: view.cls.__name__,
)
def test_a_view_that_makes_tokens_by_password_is_warned_of(settings, view):
    nested = path("v2/", include([path("token/", view)]))
    (warning,) = found(settings, API, nested)
    assert warning.id == "django_mfa.W111"
    assert warning.msg.startswith(f"'v2/token/' ({view.cls.__name__})")
    assert "`login` and `mfa/verify`" in warning.hint


def test_each_place_of_it_is_named(settings):
    places = [path(name, obtain_auth_token) for name in ("a", "b")]
    assert len(found(settings, *places, API)) == 2


def test_without_our_api_it_is_the_sites_own_affair(settings):
    assert found(settings, path("token/", obtain_auth_token)) == []


def test_other_views_are_not_warned_of(settings):
    refresh = path("refresh/", TokenRefreshView.as_view())
    assert found(settings, API, refresh, path("other/", other)) == []


def test_a_site_without_addresses_is_said_by_django(settings):
    settings.ROOT_URLCONF = "tests.test_clock"
    assert check_tokens() == []


def test_the_demonstration_has_none(db):
    assert check_tokens() == []
