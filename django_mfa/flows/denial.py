"""What is told to somebody whose proofs are not enough."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django_mfa.errors import EnrolmentRequired, MFARequired, StepUpRequired
from django_mfa.factors import registry
from django_mfa.policy import engine

from .owing import offered

if TYPE_CHECKING:
    from django_mfa.policy.requirements import Requirement


def refusal(user: Any, requirement: Requirement, *, is_verified: bool) -> MFARequired:
    """Return what `user` owes where `requirement` is not met, with the ways to give it."""
    devices = registry.enrolled(user)
    if not devices:
        return EnrolmentRequired(methods=[])
    fit = engine.methods_for(requirement)
    mine = [slug for slug in offered(user, devices) if slug in fit]
    details: dict[str, Any] = {"methods": mine}
    if requirement.max_age is not None:
        details["max_age"] = requirement.max_age
    if requirement.acr is not None:
        details["acr_values"] = requirement.acr
    return StepUpRequired(**details) if is_verified else MFARequired(**details)
