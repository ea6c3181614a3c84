"""An optional auth backend: the user and the MFA account come in one query."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.backends import ModelBackend

from .accounts import service as accounts


class MFAModelBackend(ModelBackend):
    """Django's `ModelBackend`, with the account joined wherever it reads the user."""

    def get_user(self, user_id: Any) -> Any:
        """Return the user with this key and the account, or None."""
        try:
            user = accounts.users().get(pk=user_id)
        except get_user_model().DoesNotExist:
            return None
        return user if self.user_can_authenticate(user) else None

    async def aget_user(self, user_id: Any) -> Any:
        """`get_user` on the event loop."""
        try:
            user = await accounts.users().aget(pk=user_id)
        except get_user_model().DoesNotExist:
            return None
        return user if self.user_can_authenticate(user) else None
