from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from django_mfa import clock
from django_mfa.lookups import Primary


class SendRecord(models.Model):
    """One code that was sent, or was to be: to what kind of place, by whom, at what price.

    Number, block and network address are digests: who reads the table learns none of
    them, and sees which are the same.
    """

    RESERVED, SENT, FAILED, REFUSED = "reserved", "sent", "failed", "refused"
    STATES = (
        (RESERVED, _("on its way")),
        (SENT, _("sent")),
        (FAILED, _("failed")),
        (REFUSED, _("refused by the provider")),
    )

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    at = models.DateTimeField(_("when"), default=clock.now, editable=False)
    factor = models.CharField(_("factor"), max_length=32)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        related_name="+",
        verbose_name=_("user"),
    )
    destination = models.CharField(_("destination"), max_length=64, editable=False)
    masked = models.CharField(_("destination"), max_length=64, blank=True)
    country = models.CharField(_("country"), max_length=3, blank=True)
    kind = models.CharField(_("kind of number"), max_length=32, blank=True)
    prefix = models.CharField(max_length=64, blank=True, editable=False)
    address = models.CharField(max_length=64, blank=True, editable=False)
    purpose = models.CharField(_("purpose"), max_length=16, blank=True)
    state = models.CharField(_("state"), max_length=8, choices=STATES, default=RESERVED)
    reason = models.CharField(_("reason"), max_length=64, blank=True)
    gateway = models.CharField(_("sent by"), max_length=128, blank=True)
    cost = models.DecimalField(_("cost"), max_digits=10, decimal_places=5, null=True)
    currency = models.CharField(_("currency"), max_length=3, blank=True)
    answered = models.DateTimeField(_("answered"), null=True)

    objects = Primary()

    class Meta:
        verbose_name = _("sent code")
        verbose_name_plural = _("sent codes")
        ordering = ("-id",)
        default_permissions = ("view",)
        indexes = (
            models.Index(fields=("at",), name="django_mfa_send_at"),
            models.Index(fields=("country", "at"), name="django_mfa_send_country"),
            models.Index(fields=("prefix", "at"), name="django_mfa_send_prefix"),
        )

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S} {self.factor} {self.masked}".rstrip()


class SendCounter(models.Model):
    """How many codes one number, person, address, block or the site had of late.

    A window is named by its number since 1970; the counts belong to the windows
    beside them, and are nothing in any other.
    """

    digest = models.CharField(max_length=64, unique=True, editable=False)
    hour = models.PositiveIntegerField(default=0)
    in_hour = models.IntegerField(default=0)
    day = models.PositiveIntegerField(default=0)
    in_day = models.IntegerField(default=0)
    month = models.PositiveIntegerField(default=0)
    in_month = models.IntegerField(default=0)

    objects = Primary()

    class Meta:
        default_permissions = ()
        indexes = (models.Index(fields=("month",), name="django_mfa_counter_month"),)

    def __str__(self) -> str:
        return f"{self.in_hour}/{self.in_day}/{self.in_month}"


class SendPause(models.Model):
    """A block of numbers or a country that gets no messages for a while."""

    place = models.CharField(_("place"), max_length=96, unique=True)
    label = models.CharField(_("where"), max_length=32)
    opened = models.DateTimeField(_("since"))
    until = models.DateTimeField(_("until"))
    sends = models.PositiveIntegerField(_("messages"))
    answered = models.PositiveIntegerField(_("of these answered"))

    objects = Primary()

    class Meta:
        verbose_name = _("pause in sending")
        verbose_name_plural = _("pauses in sending")
        ordering = ("-until",)
        default_permissions = ("view",)
        permissions = (("end_sendpause", "Can end a pause in sending"),)

    def __str__(self) -> str:
        return self.label
