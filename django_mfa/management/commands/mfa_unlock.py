from __future__ import annotations

from typing import Any

from django_mfa.flows import administer
from django_mfa.management.people import PersonCommand


class Command(PersonCommand):
    """Have the codes of somebody judged again before the time is over."""

    help = "End the lock of a user. They get a mail, and it is logged."
    name = "mfa_unlock"

    def act(self, context: Any, person: Any, reason: str, **options: Any) -> str:
        """Do it by the same flow as the admin's page."""
        administer.unlock(context, person, reason)
        return f"The codes of {person.get_username()} are judged again."
