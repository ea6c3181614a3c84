"""Users as a shell command names them."""

from __future__ import annotations

import getpass
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import CommandError

from django_mfa.session import Context


def find(name: str) -> Any:
    """Return the user who signs in as `name`; raise `CommandError` for nobody."""
    users = get_user_model()
    manager: Any = users._default_manager
    try:
        return manager.get_by_natural_key(name)
    except users.DoesNotExist as error:
        message = f"There is no user {name!r}."
        raise CommandError(message) from error


def shell(command: str) -> Context:
    """Return the context of a command: nobody's session, and the account it runs in."""
    try:
        account = getpass.getuser()
    except (KeyError, OSError):  # a container without names for its users
        account = "?"
    return Context(user_agent=f"shell: {command}, as {account}"[:255])
