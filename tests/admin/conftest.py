from __future__ import annotations

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.urls import reverse

from django_mfa.testing import add_recovery_codes, add_totp, mfa_login


@pytest.fixture
def root_client(client, superuser):
    """The browser of a superuser who has shown a factor."""
    mfa_login(client, superuser)
    return client


@pytest.fixture
def staff_client(client, staff):
    """The browser of a staff user without permissions who has shown a factor."""
    mfa_login(client, staff)
    return client


@pytest.fixture
def protected(user):
    """Alice with an app and recovery codes."""
    add_totp(user, "Phone")
    add_recovery_codes(user)
    return user


@pytest.fixture
def allow():
    """Give a user permissions by their names."""

    def give(user, *names):
        for name in names:
            label, _, codename = name.partition(".")
            found = Permission.objects.get(
                content_type__app_label=label, codename=codename
            )
            user.user_permissions.add(found)

    return give


@pytest.fixture
def user_page():
    """The address of an admin page of users."""
    options = get_user_model()._meta

    def address(name, user=None):
        args = [user.pk] if user else []
        return reverse(
            f"admin:{options.app_label}_{options.model_name}_{name}", args=args
        )

    return address


@pytest.fixture
def user_permission():
    """The name of a permission on users."""
    options = get_user_model()._meta
    return lambda action: f"{options.app_label}.{action}_{options.model_name}"
