from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django_mfa.clients.issuer import Issuer

if TYPE_CHECKING:
    from django_mfa.session import MFASession


class SessionIssuer(Issuer):
    """The session of a browser: it was signed in where it stands."""

    is_session = True

    def issue(self, session: MFASession, standing: Any) -> dict[str, Any]:
        """Return nothing: the cookie is the token."""
        return {}
