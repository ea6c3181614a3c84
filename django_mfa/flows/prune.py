"""Throw away what is over: challenges, set-ups nobody finished, sends, app passwords."""

from __future__ import annotations

from datetime import timedelta

from django_mfa import clock, conf
from django_mfa.app_passwords import service as app_passwords
from django_mfa.challenges import service as challenges
from django_mfa.clients import stores as clients
from django_mfa.factors import registry
from django_mfa.limits import sends


def prune() -> dict[str, int]:
    """Delete what is over and return how many rows of each kind there were."""
    since = clock.now() - timedelta(seconds=conf.get().SETUP_TTL)
    setups = sum(
        kind.model._default_manager.filter(
            confirmed=False, created__lte=since
        ).delete()[0]
        for kind in registry.factors().values()
    )
    return {
        "challenges": challenges.prune(),
        "set-ups": setups,
        "sent codes": sends.prune(),
        "app passwords": app_passwords.prune(),
        "clients": clients.prune(),
    }
