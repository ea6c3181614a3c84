"""What is told to somebody whose proofs are not enough."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django_mfa.errors import EnrolmentRequired, MFARequired, StepUpRequired
from django_mfa.factors import registry
from django_mfa.policy import engine

from .owing import offered

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django_mfa.policy.requirements import Requirement
    from django_mfa.values import Proof


def refusal(
    user: Any, requirement: Requirement, proofs: Sequence[Proof]
) -> MFARequired:
    """Return what `user` owes where `proofs` are not enough, with the ways to give it.

    Where they have none of those set up, it is told which would do.
    """
    devices = registry.enrolled(user)
    if not devices:
        return EnrolmentRequired(methods=[])
    fit = engine.methods_for(requirement, proofs)
    mine = [slug for slug in offered(user, devices) if slug in fit]
    details: dict[str, Any] = {"methods": mine or fit}
    if requirement.max_age is not None:
        details["max_age"] = requirement.max_age
    if requirement.acr is not None:
        details["acr_values"] = requirement.acr
    return StepUpRequired(**details) if proofs else MFARequired(**details)
