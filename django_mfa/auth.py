"""An optional auth backend: the user and the MFA account come in one query."""

from __future__ import annotations

from typing import Any

from asgiref.sync import sync_to_async
from django.contrib.auth.backends import ModelBackend

from .accounts import joined


class MFAModelBackend(ModelBackend):
    """Django's `ModelBackend`, with the account joined wherever it reads the user."""

    def get_user(self, user_id: Any) -> Any:
        """Return the user with this key and the account, or None."""
        user = joined.user(user_id)
        return user if user and self.user_can_authenticate(user) else None

    async def aget_user(self, user_id: Any) -> Any:
        """`get_user`, off the event loop as all that Django asks a database."""
        return await sync_to_async(self.get_user)(user_id)
