"""Users as a shell command names them, and what commands do to one."""

from __future__ import annotations

import getpass
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError, CommandParser

from django_mfa.audit.models import SHELL
from django_mfa.errors import MFAError
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
    return Context(user_agent=f"{SHELL}{command}, as {account}"[:255])


class PersonCommand(BaseCommand):
    """Does something to one user, for a reason."""

    #: As it stands in the audit log.
    name: str

    def add_arguments(self, parser: CommandParser) -> None:
        """Whom, and why."""
        parser.add_argument("user", help="the name with which the user signs in")
        parser.add_argument(
            "--reason", required=True, help="why; kept in the audit log"
        )

    def handle(self, *args: Any, user: str, reason: str, **options: Any) -> None:
        """Act, and say what was done."""
        person = find(user)
        try:
            done = self.act(shell(self.name), person, reason, **options)
        except MFAError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(done)

    def act(self, context: Any, person: Any, reason: str, **options: Any) -> str:
        """Do it, and return what was done."""
        raise NotImplementedError
