from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand, CommandError

from django_mfa import conf
from django_mfa.factors.passkey import mds

if TYPE_CHECKING:
    from argparse import ArgumentParser


class Command(BaseCommand):
    """Read the models of authenticators from a file of the FIDO Metadata Service."""

    help = (
        "Verify a FIDO metadata file (blob.jwt of version 3) and keep what it says:"
        " roots of attestations, and models that are broken."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the file, and the root where the settings name none."""
        parser.add_argument("file", type=Path, help="the file, as it was downloaded")
        parser.add_argument(
            "--root", type=Path, help="the root certificate; default: PASSKEY.MDS_ROOT"
        )
        parser.add_argument(
            "--signer", default=mds.SIGNER, help="whom its certificate is made out to"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Verify, keep, and say how many."""
        root = options["root"] or conf.get().PASSKEY.MDS_ROOT
        if root is None:
            message = "Name the root certificate: --root, or PASSKEY.MDS_ROOT."
            raise CommandError(message)
        try:
            blob = options["file"].read_text(encoding="ascii")
            found = mds.read(
                blob, root=Path(root).read_bytes(), signer=options["signer"]
            )
            count = mds.store(found)
        except OSError as error:
            raise CommandError(str(error)) from error
        except ValueError as error:
            message = f"{options['file']} was not taken over: {error}."
            raise CommandError(message) from error
        if found.is_old:
            late = f"A newer file was due on {found.next_update}."
            self.stderr.write(self.style.WARNING(late))
        done = f"Number {found.number}: {count} models are known."
        self.stdout.write(self.style.SUCCESS(done))
