"""Optional auth backends: user and MFA account in one query; app passwords."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.backends import BaseBackend, ModelBackend
from django.views.decorators.debug import sensitive_variables

from .accounts import joined
from .errors import MFAError
from .flows import app_passwords
from .session import Context


class MFAModelBackend(ModelBackend):
    """Django's `ModelBackend`, with the account joined wherever it reads the user."""

    def get_user(self, user_id: Any) -> Any:
        """Return the user with this key and the account, or None."""
        user = joined.user(user_id)
        return user if user and self.user_can_authenticate(user) else None

    async def aget_user(self, user_id: Any) -> Any:
        """`get_user` on the event loop."""
        user = await joined.auser(user_id)
        return user if user and self.user_can_authenticate(user) else None


class AppPasswordBackend(BaseBackend):
    """For servers of other protocols (mail, files): `authenticate` by an app password.

    `authenticate(request, username=..., app_password=..., scope="read")`. It opens no
    session: `get_user` knows nobody, and the gate undoes a login by it.
    """

    # SECURITY: not `password`. Every form and token view of a site calls
    # `authenticate(username=..., password=...)`, which Django does not offer to a
    # backend with another signature: none of them takes an app password by mistake.
    @sensitive_variables()
    def authenticate(  # type: ignore[override]  # its own credentials
        self, request: Any, *, username: str, app_password: str, scope: str
    ) -> Any:
        """Return the user whose app password this is, if it allows `scope`; or None."""
        ctx = Context() if request is None else Context.of_client(request)
        try:
            # What a client left out is no text, and names nobody.
            row = app_passwords.use(ctx, app_password or "", username=username or "")
            app_passwords.require_scope(row, scope)
        except MFAError:
            return None
        return row.user

    def user_can_authenticate(self, user: Any) -> bool:
        """Nobody may open a session with it."""
        return False
