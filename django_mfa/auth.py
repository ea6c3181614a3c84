"""An optional auth backend: the user and the MFA account come in one query."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.backends import ModelBackend


class MFAModelBackend(ModelBackend):
    """Django's `ModelBackend`, with the account joined wherever it reads the user."""

    def get_user(self, user_id: Any) -> Any:
        """Return the user with this key and the account, or None."""
        users = get_user_model()._default_manager.select_related("mfa_account")
        user = users.filter(pk=user_id).first()
        return user if user is not None and self.user_can_authenticate(user) else None

    async def aget_user(self, user_id: Any) -> Any:
        """`get_user` on the event loop."""
        users = get_user_model()._default_manager.select_related("mfa_account")
        user = await users.filter(pk=user_id).afirst()
        return user if user is not None and self.user_can_authenticate(user) else None
