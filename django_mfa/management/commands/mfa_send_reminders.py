from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from django_mfa import clock
from django_mfa.flows import remind
from django_mfa.session import Context


class Command(BaseCommand):
    """Run it once a day; running it more often reminds nobody twice."""

    help = "Mail those who must set up a second factor soon and have not."

    def add_arguments(self, parser: CommandParser) -> None:
        """One option: only to look."""
        parser.add_argument(
            "--dry-run", action="store_true", help="Say how many, and send nothing."
        )

    def handle(self, *args: Any, dry_run: bool, **options: Any) -> None:
        """Remind each of them, and say how many there were."""
        count = 0
        for user, until in remind.due(clock.now()):
            if dry_run or remind.remind(Context(), user, until):
                count += 1
        said = "would be reminded" if dry_run else "reminded"
        self.stdout.write(f"{count} {'person' if count == 1 else 'people'} {said}")
