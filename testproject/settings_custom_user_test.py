"""The site with the custom user model, as the test suite runs it."""

from __future__ import annotations

from . import settings_custom_user as custom
from .settings_test import *  # noqa: F403  # a settings module builds on another

INSTALLED_APPS = [*custom.INSTALLED_APPS, "testproject.hotp"]
AUTH_USER_MODEL = custom.AUTH_USER_MODEL
