"""The test project as the test suite runs it: quick hashes, mails in memory."""

from .settings import *  # noqa: F403  # a settings module builds on another
from .settings import DATABASES, DJANGO_MFA

DEBUG = False
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}

DJANGO_MFA = {**DJANGO_MFA, "RECOVERY_CODES": {"COST": 4}}

if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # A file, not memory: threads of the race tests need connections of their own.
    DATABASES["default"]["TEST"] = {"NAME": "test.sqlite3"}
