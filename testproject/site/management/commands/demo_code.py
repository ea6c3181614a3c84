from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from django_mfa import clock
from django_mfa.factors.totp.models import TOTPDevice
from django_mfa.testing import totp_code
from testproject.site import people


class Command(BaseCommand):
    """Stand in for the phone of somebody in the demonstration."""

    help = "Print the code that a demo user's authenticator app shows now."

    def add_arguments(self, parser: CommandParser) -> None:
        """Whose."""
        parser.add_argument("name", help="alice, bob, sam or root")

    def handle(self, *args: Any, name: str, **options: Any) -> None:
        """Print the code and for how long it is shown."""
        if not settings.DEBUG:
            message = "This shows somebody's code; it needs DEBUG = True."
            raise CommandError(message)
        rows = TOTPDevice.objects.filter(user=people.find(name), confirmed=True)
        device = rows.first()
        if device is None:
            message = f"{name} has no authenticator app."
            raise CommandError(message)
        left = device.period - int(clock.timestamp()) % device.period
        code = totp_code(device.secret, period=device.period, digits=device.digits)
        self.stdout.write(f"{code}  (for another {left} seconds)")
