"""The test project as the test suite runs it: quick hashes, mails in memory."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

os.environ.setdefault("MAIL", "locmem")

from .settings import *  # noqa: F403  # a settings module builds on another
from .settings import DATABASES, DJANGO_MFA, INSTALLED_APPS

# A factor of a site's own, which the documentation shows.
INSTALLED_APPS = [*INSTALLED_APPS, "testproject.hotp"]

DEBUG = False
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}

DJANGO_MFA = {**DJANGO_MFA, "RECOVERY_CODES": {"COST": 4}, "TRUSTED_DEVICES": {}}
# What the demonstration adds is named by the tests that want it.
for added in ("FACTORS", "SMS"):
    DJANGO_MFA.pop(added, None)

if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # A file, not memory: threads of the race tests need connections of their own.
    # One for each run, so that two of them do not meet.
    file = Path(tempfile.gettempdir()) / f"django_mfa-{os.getpid()}.sqlite3"
    DATABASES["default"]["TEST"] = {
        "NAME": os.environ.get("TEST_DATABASE") or str(file)
    }
