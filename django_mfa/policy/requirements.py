"""What a view demands of the proofs of a session; requirements compose.

`Recent(900) & PhishingResistant()`, `Strength("aal2") | ~AnyFactor()`.
"""

from __future__ import annotations

from itertools import chain, product
from typing import TYPE_CHECKING

from django_mfa import clock

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django_mfa.values import Proof

LEVELS = ("aal1", "aal2", "aal3")


class Requirement:
    """A question put to the proofs of a session; equal to another that asks the same."""

    def is_met_by(self, proofs: Sequence[Proof]) -> bool:
        """Whether `proofs` satisfy it now."""
        raise NotImplementedError

    def counting(self, proofs: Sequence[Proof]) -> Sequence[Proof]:
        """Return those of `proofs` that may count for what is asked beside it."""
        return proofs

    def ways(self) -> list[tuple[Requirement, ...]]:
        """Return the ways to meet it, each as what must be met together."""
        return [(self,)]

    @property
    def max_age(self) -> int | None:
        """Seconds within which a proof must have been given, if that matters."""
        return None

    @property
    def acr(self) -> str | None:
        """The assurance level that a proof must reach, if that matters."""
        return None

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and vars(self) == vars(other)

    def __hash__(self) -> int:
        return hash((type(self), *vars(self).values()))

    def __repr__(self) -> str:
        asked = ", ".join(map(repr, vars(self).values()))
        return f"{type(self).__name__}({asked})"

    def __and__(self, other: object) -> Requirement:
        if not isinstance(other, Requirement):
            return NotImplemented
        return AllOf((self, other))

    def __or__(self, other: object) -> Requirement:
        if not isinstance(other, Requirement):
            return NotImplemented
        return OneOf((self, other))

    def __invert__(self) -> Requirement:
        return Not(self)


class AnyFactor(Requirement):
    """Some factor, at any time in this session."""

    def is_met_by(self, proofs: Sequence[Proof]) -> bool:
        """Whether there is a proof."""
        return bool(proofs)


class Recent(Requirement):
    """Some factor, at most `seconds` ago."""

    def __init__(self, seconds: int) -> None:
        given: object = seconds  # a setting, or whatever a site has computed
        if not isinstance(given, int | float):
            message = f"{given!r} is no number of seconds."
            raise TypeError(message)
        self.seconds = seconds

    def is_met_by(self, proofs: Sequence[Proof]) -> bool:
        """Whether a proof is fresh; one from the future is not."""
        return bool(self.counting(proofs))

    def counting(self, proofs: Sequence[Proof]) -> Sequence[Proof]:
        """Return the fresh ones."""
        now = clock.timestamp()
        # SECURITY: a clock that was set back must not make an old proof young.
        return [old for old in proofs if -clock.SLACK <= now - old.at <= self.seconds]

    @property
    def max_age(self) -> int | None:
        """The seconds asked for."""
        return self.seconds


class PhishingResistant(Requirement):
    """A factor that cannot be given to the wrong site."""

    def is_met_by(self, proofs: Sequence[Proof]) -> bool:
        """Whether one of the proofs resists phishing."""
        return any(proof.phishing_resistant for proof in proofs)


class Strength(Requirement):
    """A factor of at least this assurance level: aal1, aal2, aal3 (NIST SP 800-63B)."""

    def __init__(self, level: str) -> None:
        if level not in LEVELS:
            message = f"{level!r} is not one of {', '.join(LEVELS)}."
            raise ValueError(message)
        self.level = level

    def is_met_by(self, proofs: Sequence[Proof]) -> bool:
        """Whether one of the proofs reaches the level."""
        wanted = LEVELS.index(self.level)
        return any(LEVELS.index(proof.acr) >= wanted for proof in proofs)

    @property
    def acr(self) -> str | None:
        """The level asked for."""
        return self.level


class AllowedFactors(Requirement):
    """One of the named factors."""

    def __init__(self, slugs: tuple[str, ...]) -> None:
        self.slugs = slugs

    def is_met_by(self, proofs: Sequence[Proof]) -> bool:
        """Whether one of the proofs is by such a factor."""
        return any(proof.factor in self.slugs for proof in proofs)


class AllOf(Requirement):
    """Every one of `parts`, each perhaps by another proof; fresh ones if one says so."""

    def __init__(self, parts: tuple[Requirement, ...]) -> None:
        self.parts = parts

    def is_met_by(self, proofs: Sequence[Proof]) -> bool:
        """Whether all are met."""
        return any(_are_met(parts, proofs) for parts in self.ways())

    def ways(self) -> list[tuple[Requirement, ...]]:
        """Return a way of each part together, in every combination."""
        each = product(*(part.ways() for part in self.parts))
        return [tuple(chain.from_iterable(chosen)) for chosen in each]

    @property
    def max_age(self) -> int | None:
        """The shortest age of the parts."""
        ages = [part.max_age for part in self.parts if part.max_age is not None]
        return min(ages, default=None)

    @property
    def acr(self) -> str | None:
        """The highest level of the parts."""
        levels = [part.acr for part in self.parts if part.acr is not None]
        return max(levels, key=LEVELS.index, default=None)


class OneOf(Requirement):
    """At least one of `parts`."""

    def __init__(self, parts: tuple[Requirement, ...]) -> None:
        self.parts = parts

    def is_met_by(self, proofs: Sequence[Proof]) -> bool:
        """Whether one is met."""
        return any(part.is_met_by(proofs) for part in self.parts)

    def ways(self) -> list[tuple[Requirement, ...]]:
        """Return those of every part."""
        return [way for part in self.parts for way in part.ways()]

    @property
    def max_age(self) -> int | None:
        """The longest age of the parts."""
        ages = [part.max_age for part in self.parts if part.max_age is not None]
        return max(ages, default=None)


class Not(Requirement):
    """The part must not be met."""

    def __init__(self, part: Requirement) -> None:
        self.part = part

    def is_met_by(self, proofs: Sequence[Proof]) -> bool:
        """Whether the part is not met."""
        return not self.part.is_met_by(proofs)


def _are_met(parts: Sequence[Requirement], proofs: Sequence[Proof]) -> bool:
    """Whether all of `parts` are met by those of `proofs` that count for each of them."""
    # SECURITY: "fresh and resists phishing" is not met by a code of now beside a
    # passkey of this morning.
    for part in parts:
        proofs = part.counting(proofs)
    return all(part.is_met_by(proofs) for part in parts)


#: Some factor, at any time in this session.
ANY = AnyFactor()
