from __future__ import annotations

from django.apps import AppConfig


class PeopleConfig(AppConfig):
    """People who sign in by e-mail address; used by `settings_custom_user` alone."""

    name = "testproject.people"
    default_auto_field = "django.db.models.BigAutoField"
