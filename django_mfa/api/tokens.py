"""Tokens of REST framework (`rest_framework.authtoken`), and what was shown for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import router, transaction
from rest_framework.authentication import TokenAuthentication
from rest_framework.authtoken.models import Token

from django_mfa.clients.issuer import Issuer
from django_mfa.clients.stores import TokenStore

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from django_mfa.clients.stores import ClientStore
    from django_mfa.session import MFASession


class TokenIssuer(Issuer):
    """One lasting token a person; a new sign-in ends the one before."""

    fields: Mapping[str, str] = {
        "token": "The token for requests: `Authorization: Token ...`."
    }

    def authenticators(self) -> Sequence[Any]:
        """Return REST framework's."""
        return (TokenAuthentication(),)

    def issue(self, session: MFASession, standing: Any) -> dict[str, Any]:
        """Return a new token; what was shown for it is kept beside it."""
        user: Any = session.user()
        with transaction.atomic(using=router.db_for_write(Token)):
            # SECURITY: REST framework keeps one token a person. Were it given out
            # again, one that somebody got by the password alone would rise with it.
            self.end_all(user)
            token = Token.objects.create(user=user)
            store = TokenStore(token.key)
            store.update(dict(session.store.items()))
            store.save()
        return {"token": token.key}

    def end_all(self, user: Any) -> None:
        """Delete it, and what was shown for it."""
        rows = Token.objects.filter(user=user)
        # A transaction that reads first may not write on SQLite, where another wrote
        # meanwhile: this writes, and changes nothing.
        rows.update(user=user)
        for key in rows.values_list("key", flat=True):
            TokenStore(key).delete()
        rows.delete()

    def store_of(self, user: Any, auth: Any, *, whole: bool) -> ClientStore | None:
        """Return what is kept beside the token."""
        return TokenStore(auth.key) if isinstance(auth, Token) else None
