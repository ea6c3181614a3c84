"""A small real site; PostgreSQL or MariaDB by DATABASE_URL, Redis by REDIS_URL."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import django

from .databases import cache, database

BASE_DIR = Path(__file__).resolve().parent.parent

SECRET_KEY = os.environ.get("SECRET_KEY", "only-for-the-demo-" + "x" * 40)
DEBUG = os.environ.get("DEBUG", "1") == "1"
ALLOWED_HOSTS = ["localhost", "127.0.0.1", "[::1]", "testserver", ".localhost"]

INSTALLED_APPS = [
    "django_mfa.apps.MFAAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_mfa",
    "testproject.site",
]

# The API, where its packages are installed: for browsers, apps and programs.
HAS_API = bool(find_spec("rest_framework"))
HAS_JWT = bool(find_spec("rest_framework_simplejwt"))
if HAS_API:
    INSTALLED_APPS += ["rest_framework", "rest_framework.authtoken"]
    if find_spec("drf_spectacular"):
        INSTALLED_APPS += ["drf_spectacular"]
# Its page for people, with the files of Swagger UI that the sidecar brings.
HAS_API_DOCS = "drf_spectacular" in INSTALLED_APPS and bool(
    find_spec("drf_spectacular_sidecar")
)
if HAS_API_DOCS:
    INSTALLED_APPS += ["drf_spectacular_sidecar"]
REST_FRAMEWORK = {
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Example Bank",
    "VERSION": "1",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SERVE_INCLUDE_SCHEMA": False,
}
SIMPLE_JWT = {
    "TOKEN_REFRESH_SERIALIZER": (
        "django_mfa.integrations.simplejwt.MFATokenRefreshSerializer"
    ),
}

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_mfa.middleware.MFAMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "testproject.urls"
WSGI_APPLICATION = "testproject.wsgi.application"
ASGI_APPLICATION = "testproject.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
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

DATABASES = {
    "default": database(os.environ.get("DATABASE_URL", ""), BASE_DIR / "demo.sqlite3")
}
CACHES = {"default": cache(os.environ.get("REDIS_URL", ""))}

AUTHENTICATION_BACKENDS = ["django_mfa.auth.MFAModelBackend"]
LOGIN_URL = "django_mfa:login"
LOGIN_REDIRECT_URL = "profile"
LOGOUT_REDIRECT_URL = "home"

# Mails are printed to the terminal, or kept in memory with MAIL=locmem.
MAIL = os.environ.get("MAIL", "console")
if django.VERSION >= (6, 1):
    MAILERS = {"default": {"BACKEND": f"django.core.mail.backends.{MAIL}.EmailBackend"}}
else:
    EMAIL_BACKEND = f"django.core.mail.backends.{MAIL}.EmailBackend"
DEFAULT_FROM_EMAIL = "Example Bank <security@example.com>"

USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en"
STATIC_URL = "static/"

DJANGO_MFA: dict[str, Any] = {
    "SITE_NAME": "Example Bank",
    "TRUSTED_DEVICES": {"ENABLED": True},
}

if DEBUG and find_spec("phonenumbers"):
    # Codes by message and mail too. The demonstration sends none: it prints them where
    # it runs. A real site names its providers here, and the countries of its people.
    DJANGO_MFA["FACTORS"] = ["passkey", "totp", "sms", "email", "recovery_code"]
    DJANGO_MFA["SMS"] = {"GATEWAYS": ["console"], "COSTS": {"*": "0.08"}}

if HAS_API:
    # Browsers keep their session, programs get what they are mounted with.
    DJANGO_MFA["API"] = {"ISSUERS": ["session", "token", *(["jwt"] if HAS_JWT else [])]}

if not DEBUG:
    # A careful production site: `check --deploy` finds nothing to warn of.
    SECURE_SSL_REDIRECT = True
    SECURE_HSTS_SECONDS = 31_536_000
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True
    DJANGO_MFA["ENCRYPTION_KEYS"] = os.environ.get("MFA_ENCRYPTION_KEYS", "").split()
