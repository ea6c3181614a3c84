"""`path("mfa/", include("django_mfa.urls"))`: the pages."""

from __future__ import annotations

from .web.urls import app_name, urlpatterns

__all__ = ["app_name", "urlpatterns"]
