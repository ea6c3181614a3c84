"""What all policies together ask of one person: the strictest of each wins."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from django.utils.translation import gettext

from django_mfa import conf

from .requirements import (
    LEVELS,
    AllOf,
    AllowedFactors,
    PhishingResistant,
    Requirement,
    Strength,
)

if TYPE_CHECKING:
    from django.utils.functional import Promise

    from .rules import Rule

BY_ADMINISTRATOR = "required by an administrator"


class Terms(NamedTuple):
    """The rules that concern one person, and what follows from them."""

    rules: tuple[Rule, ...]

    @property
    def strictest(self) -> Rule | None:
        """The policy that leaves the least time, of those that require a factor."""
        required = [rule for rule in self.rules if rule.required]
        return min(required, key=grace_of, default=None)

    @property
    def demand(self) -> Requirement | None:
        """What the proofs of a session must be beside being there; None: nothing."""
        parts = [part for rule in self.rules for part in _kinds(rule)]
        limits = [rule.allowed_factors for rule in self.rules if rule.allowed_factors]
        if limits:
            # One factor that all of them allow, not one for each of them.
            common = set(limits[0]).intersection(*limits)
            names = tuple(name for name in limits[0] if name in common)
            parts.insert(0, AllowedFactors(names))
        return AllOf(tuple(parts)) if parts else None

    @property
    def step_up_age(self) -> int:
        """Seconds for which a proof is fresh: the fewest that anybody asks for."""
        ages = [rule.step_up_age for rule in self.rules if rule.step_up_age is not None]
        return min([conf.get().STEP_UP.MAX_AGE, *ages])

    @property
    def trust_allowed(self) -> bool:
        """Whether a browser of this person may be trusted."""
        # SECURITY: trust is no factor, of no kind: where one of a kind is asked for,
        # a browser cannot stand in for it.
        return self.demand is None and all(rule.trust_allowed for rule in self.rules)

    @property
    def reminder_days(self) -> tuple[int, ...]:
        """How many days before the deadline the person is reminded."""
        rule = self.strictest
        if rule is None or rule.reminder_days is None:
            return tuple(conf.get().REMINDER_DAYS)
        return rule.reminder_days

    def demanding(self) -> list[Rule]:
        """Return the policies that ask for a factor of a certain kind."""
        return [rule for rule in self.rules if _demands(rule)]

    def explain(self, labels: dict[str, str | Promise]) -> list[str]:
        """Return a sentence for each policy: what it asks for, and its name."""
        return [_sentence(rule, labels) for rule in self.rules if _asks(rule)]


def grace_of(rule: Rule) -> int:
    """Days that a policy leaves."""
    days = rule.grace_days
    return conf.get().GRACE_DAYS if days is None else days


def _asks(rule: Rule) -> bool:
    return rule.required or _demands(rule)


def _demands(rule: Rule) -> bool:
    return bool(rule.allowed_factors or _kinds(rule))


def _kinds(rule: Rule) -> list[Requirement]:
    parts: list[Requirement] = []
    if rule.minimum_strength:
        parts.append(Strength(rule.minimum_strength))
    if rule.phishing_resistant:
        parts.append(PhishingResistant())
    return parts


def _sentence(rule: Rule, labels: dict[str, str | Promise]) -> str:
    if rule.who == BY_ADMINISTRATOR:
        return gettext("An administrator asks you to have a second step.")
    named = {"policy": rule.title}
    if rule.allowed_factors:
        names = [str(labels.get(slug, slug)) for slug in rule.allowed_factors]
        text = gettext(
            "You need one of these because of policy %(policy)s: %(factors)s."
        )
        return text % {**named, "factors": ", ".join(names)}
    if rule.phishing_resistant:
        return gettext("You need a passkey because of policy %(policy)s.") % named
    if rule.minimum_strength in LEVELS[2:]:
        return (
            gettext("You need a stronger second step because of policy %(policy)s.")
            % named
        )
    return gettext("You need a second step because of policy %(policy)s.") % named
