"""Who must have a second factor, and from when on."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from django.utils.module_loading import import_string

from django_mfa import clock, conf
from django_mfa.accounts import service as accounts

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.contrib.auth.base_user import AbstractBaseUser

log = logging.getLogger("django_mfa")

WHO: dict[str, Callable[[Any], bool]] = {
    "everyone": lambda user: True,
    "staff": lambda user: bool(getattr(user, "is_staff", False)),
    "superusers": lambda user: bool(getattr(user, "is_superuser", False)),
}


class Duty(NamedTuple):
    """A user must have a second factor; `grace_days` to set one up."""

    policy: str
    grace_days: int


def duty(user: AbstractBaseUser) -> Duty | None:
    """Return the strictest duty of `user` to have a second factor, or None."""
    duties = [
        Duty(_name(policy), int(policy.get("grace_days", conf.get().GRACE_DAYS)))
        for policy in conf.get().POLICIES
        if applies(policy["who"], user)
    ]
    if accounts.of(user).required:
        duties.append(Duty("required by an administrator", 0))
    return min(duties, key=lambda each: each.grace_days, default=None)


def applies(who: str | Callable[[Any], bool], user: Any) -> bool:
    """Whether a policy for `who` concerns `user`; one that fails concerns everybody."""
    try:
        return bool(_asks(who)(user))
    except Exception:  # whatever the site's own code raises
        # SECURITY: errors deny: a policy that cannot be asked is one that demands.
        log.exception("The policy for %r failed; it is taken to apply.", who)
        return True


def deadline(user: AbstractBaseUser) -> datetime | None:
    """Until when `user`, who has no factor, may still go without; None: no duty.

    Stored when first asked, and never moved by the user.
    """
    owed = duty(user)
    if owed is None:
        return None
    until = clock.now() + timedelta(days=owed.grace_days)
    stored = accounts.of(user).grace_deadline
    if stored is None and owed.grace_days > 0:
        stored = accounts.set_deadline_once(user, until)
    return min(stored, until) if stored else until


def must_enrol_now(user: AbstractBaseUser) -> bool:
    """Whether `user`, who has no factor, may not go on without one."""
    until = deadline(user)
    return until is not None and until <= clock.now()


def _asks(who: str | Callable[[Any], bool]) -> Callable[[Any], bool]:
    if callable(who):
        return who
    if who in WHO:
        return WHO[who]
    kind, _, name = who.partition(":")
    if kind == "group":
        return lambda user: user.groups.filter(name=name).exists()
    if kind == "permission":
        return lambda user: bool(user.has_perm(name))
    asks: Callable[[Any], bool] = import_string(who)
    return asks


def _name(policy: Any) -> str:
    return str(policy.get("name") or policy["who"])
