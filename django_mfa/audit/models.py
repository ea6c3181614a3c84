from __future__ import annotations

from typing import Any, NoReturn

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from django_mfa import clock

#: How the browser of a row begins that a shell command wrote; such a row has no address.
SHELL = "shell: "


class AppendOnly(models.QuerySet["AuditEvent"]):
    """Rows that nobody changes, however many at once; retention deletes them."""

    def update(self, **kwargs: Any) -> NoReturn:
        """Raise `TypeError`: what happened stays as it was told."""
        _refuse()


def _refuse() -> NoReturn:
    message = "The audit log is append-only."
    raise TypeError(message)


class AuditEvent(models.Model):
    """One event: whom it concerns, by whom, what, with which result, from where.

    Append-only: a row is written with the change it tells of and never again. The
    links to users are without a database constraint, so that the rows outlive them
    and writing one locks no user row.
    """

    PASSED, FAILED = "passed", "failed"

    at = models.DateTimeField(_("when"), default=clock.now, editable=False)
    event = models.CharField(_("event"), max_length=40)
    result = models.CharField(_("result"), max_length=8, blank=True)
    reason = models.CharField(_("reason"), max_length=255, blank=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        null=True,
        related_name="+",
        verbose_name=_("user"),
    )
    user_name = models.CharField(_("user"), max_length=255, blank=True)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        null=True,
        related_name="+",
        verbose_name=_("by"),
    )
    actor_name = models.CharField(_("by"), max_length=255, blank=True)
    factor = models.CharField(_("factor"), max_length=32, blank=True)
    device = models.CharField(_("device"), max_length=36, blank=True)
    device_name = models.CharField(_("device name"), max_length=64, blank=True)
    address = models.GenericIPAddressField(_("address"), null=True)
    user_agent = models.CharField(_("browser"), max_length=255, blank=True)
    request_id = models.CharField(_("request"), max_length=64, blank=True)
    details = models.JSONField(_("details"), default=dict)

    objects = AppendOnly.as_manager()

    class Meta:
        verbose_name = _("audit event")
        verbose_name_plural = _("audit log")
        ordering = ("-id",)
        default_permissions = ("view",)
        indexes = (
            models.Index(fields=("user", "-id"), name="django_mfa_audit_user"),
            models.Index(fields=("event", "-id"), name="django_mfa_audit_event"),
            models.Index(fields=("at",), name="django_mfa_audit_at"),
        )

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S} {self.event} {self.user_name}".rstrip()

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Write the row once; raise `TypeError` at any change."""
        if not self._state.adding:
            _refuse()
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Raise `TypeError`: rows go only by retention."""
        _refuse()

    @property
    def seen_address(self) -> str | None:
        """The address, for the person whom the row concerns to see."""
        return self.address if self._is_own else None

    @property
    def seen_agent(self) -> str:
        """The browser, as above."""
        return self.user_agent if self._is_own else ""

    @property
    def _is_own(self) -> bool:
        # SECURITY: where an administrator or a second person sits, and as whom they
        # work in a shell, is not for those to know whom they act upon.
        # A thief's browser may call itself a shell: it has an address all the same.
        by_shell = self.address is None and self.user_agent.startswith(SHELL)
        return self.actor_id in (None, self.user_id) and not by_shell
