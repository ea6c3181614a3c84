from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from django_mfa import conf
from django_mfa.factors.email.models import EmailDevice
from django_mfa.factors.sms.models import PhoneDevice
from django_mfa.factors.totp.models import TOTPDevice
from django_mfa.testing import add_email, add_phone, add_recovery_codes, add_totp
from testproject.site import people

HEAD = """
Example Bank: a demonstration of django_mfa
===========================================
"""

SENT = """\
 9. Sent codes     Sign in as {carol}: a message and a mail are printed in this
                   terminal, and sent to nobody. Ask twice within a minute, too.
                   Or set a phone up as {alice}, like +44 7400 123456.
                   As {root} see under "Sent codes" what it cost.
"""

API = """\
10. The API        A front end in plain JavaScript, every operation to read
                   and to try, and a client for this terminal:
                   /app/
                   /api/docs/
                   {python} -m testproject.client login {bob}
                   (with another PORT, before the word login:
                   --url http://localhost:PORT/api/app/)
"""

TRY = """
What to try
 1. Set it up      Sign in as {alice}. On the security page add an
                   authenticator app: scan the QR code, type the code, keep
                   the recovery codes.
 2. Sign in        Sign out and in again: password, then the code of your app.
 3. Lose the phone Sign in again with a recovery code in the place of the code.
 4. Be stopped     Try the same recovery code twice, or five wrong codes.
 5. Transfer       The transfer page wants a code that is no older than 15 minutes.
 6. Look behind    Sign in as {root}. The admin wants a second factor
                   too; then look at each step in the audit log, and reset
                   somebody's factors.
 7. Two persons    As {bob} prepare a payment and release it: somebody else
                   has to approve it. As {root}, in another browser, do so
                   under "Approvals"; then {bob} presses the button again.
                   /payments/
 8. Trust          Sign in as {bob} and tick the box below the code: this
                   browser is not asked at the next sign-in, but a transfer
                   asks as before.
{sent}{api}
No phone at hand? The app of {bob} is this link, and the command shows its code.
Each code works once and changes every 30 seconds.
   {link}
   {python} manage.py demo_code bob
The recovery codes of {bob}, new ones at each start:
   {codes}

Mails and text messages are printed here. To begin anew: {python} manage.py demo_data --reset
"""


class Command(BaseCommand):
    """Make the people of the demonstration, and say what to try."""

    help = "Make the users of the demonstration and print what to try. Repeatable."

    def add_arguments(self, parser: CommandParser) -> None:
        """One option: to begin anew."""
        parser.add_argument(
            "--reset", action="store_true", help="Delete these users first."
        )

    def handle(self, *args: Any, reset: bool, **options: Any) -> None:
        """Refuse on a real site; otherwise make them and print the table."""
        if not settings.DEBUG:
            # SECURITY: these users have a password that everybody knows.
            message = "This makes users with a known password; it needs DEBUG = True."
            raise CommandError(message)
        if reset:
            self.remove()
        users = {person.name: people.ensure(person) for person in people.PEOPLE}
        self.print_table(users)
        self.print_what_to_try(users)

    def remove(self) -> None:
        """Delete the people, and with them their factors."""
        for person in people.PEOPLE:
            user = people.find(person.name)
            if user is not None:
                user.delete()

    def print_table(self, users: dict[str, Any]) -> None:
        """Who there is, with which password, and why."""
        self.stdout.write(HEAD)
        width = max(len(user.get_username()) for user in users.values()) + 2
        self.stdout.write(f"{'User':{width}}{'Password':16}Who")
        for person in people.PEOPLE:
            name = users[person.name].get_username()
            self.stdout.write(f"{name:{width}}{people.PASSWORD:16}{person.story}")

    def print_what_to_try(self, users: dict[str, Any]) -> None:
        """The tour, with bob's app and codes."""
        bob = users["bob"]
        names = {name: user.get_username() for name, user in users.items()}
        link, made = link_of(bob), add_recovery_codes(bob)
        codes = "\n   ".join(
            "  ".join(made[at : at + 5]) for at in range(0, len(made), 5)
        )
        python = Path(sys.executable)
        if python.is_relative_to(Path.cwd()):
            python = python.relative_to(Path.cwd())
        api = API.format(python=python, **names) if settings.HAS_API else ""
        sent = SENT.format(**names) if gets_codes(users["carol"]) else ""
        known = {"link": link, "codes": codes, "python": python}
        self.stdout.write(TRY.format(sent=sent, api=api, **known, **names))


def gets_codes(user: Any) -> bool:
    """Whether the site sends codes; if so, `user` has a phone and an address for them."""
    if not {"sms", "email"} <= set(conf.get().FACTORS):
        return False
    for model, add in ((PhoneDevice, add_phone), (EmailDevice, add_email)):
        if not model._default_manager.filter(user=user, confirmed=True).exists():
            add(user)
    return True


def link_of(user: Any) -> str:
    """The `otpauth://` link of the user's app; the app is made if there is none."""
    device = TOTPDevice.objects.filter(user=user, confirmed=True).first()
    secret = device.secret if device else add_totp(user, name="Phone")
    return f"otpauth://totp/{user.get_username()}?secret={secret}&issuer=Example%20Bank"
