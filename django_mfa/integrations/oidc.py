"""Sign-ins by an identity provider: what it says it has seen, taken over.

For mozilla-django-oidc put `OIDCProofMixin` before its backend, for allauth
`SocialProofMixin` before its adapter. Both only listen in hooks that those packages
document; neither is imported here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django_mfa.policy import sso
from django_mfa.session import MFASession

if TYPE_CHECKING:
    from django.http import HttpRequest


def remember(request: HttpRequest, claims: Mapping[str, Any]) -> bool:
    """Take over what the claims of a *verified* ID token say, for the login that follows.

    Call it in the same request, before `login()`. Returns whether they are worth a proof.
    """
    proof = sso.proof_of(claims)
    MFASession(request).expect_proof(proof)
    return proof is not None


class OIDCProofMixin:
    """For `mozilla_django_oidc.auth.OIDCAuthenticationBackend`; put it first."""

    request: Any

    def get_or_create_user(
        self, access_token: str, id_token: str, payload: Mapping[str, Any]
    ) -> Any:
        """Listen to the claims of the verified ID token."""
        parent: Any = super()
        user = parent.get_or_create_user(access_token, id_token, payload)
        if user is not None and self.request is not None:
            remember(self.request, payload)
        return user


class SocialProofMixin:
    """For `allauth.socialaccount.adapter.DefaultSocialAccountAdapter`; put it first."""

    def pre_social_login(self, request: HttpRequest, sociallogin: Any) -> None:
        """Listen to the claims of the ID token that allauth has verified."""
        parent: Any = super()
        parent.pre_social_login(request, sociallogin)
        # SECURITY: of the ID token alone: user information is not signed.
        told = sociallogin.account.extra_data.get("id_token")
        remember(request, told if isinstance(told, Mapping) else {})
