"""The settings of every site; BENCH_SITE names it, BENCH_STACK how much surrounds it."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import urlsplit

from bench.sites import SITES

SITE = SITES[os.environ["BENCH_SITE"]]
WHOLE = os.environ.get("BENCH_STACK", "whole") == "whole"

SECRET_KEY = "only-for-benchmarks-" + "x" * 40
DEBUG = False
ALLOWED_HOSTS = ["bench.example.com"]
ROOT_URLCONF = "bench.urls"
STATIC_URL = "static/"
USE_TZ = True
LOGIN_URL = "/login/"
LOGIN_REDIRECT_URL = "/plain/"
EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
SILENCED_SYSTEM_CHECKS = ["admin.E410"]

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    *SITE.apps,
]

SESSIONS = "django.contrib.sessions.middleware.SessionMiddleware"
AUTH = "django.contrib.auth.middleware.AuthenticationMiddleware"
MESSAGES = "django.contrib.messages.middleware.MessageMiddleware"
MIDDLEWARE = [SESSIONS, AUTH, *SITE.middleware]
if WHOLE:
    INSTALLED_APPS.append("django.contrib.messages")
    MIDDLEWARE = [
        "django.middleware.security.SecurityMiddleware",
        SESSIONS,
        "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        AUTH,
        *SITE.middleware,
        MESSAGES,
        "django.middleware.clickjacking.XFrameOptionsMiddleware",
    ]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [Path(__file__).parent / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

AUTHENTICATION_BACKENDS = list(SITE.backends)
# The password step is never timed; what a site digests itself keeps its default.
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.MD5PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
CACHES = {"default": {"BACKEND": "bench.count.CountingCache"}}
LOGGING_CONFIG = None


def database(url: str) -> dict[str, object]:
    """SQLite in memory, or PostgreSQL by URL; a test database either way."""
    if not url:
        return {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}
    parts = urlsplit(url)
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.path.lstrip("/"),
        "USER": parts.username or "",
        "PASSWORD": parts.password or "",
        "HOST": parts.hostname or "",
        "PORT": str(parts.port or ""),
        "CONN_MAX_AGE": None,
        "TEST": {"NAME": f"bench_{SITE.name}"},
    }


DATABASES = {"default": database(os.environ.get("BENCH_DATABASE", ""))}

globals().update(SITE.settings)
