from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables

from django_mfa import clock, conf, crypto
from django_mfa.challenges import codes as challenges
from django_mfa.errors import MalformedCode, SendTooSoon
from django_mfa.factors.devices import Charge, MFADevice
from django_mfa.limits import attempts
from django_mfa.values import SPENT, Verdict

from . import codes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django_mfa.challenges.models import Challenge


class Answer(NamedTuple):
    """What was typed, and what was sent last in the same browser for the same purpose."""

    code: str
    asked: Challenge | None = None
    #: What the provider says of it, where that makes the codes; None where we do.
    is_right: bool | None = None

    def __repr__(self) -> str:
        return "<Answer>"


class SentCodeDevice(MFADevice):
    """Where codes are sent: sealed, with a keyed digest to look it up by."""

    #: What the answer just judged was to, and whether that try is counted already.
    asked: Challenge | None = None
    counted = False

    sealed_destination = models.TextField(_("destination"), editable=False)
    digest = models.CharField(max_length=64, db_index=True, editable=False)
    masked = models.CharField(_("destination"), max_length=64, editable=False)
    verified_at = models.DateTimeField(_("proven"), null=True, editable=False)
    last_sent = models.DateTimeField(_("last code sent"), null=True, editable=False)

    #: Columns sealed by `crypto`, for `mfa_rotate_keys`.
    sealed_fields = ("sealed_destination",)

    class Meta:
        abstract = True

    @property
    @sensitive_variables()
    def destination(self) -> str:
        """The number or address; raise `KeyTrouble` when it cannot be opened."""
        place = self.place("sealed_destination")
        return crypto.unseal(self.sealed_destination, place)

    @destination.setter
    @sensitive_variables()
    def destination(self, value: str) -> None:
        self.sealed_destination = crypto.seal(value, self.place("sealed_destination"))
        self.digest = self.digests_of(value)["digest"]

    @sensitive_variables()
    def digests_of(self, destination: str) -> dict[str, str]:
        """Return the columns by which a destination is found, for `mfa_rotate_keys`."""
        return {"digest": crypto.keyed_digest(destination, self.factor)}

    @classmethod
    @sensitive_variables()
    def at(cls, destination: str) -> Q:
        """Return the condition for devices with this number or address."""
        return Q(digest__in=crypto.keyed_digests(destination, cls.factor))

    @sensitive_variables()
    def judge(self, response: Any) -> Verdict:
        """Compare the code with what was sent here; an `Answer` answers."""
        if not isinstance(response, Answer):
            # SECURITY: code that knows only django-otp does not say in which browser
            # and for what: none of our codes can be right there.
            raise MalformedCode
        asked = response.asked
        if asked is None or asked.device != self.public_id:
            return Verdict(self, right=False, reason="nothing_sent")
        self.asked, self.counted = asked, response.is_right is not None
        tries = conf.get().SENT_CODES.TRIES
        if response.is_right is None:
            right = codes.is_right(asked, response.code)
            reason = _over(asked, tries) if right else "wrong"
        else:
            # This try was counted before the provider was asked.
            right, tries = response.is_right, tries + 1
            reason = "" if right else "wrong"
        if right and asked.taken is not None:
            return Verdict(self, right=False, reason=SPENT)
        claim = {"asked": asked.pk, "tries": tries}
        return Verdict(self, right=not reason, reason=reason, claim=claim)

    def claim(self, verdict: Verdict) -> bool:
        """Spend a right code; False when it is spent, over, or the account locked."""
        return bool(
            attempts.keep_open(self.user)
            and self._use(verdict)
            and self.count_use(self._rows().filter(self.open_now()), {})
        )

    def confirm(self, verdict: Verdict) -> bool:
        """Make a device that waits count, spending the first code that was sent there."""
        return self._use(verdict) and super().confirm(verdict)

    def claim_terms(self, claim: Mapping[str, Any]) -> tuple[Q, dict[str, Any]]:
        """Note at enrolment that it is in the person's hands; codes have rows of their own."""
        del claim
        return Q(), {"verified_at": clock.now()}

    def charge(self) -> Charge:
        """Count a wrong answer against account, device and code."""
        charge = super().charge()
        if charge.judged:
            self._count_try()
        return charge

    def miss(self, most: int) -> bool:
        """Count a wrong first answer against the set-up and the code."""
        self._count_try()
        return super().miss(most)

    def begin_wait(self) -> None:
        """Note that a code goes out now; raise `SendTooSoon` if one just did.

        One conditional UPDATE: of any number of requests at once one gets through.
        """
        now = clock.now()
        since = now - timedelta(seconds=conf.get().SENT_CODES.RESEND_AFTER)
        rested = Q(last_sent=None) | Q(last_sent__lte=since)
        if self._rows().filter(rested, disabled_at=None).update(last_sent=now):
            self.last_sent = now
            return
        self.last_sent = self._rows().values_list("last_sent", flat=True).first()
        raise SendTooSoon(retry_at=self.next_send)

    def end_wait(self, began: datetime | None) -> None:
        """Give the wait back that began then: nothing was sent."""
        self._rows().filter(last_sent=began).update(last_sent=None)

    @property
    def next_send(self) -> datetime | None:
        """When another code may be sent, if that is still to come."""
        if self.last_sent is None:
            return None
        wait = timedelta(seconds=conf.get().SENT_CODES.RESEND_AFTER)
        at = self.last_sent + wait
        return at if at > clock.now() else None

    def _use(self, verdict: Verdict) -> bool:
        return challenges.use(verdict.claim["asked"], tries=verdict.claim["tries"])

    def _count_try(self) -> None:
        if self.asked is not None and not self.counted:
            challenges.count_try(self.asked.pk, tries=conf.get().SENT_CODES.TRIES)

    def _rows(self) -> Any:
        return type(self)._default_manager.filter(pk=self.pk)


def _over(asked: Challenge, tries: int) -> str:
    """Return why the right code serves no more; an empty text if it does."""
    if asked.expires <= clock.now():
        return "expired"
    return "no_tries_left" if asked.tries >= tries else ""
