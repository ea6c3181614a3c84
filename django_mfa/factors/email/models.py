from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from django_mfa.factors.sent_code.models import SentCodeDevice


class EmailDevice(SentCodeDevice):
    """An e-mail address that codes are sent to; it is sealed."""

    factor = "email"

    class Meta:
        verbose_name = _("e-mail address for codes")
        verbose_name_plural = _("e-mail addresses for codes")
