"""The app config that puts the guarded site in the place of Django's admin.

A module of its own: `django.contrib.admin` is heavy, and a site without it must
not pay for it. `django_mfa.apps.MFAAdminConfig` is the name to use.
"""

from __future__ import annotations

from django.apps import apps
from django.contrib.admin.apps import AdminConfig
from django.core.exceptions import ImproperlyConfigured


class MFAAdminConfig(AdminConfig):
    """`django.contrib.admin`, behind the gate."""

    default = False
    default_site = "django_mfa.admin.site.MFAAdminSite"

    def ready(self) -> None:
        """Say so if the package itself was forgotten; no check of its own could."""
        if not apps.is_installed("django_mfa"):
            message = "MFAAdminConfig needs 'django_mfa' in INSTALLED_APPS as well."
            raise ImproperlyConfigured(message)
        super().ready()
