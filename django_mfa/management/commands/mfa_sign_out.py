from __future__ import annotations

from typing import Any

from django_mfa.flows import administer
from django_mfa.management.people import PersonCommand


class Command(PersonCommand):
    """End every session of somebody."""

    help = "Sign a user out everywhere. They get a mail, and it is logged."
    name = "mfa_sign_out"

    def act(self, context: Any, person: Any, reason: str, **options: Any) -> str:
        """Do it by the same flow as the admin's page."""
        administer.sign_out(context, person, reason)
        return f"{person.get_username()} is signed out everywhere."
