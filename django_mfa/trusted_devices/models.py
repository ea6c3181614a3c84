from __future__ import annotations

import uuid
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from django_mfa import clock
from django_mfa.lookups import Primary


class TrustedDevice(models.Model):
    """A browser that its owner trusts; the token itself is known to the browser alone."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="mfa_trusted_devices",
        verbose_name=_("user"),
    )
    public_id = models.UUIDField(
        _("public id"), default=uuid.uuid4, unique=True, editable=False
    )
    digest = models.CharField(max_length=64, unique=True, editable=False)
    name = models.CharField(_("name"), max_length=64)
    created = models.DateTimeField(_("trusted since"), default=clock.now)
    last_seen = models.DateTimeField(_("last seen"), default=clock.now)
    expires = models.DateTimeField(_("until"))
    address = models.GenericIPAddressField(_("address"), null=True)
    epoch = models.PositiveIntegerField(editable=False)
    password = models.CharField(max_length=64, editable=False)

    objects = Primary()

    class Meta:
        verbose_name = _("trusted browser")
        verbose_name_plural = _("trusted browsers")
        ordering = ("-last_seen", "-pk")
        indexes = (
            models.Index(fields=("user", "expires"), name="django_mfa_trust_user"),
        )

    def __str__(self) -> str:
        return self.name

    @staticmethod
    def standing(user: Any, *, epoch: int, password: str) -> Q:
        """Rows of `user` that still hold: not over, and nothing changed since."""
        return Q(
            user_id=user.pk,
            expires__gt=clock.now(),
            # SECURITY: a clock that was set back must not lengthen any trust.
            created__lte=clock.soon(),
            epoch=epoch,
            password=password,
        )
