from __future__ import annotations

import hashlib
import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from django_mfa import clock
from django_mfa.lookups import Primary
from django_mfa.values import visible


class Approval(models.Model):
    """One action on one object that somebody was shown, and said yes or no to."""

    public_id = models.UUIDField(
        _("public id"), default=uuid.uuid4, unique=True, editable=False
    )
    action = models.CharField(_("action"), max_length=100)
    object_label = models.CharField(_("kind of object"), max_length=100, blank=True)
    object_keys = models.JSONField(_("keys of the objects"), default=list)
    summary = models.CharField(_("summary"), max_length=255)
    fields = models.JSONField(_("shown"), default=list)
    #: Of exactly what was shown, and of the object as it was then.
    digest = models.CharField(max_length=64, editable=False)
    state = models.CharField(max_length=64, editable=False)
    requester = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="mfa_approvals",
        verbose_name=_("requested by"),
    )
    second_person = models.BooleanField(_("by a second person"), default=False)
    permission = models.CharField(_("permission"), max_length=255, blank=True)
    #: The page that asked, to go back to; of this site.
    next = models.CharField(max_length=2000, blank=True, editable=False)
    issued = models.DateTimeField(_("asked"), default=clock.now)
    expires = models.DateTimeField(_("until"))
    approver = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        related_name="+",
        verbose_name=_("approved by"),
    )
    approved_at = models.DateTimeField(_("approved"), null=True)
    refused_at = models.DateTimeField(_("refused"), null=True)
    used_at = models.DateTimeField(_("used"), null=True)
    factor = models.CharField(_("factor"), max_length=32, blank=True)
    device = models.CharField(_("device"), max_length=36, blank=True)

    objects = Primary()

    class Meta:
        verbose_name = _("approval")
        verbose_name_plural = _("approvals")
        ordering = ("-pk",)
        indexes = (
            models.Index(
                fields=("requester", "digest"), name="django_mfa_approval_ask"
            ),
        )

    def __str__(self) -> str:
        return self.summary

    @property
    def title(self) -> str:
        """The summary, for people."""
        return visible(self.summary)

    @property
    def shown(self) -> list[tuple[str, str]]:
        """What is approved, by label, for people."""
        # SECURITY: "alice" and an "alice" with a sign of no width are two accounts.
        return [(visible(label), visible(value)) for label, value in self.fields]

    @staticmethod
    def waiting() -> Q:
        """Rows that can still be approved or refused."""
        # SECURITY: a clock that was set back must not lengthen the time for it.
        at = {"expires__gt": clock.now(), "issued__lte": clock.soon()}
        return Q(approved_at=None, refused_at=None, **at)

    @staticmethod
    def granted() -> Q:
        """Rows that were approved and can still be used."""
        return Q(
            approved_at__lte=clock.soon(),
            refused_at=None,
            used_at=None,
            expires__gt=clock.now(),
        )

    @property
    def bound_digest(self) -> str:
        """What a challenge carries: this request, what it shows, and its objects."""
        text = f"{self.public_id}:{self.digest}:{self.state}"
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def is_waiting(self) -> bool:
        """Whether it can still be approved or refused, as far as was read."""
        decided = self.approved_at or self.refused_at
        in_time = self.issued <= clock.soon() and clock.now() < self.expires
        return in_time and not decided
