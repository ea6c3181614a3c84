from __future__ import annotations

import subprocess
import sys

import pytest

STORY = """
import sys
import django
from django.conf import settings

BASE = ["auth", "contenttypes", "sessions", "messages"]
settings.configure(
    SECRET_KEY="x" * 50,
    INSTALLED_APPS=[{before} *(f"django.contrib.{{name}}" for name in BASE), "django_mfa"],
)
django.setup()
{then}
"""


def tell(before: str, then: str) -> str:
    script = STORY.format(before=before, then=then)
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert not done.returncode, done.stderr
    return done.stdout.strip()


def test_a_site_without_an_admin_imports_none():
    found = tell("", "print([name for name in sys.modules if '.admin' in name])")
    assert found == "[]"


@pytest.mark.parametrize(
    ("config", "found"),
    [
        ("django_mfa.apps.MFAAdminConfig", "MFAAdminSite True True"),
        ("django.contrib.admin", "AdminSite True False"),
        ("django.contrib.admin.apps.SimpleAdminConfig", "AdminSite False False"),
    ],
)
def test_what_an_admin_gets_by_its_config(config, found):
    then = """
from django.contrib.admin import site
from django.contrib.auth.models import User
from django_mfa.models import AuditEvent

guarded = site.is_registered(User) and hasattr(site.get_model_admin(User), "mfa_reset")
print(type(site._wrapped).__name__, site.is_registered(AuditEvent), guarded)
"""
    assert tell(f'"{config}",', then) == found
