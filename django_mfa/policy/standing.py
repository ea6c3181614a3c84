"""`request.mfa`: what the person behind this request has shown."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from .requirements import LEVELS, Requirement

if TYPE_CHECKING:
    from django_mfa.session import MFASession
    from django_mfa.values import Proof


class Standing:
    """The proofs of a request's user, for views, templates and token issuers."""

    def __init__(self, session: MFASession) -> None:
        self._session = session

    @property
    def proofs(self) -> tuple[Proof, ...]:
        """What the signed-in user has shown in this session, oldest first."""
        # Asking for the user first lets the gate have its say.
        return tuple(self._session.proofs()) if self._session.user() else ()

    @property
    def is_verified(self) -> bool:
        """Whether the user has shown a second factor in this session."""
        return bool(self.proofs)

    @property
    def verified_at(self) -> datetime | None:
        """When the newest proof was given."""
        at = max((proof.at for proof in self.proofs), default=None)
        return None if at is None else datetime.fromtimestamp(at, tz=UTC)

    @property
    def amr(self) -> tuple[str, ...]:
        """The methods used, in the names of RFC 8176."""
        if not self._session.user():
            return ()
        names = [name for proof in self.proofs for name in proof.amr]
        if self._session.password_at() is not None:
            names.insert(0, "pwd")
        return tuple(dict.fromkeys([*names, "mfa"] if self.proofs else names))

    @property
    def acr(self) -> str:
        """The assurance level reached: aal1, aal2 or aal3; empty for nobody."""
        if not self._session.user():
            return ""
        reached = [proof.acr for proof in self.proofs]
        return max(reached, key=LEVELS.index, default="aal1")

    def satisfies(self, requirement: Requirement) -> bool:
        """Whether the proofs meet `requirement` now."""
        return requirement.is_met_by(self.proofs)

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"


def of(request: Any) -> Standing:
    """Return the standing of a request; raise `TypeError` where the middleware is missing."""
    standing = getattr(request, "mfa", None)
    if not isinstance(standing, Standing):
        # SECURITY: without the middleware nobody has shown anything.
        message = (
            "This view needs request.mfa. Add django_mfa.middleware.MFAMiddleware to"
            " MIDDLEWARE, after AuthenticationMiddleware."
        )
        raise TypeError(message)
    return standing
