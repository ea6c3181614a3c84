from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from django_mfa.flows.prune import prune


class Command(BaseCommand):
    """Run it once a day; it touches nothing that is still of use."""

    help = "Delete challenges, set-ups, sent codes and app passwords that are over."

    def handle(self, *args: Any, **options: Any) -> None:
        """Prune, and say how many rows of each kind went."""
        for what, count in prune().items():
            self.stdout.write(f"{count} {what} deleted")
