from __future__ import annotations

from django_mfa import extras

extras.require("rest_framework", extra="api")  # says what to install
