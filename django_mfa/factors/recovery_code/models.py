from __future__ import annotations

import secrets
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from django.db import models, router, transaction
from django.db.models import F, Q
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables

from django_mfa import clock, conf
from django_mfa.errors import MalformedCode
from django_mfa.factors.devices import MFADevice
from django_mfa.lookups import Primary
from django_mfa.values import SPENT, Verdict

from . import codes

if TYPE_CHECKING:
    from collections.abc import Mapping


class _SpentError(Exception):
    """The code was spent meanwhile: nothing of its use is to stay."""


def new_salt() -> str:
    """16 random bytes, in hex."""
    return secrets.token_hex(16)


class RecoveryCodeSet(MFADevice):
    """The recovery codes of a person: one salt for all, so one slow digest a try."""

    factor = "recovery_code"
    # Out of reach of guessing, so they stay usable while typed codes are locked.
    typed = False

    salt = models.CharField(max_length=32, default=new_salt, editable=False)
    cost = models.PositiveSmallIntegerField(default=14, editable=False)
    left = models.PositiveSmallIntegerField(_("codes left"), default=0, editable=False)
    saved_at = models.DateTimeField(_("said to be saved"), null=True, editable=False)

    class Meta:
        verbose_name = _("set of recovery codes")
        verbose_name_plural = _("sets of recovery codes")

    @property
    def cap(self) -> int:
        """Wrong codes in a row after which the set is disabled."""
        return min(conf.get().LIMITS.RECOVERY_CAP, 100)

    @property
    def is_low(self) -> bool:
        """Whether it is time to make new codes."""
        return self.left <= conf.get().RECOVERY_CODES.WARN_AT

    @cached_property
    def known(self) -> dict[str, bool]:
        """Return the digests of the codes, and whether each is spent."""
        return {code.digest: bool(code.used_at) for code in self.codes.all()}

    @sensitive_variables()
    def judge(self, response: Any) -> Verdict:
        """Digest the code once, whatever it is, and look for it among the known."""
        code = codes.normalized(str(response))
        if code is None:
            raise MalformedCode
        digest = self.digest(code)
        spent = self.known.get(digest)
        if spent is None:
            return Verdict(self, right=False, reason="wrong")
        return Verdict(
            self, right=not spent, reason=SPENT if spent else "", claim={"d": digest}
        )

    def claim(self, verdict: Verdict) -> bool:
        """Spend the one code with this digest, unless it was spent meanwhile."""
        rows = type(self)._default_manager.filter(self.open_now(), pk=self.pk)
        unspent = RecoveryCode.objects.filter(
            set=self.pk, digest=verdict.claim["d"], used_at=None
        )
        using = router.db_for_write(RecoveryCode)
        with suppress(_SpentError), transaction.atomic(using=using):
            # SECURITY: the set first, on whose row wrong codes queue and lock it.
            if not self.count_use(rows, {"left": F("left") - 1}):
                return False
            if not unspent.update(used_at=clock.now()):
                raise _SpentError
            self.left -= 1
            return True
        return False

    @sensitive_variables()
    def digest(self, code: str) -> str:
        """Return the slow digest of a code of this set, in hex."""
        return codes.digest(code, bytes.fromhex(self.salt), self.cost)

    def claim_terms(self, claim: Mapping[str, Any]) -> tuple[Q, dict[str, Any]]:
        """Not used: a code is claimed in its own row."""
        raise NotImplementedError


class RecoveryCode(models.Model):
    """One code, as a slow salted digest."""

    set = models.ForeignKey(
        RecoveryCodeSet, on_delete=models.CASCADE, related_name="codes"
    )
    digest = models.CharField(max_length=64, editable=False)
    used_at = models.DateTimeField(_("used"), null=True, editable=False)

    objects = Primary()

    class Meta:
        verbose_name = _("recovery code")
        verbose_name_plural = _("recovery codes")
        constraints = (
            models.UniqueConstraint(
                fields=("set", "digest"), name="django_mfa_one_digest_a_set"
            ),
        )

    def __str__(self) -> str:
        return f"#{self.pk}"
