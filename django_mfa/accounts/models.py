from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from django_mfa.lookups import Primary


class MFAAccount(models.Model):
    """What holds for all devices of one person together; made when first needed."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        primary_key=True,
        related_name="mfa_account",
        verbose_name=_("user"),
    )
    epoch = models.PositiveIntegerField(
        _("epoch"),
        default=0,
        help_text=_("Raised by every change of factors; ends the proofs of others."),
    )
    default_device = models.UUIDField(_("default device"), null=True, blank=True)
    required = models.BooleanField(
        _("must use a second factor"),
        default=False,
        help_text=_("Demanded by an administrator, whatever the policies say."),
    )
    grace_deadline = models.DateTimeField(
        _("set-up due by"),
        null=True,
        blank=True,
        help_text=_("Set once, when a second factor was first asked for."),
    )
    stronger_deadline = models.DateTimeField(
        _("stronger factor due by"),
        null=True,
        blank=True,
        help_text=_("Set once, when a policy first asked for more than there is."),
    )
    reminded_at = models.DateTimeField(_("reminded"), null=True, editable=False)
    # Sessions of an earlier epoch are signed out.
    ended_epoch = models.PositiveIntegerField(default=0, editable=False)
    # Raised when groups or permissions change: sessions ask for them again.
    roles = models.PositiveIntegerField(default=0, editable=False)
    failures = models.PositiveIntegerField(_("recent failures"), default=0)
    window_start = models.DateTimeField(_("failures since"), null=True, blank=True)
    locked_until = models.DateTimeField(_("codes refused until"), null=True, blank=True)
    # 64 random bytes in base64url: it travels with every passkey, so it must not
    # tell who the person is (WebAuthn L3 section 14.6.1).
    user_handle = models.CharField(  # noqa: DJ001  # unique where there is one
        max_length=86, null=True, unique=True, editable=False
    )
    lock_announced = models.BooleanField(default=False, editable=False)

    objects = Primary()

    class Meta:
        verbose_name = _("account")
        verbose_name_plural = _("accounts")
        permissions = (("reset_mfa", _("Can reset the second factors of a user")),)

    def __str__(self) -> str:
        return str(self.user_id)
