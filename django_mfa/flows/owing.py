"""What somebody who gave the right password must show, and by which factors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django_mfa.accounts import service as accounts
from django_mfa.factors import registry
from django_mfa.policy import engine

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.contrib.auth.base_user import AbstractBaseUser

    from django_mfa.session import Owed


def owed(user: AbstractBaseUser) -> tuple[Owed | None, tuple[str, ...]]:
    """Return what `user` must show after the password, and by which factors."""
    devices = registry.enrolled(user)
    if devices:
        # SECURITY: a disabled device still stands guard, else twenty wrong codes
        # would switch the second factor off.
        return "proof", offered(user, devices)
    if engine.must_enrol_now(user):
        return "enrolment", ()
    return None, ()


def offered(
    user: AbstractBaseUser, devices: Sequence[registry.Enrolled]
) -> tuple[str, ...]:
    """Return the factors that can be asked for, the best first, recovery codes last."""
    default = accounts.of(user).default_device

    def order(device: registry.Enrolled) -> tuple[bool, bool, float, int]:
        used = device.last_used.timestamp() if device.last_used else 0.0
        kind = device.kind
        chosen = device.public_id == default
        return (not kind.primary, not chosen, -used, -kind.rank)

    usable = [device for device in devices if device.disabled_at is None]
    return _good_enough(user, [d.factor for d in sorted(usable, key=order)])


def _good_enough(user: AbstractBaseUser, slugs: Sequence[str]) -> tuple[str, ...]:
    """Leave out what the policies would refuse, if something else is left."""
    every = tuple(dict.fromkeys(slugs))
    demand = engine.terms(user).demand
    methods = engine.methods_for(demand) if demand else every
    fit = tuple(slug for slug in every if slug in methods)
    if not fit or fit == every or engine.is_exempt(user):
        return every
    return fit
