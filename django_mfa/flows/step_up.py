"""Show again that it is you: a fresh proof in a session that is signed in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.auth import authenticate
from django.views.decorators.debug import sensitive_variables

from django_mfa import clock
from django_mfa.errors import (
    FactorNotAvailable,
    StepUpRequired,
    WrongPassword,
)
from django_mfa.factors import registry
from django_mfa.limits import addresses
from django_mfa.policy import engine
from django_mfa.policy.requirements import Recent
from django_mfa.values import Proof, Purpose

from . import challenge, gate, login

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django_mfa.factors.base import Factor
    from django_mfa.factors.devices import MFADevice
    from django_mfa.session import Context


def factors_asked(ctx: Context) -> list[Factor]:
    """Return the factors that can be shown, the best first; none: the password is asked for."""
    user = ctx.require_actor()
    return [registry.get(slug) for slug in gate.offered(user, registry.enrolled(user))]


@sensitive_variables()
def answer(ctx: Context, response: Any, *, factor: str = "") -> Proof:
    """Judge the response of the signed-in user; a right one renews the session.

    Raises what `challenge.answer` raises.
    """
    user, session = ctx.require_actor(), ctx.require_session()
    kind = challenge.choose(factors_asked(ctx), response, wanted=factor)
    asking = challenge.asking_of(ctx, Purpose.STEP_UP, user_pk=user.pk)
    response = kind.take(asking, response)
    devices = kind.candidates(user.pk, response)
    if not devices and not kind.is_ceremony:
        raise FactorNotAvailable

    def renew(device: MFADevice, proof: Proof) -> None:
        session.step_up(proof, device)

    case = challenge.Case(ctx, kind, asking, user)
    return challenge.judge(case, devices, response, accept=renew)


def ask(ctx: Context, slug: str) -> Mapping[str, Any]:
    """Make a challenge for the signed-in user; what a client needs to answer it."""
    user = ctx.require_actor()
    kind = challenge.choose_asked(factors_asked(ctx), slug)
    return kind.ask(challenge.begin_asking(ctx, Purpose.STEP_UP, user_pk=user.pk))


def is_fresh(ctx: Context) -> bool:
    """Whether the signed-in user may change factors now.

    A fresh proof by a factor; the password for those who have none.
    """
    user, session = ctx.require_actor(), ctx.require_session()
    max_age = engine.terms(user).step_up_age
    if Recent(max_age).is_met_by(session.proofs()):
        return True
    if registry.enrolled(user):
        # SECURITY: a password-only session must not enrol or remove anything for
        # a person who has a factor (CVE-2019-16766, CVE-2026-3429).
        return False
    at = session.password_at()
    return at is not None and -clock.SLACK <= clock.timestamp() - at <= max_age


def require_fresh(ctx: Context) -> None:
    """Raise `StepUpRequired` unless `is_fresh`."""
    if not is_fresh(ctx):
        methods = [kind.slug for kind in factors_asked(ctx)]
        max_age = engine.terms(ctx.actor).step_up_age
        raise StepUpRequired(max_age=max_age, methods=methods)


@sensitive_variables()
def check_password(ctx: Context, password: str) -> None:
    """Renew the session of a user without factors by the password; or `MFAError`.

    Wrong ones are limited as those of the sign-in are.
    """
    user, session = ctx.require_actor(), ctx.require_session()
    if registry.enrolled(user):
        raise FactorNotAvailable
    addresses.check(ctx.address, login.GUESSES)
    name = {user.USERNAME_FIELD: user.get_username()}
    found = authenticate(session.request, password=password, **name)
    if found is None or found.pk != user.pk:
        addresses.charge(ctx.address, login.GUESSES)
        raise WrongPassword
    session.renew_password()
