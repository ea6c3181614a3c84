"""Policies and rules, of the settings and of the admin."""

from __future__ import annotations

from typing import Any

from django.core import checks
from django.core.checks import CheckMessage, Error
from django.db import DatabaseError, router

from django_mfa.policy import problems as policy_problems
from django_mfa.policy import snapshot
from django_mfa.policy.models import Policy

from .factors import check_factors
from .settings import check_settings


def check_policies(**kwargs: Any) -> list[CheckMessage]:
    """E008: a policy or a rule that nobody can meet; W004: by SMS or e-mail alone."""
    if check_settings() or check_factors():
        return []
    found: list[CheckMessage] = [
        Error(f"DJANGO_MFA: {text}", hint, id="django_mfa.E008")
        for text, hint in policy_problems.of_settings()
    ]
    if found:
        return found
    return [
        checks.Warning(text, hint, id="django_mfa.W004")
        for text, hint in policy_problems.of_known(snapshot.from_settings())
    ]


def check_policy_rows(databases: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """W005: a policy of the admin that nobody can meet."""
    if router.db_for_write(Policy) not in (databases or ()):
        return []
    try:
        rules = [row.as_rule() for row in Policy.objects.filter(active=True)]
    except DatabaseError:
        return []  # before the first migration
    return [
        checks.Warning(text, hint, id="django_mfa.W005")
        for text, hint in policy_problems.of_rules(rules)
    ]
