"""What a view of yours demands: of browsers, tokens and signed tokens alike.

They compose: `[IsMFAVerified | HasScope("read")]`, `[HasRecentMFA(300) & IsAdminUser]`.
What is owed is told by `MFAMiddleware`, once it is clear that nothing beside lets in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.auth import get_user_model
from rest_framework.permissions import BasePermission, OperationHolderMixin

from django_mfa import conf
from django_mfa.flows import gate
from django_mfa.flows.denial import refusal
from django_mfa.policy import engine
from django_mfa.policy.requirements import AnyFactor, Recent, Requirement, Strength
from django_mfa.policy.standing import Standing

from .client import is_for_machines, shown_by

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rest_framework.request import Request

    from django_mfa.errors import MFARequired
    from django_mfa.policy.terms import Terms
    from django_mfa.session import MFASession
    from django_mfa.values import Proof


class Meets(OperationHolderMixin, BasePermission):
    """Lets in whose proofs meet `requirement`: `Meets(PhishingResistant())`."""

    def __init__(self, requirement: Requirement) -> None:
        self.requirement = requirement

    def __call__(self) -> Meets:
        """Return itself: REST framework makes a permission for every request."""
        return self

    def wanted_of(self, terms: Terms) -> Requirement:
        """Return the requirement, for somebody of whom the policies ask `terms`."""
        del terms  # a permission that leaves something to them looks at it
        return self.requirement

    def has_permission(self, request: Request, view: Any) -> bool:
        """Whether the proofs of the user meet it."""
        user: Any = request.user  # None for nobody, where the site says so
        if not (user and user.is_authenticated):
            return False
        if is_for_machines(request) or not isinstance(request.user, get_user_model()):
            # SECURITY: what a machine knows by heart was shown by nobody; and of a
            # user made of claims alone nothing can be checked.
            return False
        session = shown_by(request)
        proofs = Standing(session).proofs if session else ()
        terms = engine.terms(user)
        wanted = self.wanted_of(terms)
        requirement = _with_policies(wanted, terms, user, session, proofs)
        if requirement.is_met_by(proofs):
            return True
        _tell_if_refused(view, refusal(user, requirement, proofs))
        return False


class IsMFAVerified(Meets):
    """Some factor was shown."""

    def __init__(self) -> None:
        super().__init__(AnyFactor())


class HasRecentMFA(Meets):
    """Some factor was shown in the last `max_age` seconds, or as lately as policies say."""

    def __init__(self, max_age: int | None = None) -> None:
        self.is_left_to_policies = max_age is None
        super().__init__(
            Recent(conf.get().STEP_UP.MAX_AGE if max_age is None else max_age)
        )

    def wanted_of(self, terms: Terms) -> Requirement:
        """Return how fresh a proof must be."""
        return (
            Recent(terms.step_up_age) if self.is_left_to_policies else self.requirement
        )


class HasStrength(Meets):
    """A factor of this assurance level was shown: aal1, aal2 or aal3."""

    def __init__(self, level: str) -> None:
        super().__init__(Strength(level))


def _with_policies(
    requirement: Requirement,
    terms: Terms,
    user: Any,
    session: MFASession | None,
    proofs: Sequence[Proof],
) -> Requirement:
    """Return it with what the policies ask of this person, of whatever client."""
    demand = terms.demand
    if demand is None:
        return requirement
    both = requirement & demand
    if session is None or not proofs or demand.is_met_by(proofs):
        return both
    # Who has time left for it, or is exempt, owes it neither here nor on the pages.
    return requirement if gate.owed_by_program(session, user) is None else both


def _tell_if_refused(view: Any, told: MFARequired) -> None:
    """Let the middleware tell it, should the view turn the caller away for it.

    Something beside may let them in; what the view says then is its own affair.
    """
    refuse = getattr(view, "permission_denied", None)
    if refuse is None:
        return  # asked by hand, outside of a view

    def denied(request: Request, *args: Any, **kwargs: Any) -> None:
        request._request.mfa_denied = told  # type: ignore[attr-defined]  # noqa: SLF001  # the request of Django's
        refuse(request, *args, **kwargs)

    view.permission_denied = denied
