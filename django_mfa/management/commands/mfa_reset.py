from __future__ import annotations

from typing import Any

from django_mfa.flows import reset
from django_mfa.management.people import PersonCommand


class Command(PersonCommand):
    """Take every factor away from somebody who lost them."""

    help = "Remove all second factors of a user. They are mailed, and it is logged."
    name = "mfa_reset"

    def act(self, context: Any, person: Any, reason: str, **options: Any) -> str:
        """Reset by the same flow as the admin's page."""
        reset.reset(context, person, reason)
        return f"The second factors of {person.get_username()} were removed."
