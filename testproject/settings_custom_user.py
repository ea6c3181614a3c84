"""The same site with a user model of its own: a UUID as key, no user name."""

from __future__ import annotations

import os

from .databases import database
from .settings import *  # noqa: F403  # a settings module builds on another
from .settings import BASE_DIR, INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "testproject.people"]
AUTH_USER_MODEL = "people.Person"

DATABASES = {
    "default": database(
        os.environ.get("DATABASE_URL", ""), BASE_DIR / "demo_custom_user.sqlite3"
    )
}
