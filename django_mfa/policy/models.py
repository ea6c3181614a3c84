from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from django_mfa import clock, conf
from django_mfa.factors import registry
from django_mfa.lookups import Primary

from .requirements import LEVELS
from .rules import Rule

MIN_FRESH = 30  # seconds: a step of most apps
MAX_REMINDER = 365  # days


class Policy(models.Model):
    """Who must have a second factor, and of what kind; the strictest wins."""

    class Who(models.TextChoices):
        """Whom a policy can concern."""

        EVERYONE = "everyone", _("everyone")
        STAFF = "staff", _("staff")
        SUPERUSERS = "superusers", _("superusers")
        GROUP = "group", _("members of a group")
        PERMISSION = "permission", _("holders of a permission")
        AUDIENCE = "audience", _("an audience of this site")

    name = models.CharField(
        _("name"),
        max_length=64,
        unique=True,
        help_text=_("Shown to the people it concerns."),
    )
    who = models.CharField(_("concerns"), max_length=16, choices=Who.choices)
    # SECURITY: a policy does not go because somebody deletes the group it is for.
    group = models.ForeignKey(
        Group,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("group"),
    )
    permission = models.CharField(
        _("permission"),
        max_length=255,
        blank=True,
        help_text=_("Such as shop.change_order."),
    )
    audience = models.CharField(
        _("audience"),
        max_length=64,
        blank=True,
        help_text=_("A name in DJANGO_MFA['POLICY_AUDIENCES']."),
    )
    required = models.BooleanField(_("a second factor is required"), default=True)
    grace_days = models.PositiveSmallIntegerField(
        _("days to set one up"),
        null=True,
        blank=True,
        help_text=_("Empty: as the settings say."),
    )
    reminder_days = models.JSONField(
        _("reminders, in days before"),
        null=True,
        blank=True,
        help_text=_("A list such as [3, 1]. Empty: as the settings say."),
    )
    allowed_factors = models.JSONField(
        _("only these factors"),
        default=list,
        blank=True,
        help_text=_('A list such as ["passkey", "totp"]. Empty: all.'),
    )
    minimum_strength = models.CharField(
        _("at least this level"),
        max_length=4,
        blank=True,
        choices=[(level, level) for level in LEVELS],
    )
    phishing_resistant = models.BooleanField(_("resists phishing"), default=False)
    step_up_age = models.PositiveIntegerField(
        _("seconds for which a proof is fresh"), null=True, blank=True
    )
    trust_allowed = models.BooleanField(_("browsers may be trusted"), default=True)
    active = models.BooleanField(_("active"), default=True)
    order = models.PositiveSmallIntegerField(
        _("order"), default=0, help_text=_("Of the list; the strictest wins anyhow.")
    )

    objects = Primary()

    class Meta:
        verbose_name = _("policy")
        verbose_name_plural = _("policies")
        ordering = ("order", "pk")

    def __str__(self) -> str:
        return self.name

    #: What `who` needs beside itself.
    NEEDS: ClassVar[dict[str, str]] = {
        "group": "group",
        "permission": "permission",
        "audience": "audience",
    }

    def clean(self) -> None:
        """Refuse what nobody can meet, and a policy that concerns nobody."""
        wanted = self.NEEDS.get(self.who)
        if wanted and not getattr(self, wanted):
            raise ValidationError({wanted: _("Say which one.")})
        if self.who == "audience" and self.audience not in conf.get().POLICY_AUDIENCES:
            raise ValidationError(
                {"audience": _("The settings have no such audience.")}
            )
        if self.step_up_age is not None:
            # SECURITY: a proof that is never fresh enough could not undo this either.
            MinValueValidator(MIN_FRESH)(self.step_up_age)
        self._check_lists()

    def _check_lists(self) -> None:
        days = self.reminder_days
        if days is not None and not (
            _is_list(days, int) and all(0 <= each <= MAX_REMINDER for each in days)
        ):
            raise ValidationError({"reminder_days": _("Enter a list of numbers.")})
        factors = self.allowed_factors or []
        if not _is_list(factors, str):
            raise ValidationError({"allowed_factors": _("Enter a list of names.")})
        unknown = set(factors) - set(registry.factors())
        if unknown:
            text = _("This site has no factor %(name)s.")
            raise ValidationError({"allowed_factors": text % {"name": min(unknown)}})

    def as_rule(self) -> Rule:
        """Return it as plain values, for the snapshot."""
        days = self.reminder_days
        return Rule(
            who=self._who(),
            name=self.name,
            required=self.required,
            grace_days=self.grace_days,
            reminder_days=None if days is None else tuple(days),
            allowed_factors=tuple(self.allowed_factors or ()),
            minimum_strength=self.minimum_strength,
            phishing_resistant=self.phishing_resistant,
            step_up_age=self.step_up_age,
            trust_allowed=self.trust_allowed,
        )

    def _who(self) -> str:
        if self.who == self.Who.GROUP:
            return f"group:{self.group.name if self.group else ''}"
        wanted = self.NEEDS.get(self.who)
        return f"{self.who}:{getattr(self, wanted)}" if wanted else self.who


class Exemption(models.Model):
    """Somebody whom the policies do not bind for a while, and why."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="mfa_exemptions",
        verbose_name=_("user"),
    )
    reason = models.CharField(_("reason"), max_length=255)
    expires = models.DateTimeField(_("until"))
    created = models.DateTimeField(_("granted"), default=clock.now, editable=False)
    granted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        editable=False,
        related_name="+",
        verbose_name=_("by"),
    )

    objects = Primary()

    class Meta:
        verbose_name = _("exemption")
        verbose_name_plural = _("exemptions")
        ordering = ("-pk",)
        indexes = (
            models.Index(fields=("user", "expires"), name="django_mfa_exempt_user"),
        )

    def __str__(self) -> str:
        return f"{self.user} ({self.expires:%Y-%m-%d})"

    @classmethod
    def holds_for(cls, user: Any) -> bool:
        """Whether one holds for `user` now."""
        rows = cls.objects.filter(user_id=user.pk, expires__gt=clock.now())
        return rows.exists()


def _is_list(value: Any, kind: type) -> bool:
    return isinstance(value, list) and all(type(each) is kind for each in value)
