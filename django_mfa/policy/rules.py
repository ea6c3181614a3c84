"""A policy as plain values: whom it concerns, and what it asks of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

Who = str | Callable[[Any], bool]


class Rule(NamedTuple):
    """One policy, from the setting or from a row; `None` leaves it to the setting."""

    who: Who
    name: str = ""
    required: bool = True
    grace_days: int | None = None
    reminder_days: tuple[int, ...] | None = None
    allowed_factors: tuple[str, ...] = ()
    minimum_strength: str = ""
    phishing_resistant: bool = False
    step_up_age: int | None = None
    trust_allowed: bool = True

    @property
    def title(self) -> str:
        """How people are told of it."""
        return self.name or (self.who if isinstance(self.who, str) else "policy")

    @property
    def demands(self) -> bool:
        """Whether it asks something of people who have shown a factor."""
        strength = self.minimum_strength or self.phishing_resistant
        return bool(self.allowed_factors or strength) or self.step_up_age is not None

    @property
    def concerns_sessions(self) -> bool:
        """Whether a session that has proofs or trust can come to offend it."""
        return self.demands or not self.trust_allowed


KEYS = frozenset(Rule._fields)


def rule_of(policy: Mapping[str, Any]) -> Rule:
    """Return the rule of an entry of the setting; raise `TypeError` for an unknown key."""
    values = dict(policy)
    for name in ("reminder_days", "allowed_factors"):
        if values.get(name) is not None:
            values[name] = tuple(values[name])
    return Rule(**values)
