from __future__ import annotations

from django.conf import settings
from django.contrib import admin
from django.contrib.auth.views import LogoutView
from django.urls import include, path

from .site import clients, payments, views

urlpatterns = [
    path("", views.home, name="home"),
    path("profile/", views.profile, name="profile"),
    path("transfer/", views.transfer, name="transfer"),
    path("transfer/receipt/", views.receipt, name="receipt"),
    path("payments/", payments.PaymentsView.as_view(), name="payments"),
    path("payments/new/", payments.PrepareView.as_view(), name="prepare"),
    path("payments/<int:pk>/", payments.ReleaseView.as_view(), name="release"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path(".well-known/", include("django_mfa.web.well_known")),
    path("mfa/", include("django_mfa.urls")),
    path("admin/", admin.site.urls),
]

if settings.HAS_API:
    urlpatterns += [
        path("app/", clients.app, name="app"),
        path("api/", include("testproject.api_urls")),
    ]
