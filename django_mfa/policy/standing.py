"""`request.mfa`: what the person behind this request has shown."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from django_mfa import conf

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
        return tuple(self._session.proofs()) if self._is_theirs else ()

    @property
    def _is_theirs(self) -> bool:
        """Whether the session is that of the request's user."""
        # Asking for the user first lets the gate have its say.
        user = self._session.user()
        # SECURITY: a client that says by a token who it is may send the session of
        # somebody else along, whose proofs are not this user's.
        return user is not None and self._session.is_signed_in(user)

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
        if not self._is_theirs:
            return ()
        names = [name for proof in self.proofs for name in proof.amr]
        if self._session.password_at() is not None:
            names.insert(0, "pwd")
        return tuple(dict.fromkeys([*names, "mfa"] if self.proofs else names))

    @property
    def acr(self) -> str:
        """The assurance level reached: aal1, aal2 or aal3; empty for nobody."""
        if not self._is_theirs:
            return ""
        reached = [proof.acr for proof in self.proofs]
        return max(reached, key=LEVELS.index, default="aal1")

    @property
    def auth_time(self) -> int | None:
        """When the person was last authenticated, in unix seconds (OpenID Connect)."""
        if not self._is_theirs:
            return None
        times = [proof.at for proof in self.proofs]
        return max(times, default=self._session.password_at())

    @property
    def is_trusted_browser(self) -> bool:
        """Whether this sign-in was not challenged because the browser is trusted."""
        return self._is_theirs and self._session.is_by_trust()

    @property
    def grace_until(self) -> datetime | None:
        """Until when the person must set up a factor they do not have yet."""
        self._session.user()
        until: datetime | None = self._session.request.mfa_grace
        return until

    @property
    def step_up_age(self) -> int:
        """Seconds for which a proof is fresh, for this site and this person."""
        asked = self._session.request.mfa_terms
        return asked.step_up_age if asked else conf.get().STEP_UP.MAX_AGE

    def kept_form(self) -> Any:
        """Return what was typed here before a step-up, once; None: nothing was kept.

        `form = TransferForm(request.POST or request.mfa.kept_form())`
        """
        request = self._session.request
        # Not after HEAD: nobody sees the form that it would be given to.
        if request.method != "GET" or not self._is_theirs:
            return None
        typed = self._session.take_form(request.path)
        if typed is None:
            return None
        form = type(request.GET)(mutable=True)  # a QueryDict
        for name, value in typed:
            form.appendlist(name, value)
        return form

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
