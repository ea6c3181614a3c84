from __future__ import annotations

import gc
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from django.apps import AppConfig, apps
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Python 3.12 freezes some hundreds of its own objects; a site freezes many thousands.
FROZEN_BY_PYTHON = 1000


@contextmanager
def only_lasting_objects() -> Iterator[None]:
    """Import without garbage collections, and leave the collector as it was found.

    Classes and functions stay for good, so they join the old generation at once.
    Looking for garbage among them, and among all that Django loaded before, took as
    long as everything else that is done here (docs/decisions/0009).
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if gc.get_freeze_count() < FROZEN_BY_PYTHON:  # what a site froze stays frozen
            gc.freeze()
            gc.unfreeze()
        if was_enabled:
            gc.enable()


class DjangoMFAConfig(AppConfig):
    """The package: the gate is shut from the moment the app is ready."""

    name = "django_mfa"
    verbose_name = _("Multi-factor authentication")
    default = True
    default_auto_field = "django.db.models.BigAutoField"

    def import_models(self) -> None:
        """Load the models."""
        with only_lasting_objects():
            super().import_models()

    @only_lasting_objects()
    def ready(self) -> None:
        """Connect the gate, the listeners and the checks."""
        from django.contrib.auth.signals import user_logged_in

        from . import checks, notifications
        from .audit import receivers as audit
        from .flows import roles
        from .flows.gate import meet_login
        from .policy import snapshot

        user_logged_in.connect(meet_login, dispatch_uid="django_mfa.gate")
        checks.connect()
        audit.connect()
        notifications.connect()
        roles.connect()
        snapshot.connect()
        if apps.is_installed("django.contrib.admin"):
            from .admin import registration

            registration.connect()


def __getattr__(name: str) -> Any:  # the config of the guarded admin, when asked for
    if name == "MFAAdminConfig":
        return import_string("django_mfa.guarded_admin.MFAAdminConfig")
    message = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(message)
