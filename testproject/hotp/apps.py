from __future__ import annotations

from django.apps import AppConfig


class HOTPConfig(AppConfig):
    """A factor of a site's own: the worked example of the documentation."""

    name = "testproject.hotp"
    verbose_name = "Security tokens"
    default_auto_field = "django.db.models.BigAutoField"
