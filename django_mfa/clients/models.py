from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from django_mfa import clock
from django_mfa.lookups import Primary


class ClientSession(models.Model):
    """What the holder of one token has shown; the token itself is kept as a digest."""

    digest = models.CharField(
        _("digest"), max_length=64, primary_key=True, editable=False
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="+",
        verbose_name=_("user"),
    )
    state = models.JSONField(_("state"), default=dict, editable=False)
    begun = models.DateTimeField(_("issued"), default=clock.now)
    expires = models.DateTimeField(_("expires"), null=True, db_index=True)

    objects = Primary()

    class Meta:
        verbose_name = _("client")
        verbose_name_plural = _("clients")
        default_permissions = ("view",)

    def __str__(self) -> str:
        return f"{self.user_id} {self.begun:%Y-%m-%d %H:%M:%S}"
