"""The API of the demonstration: one mount a kind of client."""

from __future__ import annotations

from django.conf import settings
from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    # For pages of this site, with the session and its cookie.
    path("v1/auth/", include("django_mfa.api.urls")),
    # For programs, with the lasting tokens of REST framework,
    path("token/", include("django_mfa.api.urls", "token"), {"issuer": "token"}),
]

if settings.HAS_API_DOCS:
    from drf_spectacular.views import SpectacularJSONAPIView

    from .site import clients

    # The mounts are alike: one of them is described.
    one = {"PREPROCESSING_HOOKS": ["testproject.site.clients.first_mount"]}
    schema = SpectacularJSONAPIView.as_view(custom_settings=one)
    urlpatterns += [
        path("schema/", schema, name="api_schema"),
        path("docs/", clients.api_docs, name="api_docs"),
    ]

if settings.HAS_JWT:
    from rest_framework_simplejwt.views import TokenRefreshView

    urlpatterns += [
        # and for apps, with a pair of signed tokens.
        path("app/", include("django_mfa.api.urls", "app"), {"issuer": "jwt"}),
        path("app/refresh", TokenRefreshView.as_view(), name="token_refresh"),
    ]
