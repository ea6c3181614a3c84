from __future__ import annotations

from typing import Any

from django.apps import AppConfig, apps
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _


class DjangoMFAConfig(AppConfig):
    """The package: the gate is shut from the moment the app is ready."""

    name = "django_mfa"
    verbose_name = _("Multi-factor authentication")
    default = True
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Connect the gate, the listeners and the checks."""
        from django.contrib.auth.signals import user_logged_in

        from . import checks  # noqa: F401  # registers itself
        from .audit import receivers as audit
        from .flows import roles
        from .flows.gate import meet_login
        from .notifications import receivers as notifications
        from .policy import snapshot

        user_logged_in.connect(meet_login, dispatch_uid="django_mfa.gate")
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
