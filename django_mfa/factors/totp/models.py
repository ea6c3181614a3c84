from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables

from django_mfa import clock, conf, crypto
from django_mfa.errors import MalformedCode
from django_mfa.factors.devices import MFADevice
from django_mfa.values import SPENT, Verdict

from . import codes

if TYPE_CHECKING:
    from collections.abc import Mapping


class TOTPDevice(MFADevice):
    """An authenticator app that shares a secret with this site (RFC 6238)."""

    factor = "totp"

    sealed_secret = models.TextField(_("secret"), editable=False)
    digits = models.PositiveSmallIntegerField(_("digits"), default=6)
    period = models.PositiveSmallIntegerField(_("period"), default=30)
    algorithm = models.CharField(_("algorithm"), max_length=8, default="SHA1")
    last_step = models.BigIntegerField(_("last step used"), default=-1, editable=False)
    drift = models.SmallIntegerField(_("clock drift"), default=0, editable=False)

    #: Columns sealed by `crypto`, for `mfa_rotate_keys`.
    sealed_fields = ("sealed_secret",)

    class Meta:
        verbose_name = _("authenticator app")
        verbose_name_plural = _("authenticator apps")

    @property
    @sensitive_variables()
    def secret(self) -> str:
        """The shared secret in base32; raise `KeyTrouble` when it cannot be opened."""
        return crypto.unseal(self.sealed_secret, self.place("sealed_secret"))

    @secret.setter
    @sensitive_variables()
    def secret(self, value: str) -> None:
        self.sealed_secret = crypto.seal(value, self.place("sealed_secret"))

    @sensitive_variables()
    def judge(self, response: Any) -> Verdict:
        """Find the step whose code was given, among those that are not spent."""
        code = codes.normalized(str(response), self.digits)
        if code is None:
            raise MalformedCode
        step = codes.matching_step(
            self.secret,
            code,
            self._steps(),
            digits=self.digits,
            period=self.period,
            algorithm=self.algorithm,
        )
        if step is None:
            return Verdict(self, right=False, reason="wrong")
        if step <= self.last_step:
            # RFC 6238 section 5.2: a code is accepted once, and with it all before.
            return Verdict(self, right=False, reason=SPENT)
        return Verdict(self, right=True, claim={"step": step})

    def claim_terms(self, claim: Mapping[str, Any]) -> tuple[Q, dict[str, Any]]:
        """Burn the step and every one before it; remember how far the clock is off."""
        step, window = claim["step"], conf.get().TOTP.WINDOW
        drift = max(-window, min(window, step - self._now_step()))
        return Q(last_step__lt=step), {"last_step": step, "drift": drift}

    def _now_step(self) -> int:
        return int(clock.timestamp()) // self.period

    def _steps(self) -> list[int]:
        """Return the steps that are accepted: about now, and about now on the device's clock."""
        now, window = self._now_step(), conf.get().TOTP.WINDOW
        # SECURITY: what was remembered under a wider window must not keep it open.
        drift = max(-window, min(window, self.drift))
        low, high = min(0, drift) - window, max(0, drift) + window
        return list(range(now + low, now + high + 1))
