from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from django_mfa.errors import MFAError
from django_mfa.flows import reset
from django_mfa.management import people


class Command(BaseCommand):
    """Take every factor away from somebody who lost them."""

    help = "Remove all second factors of a user. They are mailed, and it is logged."

    def add_arguments(self, parser: CommandParser) -> None:
        """Whose, and why."""
        parser.add_argument("user", help="the name with which the user signs in")
        parser.add_argument(
            "--reason", required=True, help="why; kept in the audit log"
        )

    def handle(self, *args: Any, user: str, reason: str, **options: Any) -> None:
        """Reset by the same flow as the admin's page."""
        person = people.find(user)
        try:
            reset.reset(people.shell("mfa_reset"), person, reason)
        except MFAError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"The second factors of {user} were removed.")
