"""Policies and rules that nobody can meet, or that say nothing; for the system checks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django_mfa import conf
from django_mfa.factors import registry

from . import audience, engine, triggers
from .requirements import LEVELS
from .rules import KEYS, Rule, rule_of
from .terms import Terms

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

Problem = tuple[str, str]

KINDS = (
    "everyone, staff, superusers, group:NAME, permission:APP.NAME, audience:NAME,"
    " a callable or its dotted path"
)


def of_settings() -> Iterator[Problem]:
    """Yield what is wrong with `POLICIES` and `STEP_UP.TRIGGERS`."""
    for policy in conf.get().POLICIES:
        if "who" in policy:
            yield from _of_policy(policy)
    for trigger in conf.get().STEP_UP.TRIGGERS:
        yield from _of_trigger(trigger)


def _of_policy(policy: Mapping[str, Any]) -> Iterator[Problem]:
    unknown = sorted(set(policy) - KEYS)
    if unknown:
        yield (
            f"A policy has an unknown key {unknown[0]!r}.",
            f"Known: {', '.join(sorted(KEYS))}.",
        )
        return
    rule = rule_of(policy)
    try:
        audience.asks(rule.who)
    except (ImportError, KeyError) as error:
        yield f"A policy concerns {rule.who!r}: {error}", f"Write one of: {KINDS}."
    yield from of_rules([rule])


def of_rules(rules: Iterable[Rule]) -> Iterator[Problem]:
    """Yield those of `rules` that no factor of this site can meet."""
    rules = list(rules)
    for rule in rules:
        if not _is_whole(rule):
            text = f"Policy {rule.title!r} asks for {rule.minimum_strength!r}."
            yield text, f"Write one of {', '.join(LEVELS)}."
        elif not _can_be_met([rule]):
            yield (
                f"Nobody can meet policy {rule.title!r}.",
                f"The factors of this site are: {', '.join(registry.factors())}.",
            )
    for_all = [rule for rule in rules if rule.who == "everyone" and _is_whole(rule)]
    each_alone = all(_can_be_met([rule]) for rule in for_all)
    if each_alone and not _can_be_met(for_all):
        yield "Nobody can meet all policies for everyone.", "Allow a common factor."


def of_known(rules: Iterable[Rule]) -> Iterator[Problem]:
    """Yield policies that only codes by SMS or e-mail can meet."""
    for rule in rules:
        methods = _methods([rule]) if _is_whole(rule) else []
        if rule.demands and methods and set(methods) <= {"sms", "email"}:
            text = f"Only {' and '.join(methods)} can meet policy {rule.title!r}."
            yield text, "Allow a factor that nobody can read on the way as well."


def _is_whole(rule: Rule) -> bool:
    return not rule.minimum_strength or rule.minimum_strength in LEVELS


def _can_be_met(rules: list[Rule]) -> bool:
    return bool(_methods(rules))


def _methods(rules: list[Rule]) -> list[str]:
    demand = Terms(tuple(rules)).demand
    primary = {slug for slug, kind in registry.factors().items() if kind.primary}
    return [slug for slug in engine.methods_for(demand) if slug in primary]


def _of_trigger(trigger: Any) -> Iterator[Problem]:
    if isinstance(trigger, str):
        if trigger not in triggers.NAMED:
            text = f"STEP_UP.TRIGGERS says {trigger!r}."
            yield text, f"Write {' or '.join(triggers.NAMED)}, or a rule."
        return
    unknown = sorted(set(trigger) - set(triggers.KEYS))
    if unknown or not {"path", "view"} & set(trigger):
        text = f"STEP_UP.TRIGGERS holds {trigger!r}, which is no rule."
        yield text, f"A rule has path or view, and may have {', '.join(triggers.KEYS)}."
