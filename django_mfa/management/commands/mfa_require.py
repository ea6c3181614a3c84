from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django_mfa.flows import administer
from django_mfa.management.people import PersonCommand

if TYPE_CHECKING:
    from django.core.management.base import CommandParser


class Command(PersonCommand):
    """Make a second factor a must for somebody, whatever the policies say."""

    help = "Demand a second factor of a user, or no more. They get a mail, and it is logged."
    name = "mfa_require"

    def add_arguments(self, parser: CommandParser) -> None:
        """Whom, why, and whether it is taken back."""
        super().add_arguments(parser)
        parser.add_argument("--lift", action="store_true", help="demand it no more")

    def act(self, context: Any, person: Any, reason: str, **options: Any) -> str:
        """Do it by the same flow as the admin's page."""
        required = not options["lift"]
        administer.require(context, person, reason, required=required)
        words = "must have" if required else "need not have"
        return f"{person.get_username()} {words} a second factor."
