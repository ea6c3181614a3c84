from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from django_mfa.factors.sent_code.models import SentCodeDevice


class PhoneDevice(SentCodeDevice):
    """A phone that codes are sent to; its number is sealed."""

    factor = "sms"

    country = models.CharField(_("country"), max_length=3, blank=True)

    class Meta:
        verbose_name = _("phone for text messages")
        verbose_name_plural = _("phones for text messages")
