"""Tokens of djangorestframework-simplejwt that say what was shown for them.

`API = {"ISSUERS": ["jwt"]}` lets programs in with a pair of them. To refuse the
refresh of a pair that a change of factors or password has ended, name the serializer
here in `SIMPLE_JWT["TOKEN_REFRESH_SERIALIZER"]`.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from django.contrib.auth import get_user_model
from rest_framework_simplejwt.authentication import JWTAuthentication
from rest_framework_simplejwt.exceptions import InvalidToken
from rest_framework_simplejwt.serializers import TokenRefreshSerializer
from rest_framework_simplejwt.settings import api_settings
from rest_framework_simplejwt.tokens import RefreshToken, Token

from django_mfa.clients.issuer import Issuer
from django_mfa.clients.stores import ClaimsStore, ClientStore, digest_of
from django_mfa.session.client import restored, state_of
from django_mfa.values import Proof

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from django_mfa.session import MFASession

#: Claims of ours, beside `amr` (RFC 8176), `acr` and `auth_time` (OpenID Connect).
PROOFS, STATE, CLIENT, PASSWORD_AT = "mfa", "mfa_state", "sid", "pwd_time"


class JWTIssuer(Issuer):
    """A pair of signed tokens: `access` and `refresh`."""

    fields: Mapping[str, str] = {
        "access": "The token for requests: `Authorization: Bearer ...`.",
        "refresh": "The token for a new `access`.",
    }

    def authenticators(self) -> Sequence[Any]:
        """Return simplejwt's."""
        return (JWTAuthentication(),)

    def issue(self, session: MFASession, standing: Any) -> dict[str, Any]:
        """Return a new pair whose claims say what was shown."""
        return self._pair(session, standing, secrets.token_hex(16))

    def renew(self, session: MFASession, standing: Any) -> dict[str, Any]:
        """Return a new pair of the same client, with what it has shown meanwhile."""
        return self._pair(session, standing, session.store.client_key)

    def store_of(self, user: Any, auth: Any, *, whole: bool) -> ClientStore | None:
        """Return what the claims say; they are signed."""
        if not isinstance(auth, Token):
            return None
        # SECURITY: each client has a name of its own, though a pair that some other
        # view has made says none: what was asked of one is answered by no other.
        store = ClaimsStore(str(auth.get(CLIENT) or digest_of(_text_of(auth))))
        data = _session_of(user, auth, store.name)
        if whole:
            store.claims = data
        else:
            store._session_cache = data  # noqa: SLF001  # nothing is to be read
        return store

    def _pair(self, session: MFASession, standing: Any, client: str) -> dict[str, Any]:
        user: Any = session.user()
        refresh: Any = RefreshToken.for_user(user)
        refresh.payload.update(
            {
                "amr": list(standing.amr),
                "acr": standing.acr,
                "auth_time": _auth_time(session),
                CLIENT: client,
                PROOFS: [proof.as_json() for proof in session.proofs()],
                PASSWORD_AT: session.password_at(),
                STATE: state_of(user),
            }
        )
        return {"access": str(refresh.access_token), "refresh": str(refresh)}


class MFATokenRefreshSerializer(TokenRefreshSerializer):
    """Refreshes a pair and keeps its claims; not one that has come to an end."""

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Raise `InvalidToken` when factors or password changed since the sign-in."""
        token = RefreshToken(attrs["refresh"])
        wanted = {api_settings.USER_ID_FIELD: token.get(api_settings.USER_ID_CLAIM)}
        user = get_user_model()._default_manager.filter(**wanted).first()
        if STATE in token and (user is None or token[STATE] != state_of(user)):
            raise InvalidToken
        answer: dict[str, Any] = super().validate(attrs)
        return answer


def _session_of(user: Any, claims: Any, name: str) -> dict[str, Any]:
    if claims.get(STATE) != state_of(user):
        # SECURITY: what was shown before a change of factors or of the password, or
        # in a pair that some other view has made, shows nothing.
        return restored(user, proofs=(), password_at=None, name=name)
    proofs = [Proof.from_json(each) for each in claims.get(PROOFS, ())]
    at = claims.get(PASSWORD_AT)
    return restored(user, proofs=proofs, password_at=at, name=name)


def _text_of(auth: Any) -> str:
    text = auth.token or str(auth)
    return text.decode() if isinstance(text, bytes) else str(text)


def _auth_time(session: MFASession) -> int | None:
    times = [proof.at for proof in session.proofs()]
    return max(times, default=session.password_at())
