"""Policies and rules that nobody can meet, or that say nothing; for the system checks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django_mfa import conf
from django_mfa.factors import registry

from . import audience, engine, shapes, sso, triggers
from .requirements import LEVELS
from .rules import KEYS, Rule, Who, rule_of
from .terms import Terms

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .requirements import Requirement

Problem = tuple[str, str]


def of_settings() -> Iterator[Problem]:
    """Yield what is wrong with `POLICIES` and `STEP_UP.TRIGGERS`."""
    policies: Iterable[Any] = conf.get().POLICIES
    rules = []
    for policy in policies:
        # What is no policy at all is said of the setting.
        if isinstance(policy, Mapping) and "who" in policy:
            found = list(_of_policy(policy))
            yield from found
            rules += [] if found else [rule_of(policy)]
    yield from of_rules(rules)
    for name in conf.get().POLICY_AUDIENCES:
        yield from _of_who(f"audience:{name}")
    for trigger in conf.get().STEP_UP.TRIGGERS:
        yield from _of_trigger(trigger)


def _of_policy(policy: Mapping[str, Any]) -> Iterator[Problem]:
    unknown = sorted(set(policy) - KEYS, key=str)
    if unknown:
        yield (
            f"A policy has an unknown key {unknown[0]!r}.",
            f"Known: {', '.join(sorted(KEYS))}.",
        )
        return
    wrong = list(shapes.wrong(policy, shapes.POLICY))
    for key in wrong:
        text = f"A policy says {key}: {policy[key]!r}."
        yield text, f"Write {shapes.POLICY[key][1]}."
    if "who" not in wrong:
        yield from _of_who(policy["who"])


def _of_who(who: Who) -> Iterator[Problem]:
    try:
        audience.asks(who)
    except (ImportError, LookupError, ValueError) as error:
        hint = f"Write one of: {shapes.KINDS}."
        yield f"A policy concerns {who!r}: {error}", hint


def of_names(rules: Iterable[Rule]) -> Iterator[Problem]:
    """Yield policies for groups and permissions that are not there; asks the database."""
    for rule in rules:
        if audience.is_missing(rule.who):
            text = f"Policy {rule.title!r} concerns nobody: there is no {rule.who}."
            yield text, "Look whether the name is right."


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
    yield from _of_several([rule for rule in rules if _can_be_met([rule])])


def _of_several(rules: list[Rule]) -> Iterator[Problem]:
    for_all = [rule for rule in rules if rule.who == "everyone"]
    if not _can_be_met(for_all):
        yield "Nobody can meet all policies for everyone.", "Allow a common factor."
        return
    for rule in rules:
        if not _can_be_met([*for_all, rule]):
            text = f"Nobody can meet policy {rule.title!r} and those for everyone."
            yield text, "Allow a common factor."


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
    if not all(map(_is_whole, rules)):
        return False
    return bool(_methods(rules)) or _is_met_elsewhere(Terms(tuple(rules)).demand)


def _is_met_elsewhere(demand: Requirement | None) -> bool:
    """Whether what an identity provider may have seen would do."""
    known = (sso.proof_of({"amr": [said]}) for said in conf.get().SSO.AMR_MAP)
    return any(demand.is_met_by([proof]) for proof in known if demand and proof)


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
    keys = set(trigger) if isinstance(trigger, Mapping) else set()
    if keys - set(triggers.KEYS) or not {"path", "view"} & keys:
        text = f"STEP_UP.TRIGGERS holds {trigger!r}, which is no rule."
        yield text, f"A rule has path or view, and may have {', '.join(triggers.KEYS)}."
        return
    for key in shapes.wrong(trigger, shapes.TRIGGER):
        text = f"A rule of STEP_UP.TRIGGERS says {key}: {trigger[key]!r}."
        yield text, f"Write {shapes.TRIGGER[key][1]}."
