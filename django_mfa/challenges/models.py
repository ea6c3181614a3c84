from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from django_mfa import clock
from django_mfa.lookups import Primary


class Challenge(models.Model):
    """What was asked: of whom, by which factor, for what, in which browser; once.

    The challenge itself is kept as a digest: who reads the table learns nothing.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    digest = models.CharField(_("digest"), max_length=64, unique=True, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        null=True,
        related_name="+",
        verbose_name=_("user"),
    )
    factor = models.CharField(_("factor"), max_length=32)
    device = models.UUIDField(_("device"), null=True)
    purpose = models.CharField(_("purpose"), max_length=16)
    binding = models.CharField(_("browser"), max_length=64, editable=False)
    state = models.JSONField(_("state"), default=dict, editable=False)
    issued = models.DateTimeField(_("issued"), default=clock.now)
    expires = models.DateTimeField(_("expires"))
    taken = models.DateTimeField(_("answered"), null=True)
    #: Of a code that is sent: how many answers were wrong, and since when it is under way.
    tries = models.PositiveSmallIntegerField(_("wrong answers"), default=0)
    sent = models.DateTimeField(_("sent"), null=True)

    objects = Primary()

    class Meta:
        verbose_name = _("challenge")
        verbose_name_plural = _("challenges")
        default_permissions = ("view",)
        indexes = (
            models.Index(fields=("binding",), name="django_mfa_chal_binding"),
            models.Index(fields=("expires",), name="django_mfa_chal_expires"),
        )

    def __str__(self) -> str:
        return f"{self.factor} {self.purpose} {self.id}"
