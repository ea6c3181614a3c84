"""Policies and rules, of the settings and of the admin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core import checks
from django.core.checks import CheckMessage, Error
from django.db import DatabaseError, router

from django_mfa.policy import problems as policy_problems
from django_mfa.policy import snapshot
from django_mfa.policy.models import Policy

from .factors import check_factors
from .settings import check_settings, is_readable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from django_mfa.policy.rules import Rule


def check_policies(**kwargs: Any) -> list[CheckMessage]:
    """E008: a policy or a rule that nobody can meet; W004: by SMS or e-mail alone."""
    if not _can_be_looked_at():
        return []
    found: list[CheckMessage] = [
        Error(f"DJANGO_MFA: {text}", hint, id="django_mfa.E008")
        for text, hint in policy_problems.of_settings()
    ]
    if found:
        return found
    return _on_the_way(snapshot.from_settings())


def _on_the_way(rules: Iterable[Rule]) -> list[CheckMessage]:
    return [
        checks.Warning(text, hint, id="django_mfa.W004")
        for text, hint in policy_problems.of_known(rules)
    ]


def _can_be_looked_at() -> bool:
    return is_readable() and not (check_settings() or check_factors())


def check_policy_rows(databases: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """W005: a policy of the admin that nobody can meet, or any that concerns nobody."""
    asked = router.db_for_write(Policy) in (databases or ())
    if not (asked and _can_be_looked_at()):
        return []
    try:
        rows = [row.as_rule() for row in Policy.objects.filter(active=True)]
        found = list(_problems_of_rows(rows))
    except DatabaseError:
        return []  # before the first migration
    unmet = [checks.Warning(text, hint, id="django_mfa.W005") for text, hint in found]
    return [*unmet, *_on_the_way(rows)]


def _problems_of_rows(rules: list[Rule]) -> Iterator[policy_problems.Problem]:
    if not any(each.is_serious() for each in check_policies()):
        rules = [*rules, *snapshot.from_settings()]
    yield from policy_problems.of_rules(rules)
    yield from policy_problems.of_names(rules)
