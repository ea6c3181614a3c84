from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandParser

from django_mfa import clock
from django_mfa.accounts import service as accounts
from django_mfa.accounts.models import MFAAccount
from django_mfa.factors import registry
from django_mfa.management import people
from django_mfa.policy import engine


class Command(BaseCommand):
    """How the site, or one user, stands."""

    help = "Tell how many people have which factors, or the devices and locks of one."

    def add_arguments(self, parser: CommandParser) -> None:
        """Whose, if not everybody's."""
        parser.add_argument(
            "user", nargs="?", help="the name with which a user signs in"
        )

    def handle(self, *args: Any, user: str | None, **options: Any) -> None:
        """Tell."""
        lines = self._of_user(people.find(user)) if user else self._of_site()
        for name, value in lines:
            self.stdout.write(f"{name}: {value}")

    def _of_site(self) -> list[tuple[str, object]]:
        locked = MFAAccount.objects.filter(locked_until__gt=clock.now())
        lines: list[tuple[str, object]] = [
            ("users", get_user_model()._default_manager.count()),
            ("users refused for a while", locked.count()),
        ]
        for slug, kind in registry.factors().items():
            rows = kind.model._default_manager.filter(confirmed=True)
            disabled = rows.exclude(disabled_at=None).count()
            owners = rows.order_by().values("user").distinct().count()
            lines.append((slug, f"{owners} users, {disabled} disabled"))
        return lines

    def _of_user(self, person: Any) -> list[tuple[str, object]]:
        account, owed = accounts.of(person), engine.duty(person)
        until = account.locked_until
        locked = until is not None and until > clock.now()
        lines: list[tuple[str, object]] = [
            ("must have a second factor", f"yes ({owed.policy})" if owed else "no"),
            ("set-up due by", account.grace_deadline or "-"),
            ("codes refused until", until if locked else "-"),
        ]
        return lines + [
            (device.factor, _told(device)) for device in registry.enrolled(person)
        ]


def _told(device: registry.Enrolled) -> str:
    state = "disabled, " if device.disabled_at else ""
    return f"{device.name!r}, {state}last used {device.last_used or '-'}"
