from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from django_mfa import clock
from django_mfa.lookups import Primary

#: What every app password begins with, so that leaked ones can be searched for.
MARK = "djmfa_"


class AppPassword(models.Model):
    """A password that one machine uses for its owner; it is known to that machine alone.

    Not a device: django-otp would count it as a second factor.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="mfa_app_passwords",
        verbose_name=_("user"),
    )
    public_id = models.UUIDField(
        _("public id"), default=uuid.uuid4, unique=True, editable=False
    )
    lookup = models.CharField(max_length=12, unique=True, editable=False)
    digest = models.CharField(max_length=64, editable=False)
    name = models.CharField(_("name"), max_length=64)
    scopes = models.JSONField(_("allows"), default=list)
    created = models.DateTimeField(_("made"), default=clock.now)
    expires = models.DateTimeField(_("ends"), null=True)
    last_used = models.DateTimeField(_("last used"), null=True)
    last_address = models.GenericIPAddressField(_("last used from"), null=True)
    # The networks it was used from, the latest last. Text, not JSON: compared as a
    # whole by the UPDATE that adds one, on every database.
    places = models.TextField(default="", editable=False)
    revoked = models.DateTimeField(_("revoked"), null=True)

    objects = Primary()

    class Meta:
        verbose_name = _("app password")
        verbose_name_plural = _("app passwords")
        ordering = ("-created", "-pk")
        default_permissions = ("view",)

    def __str__(self) -> str:
        return self.name

    @property
    def prefix(self) -> str:
        """The beginning by which a password that was found somewhere is recognised."""
        return f"{MARK}{self.lookup}"

    @property
    def is_expired(self) -> bool:
        """Whether its time is over."""
        return self.expires is not None and self.expires <= clock.now()

    @property
    def is_over(self) -> bool:
        """Whether it opens nothing any more, revoked or expired."""
        return self.revoked is not None or self.is_expired

    @staticmethod
    def in_force() -> Q:
        """Rows that still open something."""
        unexpired = Q(expires=None) | Q(expires__gt=clock.now())
        return Q(revoked=None) & unexpired
