"""The row that every factor's device is: whose, how it is called, how it fared.

A device decides for itself what must never be skipped, whoever asks: single use,
failure count, lock, cap. So code that knows only django-otp is guarded as well.
"""

from __future__ import annotations

import uuid
from contextlib import suppress
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from django.conf import settings
from django.db import models, router, transaction
from django.db.models import Case, F, Q, Value, When
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables
from django_otp.models import Device, DeviceManager, VerifyNotAllowed

from django_mfa import clock, conf, signals
from django_mfa.errors import KeyTrouble, MalformedCode
from django_mfa.limits import attempts
from django_mfa.lookups import Primary
from django_mfa.session import Context

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django_mfa.values import Verdict


class Devices(Primary[Any], DeviceManager):  # type: ignore[misc]  # django-otp has no types
    """Devices as they are now, for our code and for django-otp's."""


class Charge(NamedTuple):
    """What came of counting a wrong answer."""

    judged: bool
    device_disabled: bool = False
    why: str = "too_many_failures"


class MFADevice(Device):  # type: ignore[misc]  # django-otp has no types
    """A device of one of our factors."""

    factor: ClassVar[str]
    #: Whether a wrong answer counts against the account and its short lock.
    typed: ClassVar[bool] = True
    #: Whether a right answer could be found by trying; then its failures lock.
    guessable: ClassVar[bool] = True
    #: Whether `verify_token` has just taken a token; of this object, not of the row.
    was_verified: bool = False
    #: Whether others were charged between the look at the row and the charge.
    overtaken: bool = False

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="mfa_%(class)s_set",
        verbose_name=_("user"),
    )
    public_id = models.UUIDField(
        _("public id"), default=uuid.uuid4, unique=True, editable=False
    )
    name = models.CharField(_("name"), max_length=64)
    confirmed = models.BooleanField(_("confirmed"), default=False)
    created = models.DateTimeField(_("added"), default=clock.now, editable=False)
    last_used = models.DateTimeField(_("last used"), null=True, editable=False)
    uses = models.PositiveIntegerField(_("uses"), default=0, editable=False)
    failures = models.PositiveIntegerField(
        _("consecutive failures"), default=0, editable=False
    )
    failures_total = models.PositiveIntegerField(
        _("failures since it was added"), default=0, editable=False
    )
    locked_until = models.DateTimeField(_("refused until"), null=True, editable=False)
    disabled_at = models.DateTimeField(_("disabled"), null=True, editable=False)
    disabled_reason = models.CharField(
        _("why disabled"), max_length=32, blank=True, editable=False
    )

    objects = Devices()

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.name

    def place(self, field: str) -> str:
        """Where a sealed field belongs: table, owner, row and column."""
        return f"{self._meta.db_table}:{self.user_id}:{self.public_id}:{field}"

    @property
    def cap(self) -> int:
        """Wrong answers in a row after which the device is disabled."""
        return min(conf.get().LIMITS.DEVICE_CAP, 100)

    @property
    def is_usable(self) -> bool:
        """Whether answers of this device are judged at all, as far as was read."""
        return bool(self.confirmed and self.disabled_at is None)

    def refused_until(self) -> datetime | None:
        """Until when answers are refused, as far as was read."""
        if self.typed:
            return attempts.locked_until(self.user)
        until = self.locked_until
        return until if until and until > clock.now() else None

    @classmethod
    def open_now(cls) -> Q:
        """Rows whose answers are judged now, if the account is open as well."""
        condition = Q(confirmed=True, disabled_at=None)
        if cls.typed:
            return condition
        return condition & (Q(locked_until=None) | Q(locked_until__lte=clock.now()))

    def claim(self, verdict: Verdict) -> bool:
        """Spend a right answer by a conditional UPDATE; False when it is spent or locked.

        Must run in a transaction, as its first write.
        """
        if self.typed and not attempts.keep_open(self.user):
            return False
        condition, values = self.claim_terms(verdict.claim)
        rows = type(self)._default_manager.filter(
            self.open_now(), condition, pk=self.pk
        )
        return self.count_use(rows, values) == 1

    def claim_terms(self, claim: Mapping[str, Any]) -> tuple[Q, dict[str, Any]]:
        """Return what must still hold for this answer, and what is stored when it does."""
        raise NotImplementedError

    def count_use(self, rows: Any, values: Mapping[str, Any]) -> int:
        """Note a right answer in `rows`; success clears this device and no other."""
        updated: int = rows.update(
            **values,
            last_used=clock.now(),
            uses=F("uses") + 1,
            failures=0,
            locked_until=None,
        )
        return updated

    def confirm(self, verdict: Verdict) -> bool:
        """Make a device that waits count, spending its first response; False if it waits no more.

        Must run in a transaction.
        """
        condition, values = self.claim_terms(verdict.claim)
        rows = type(self)._default_manager.filter(
            condition, pk=self.pk, confirmed=False
        )
        self.confirmed, self.last_used = True, clock.now()
        values = {**values, "name": self.name, "failures": 0, "failures_total": 0}
        return bool(rows.update(**values, confirmed=True, last_used=self.last_used))

    def charge(self) -> Charge:
        """Count a wrong answer. Must run in a transaction, as its first write."""
        if self.typed and not attempts.charge_account(self.user):
            return Charge(judged=False)
        now, cap = clock.now(), self.cap
        rows = type(self)._default_manager.filter(pk=self.pk)
        # MariaDB assigns from left to right: `failures` last, its readers first.
        values = {
            "disabled_at": Case(
                When(disabled_at=None, failures__gte=cap - 1, then=Value(now)),
                default=F("disabled_at"),
            ),
            "disabled_reason": Case(
                When(failures__gte=cap - 1, then=Value("too_many_failures")),
                default=F("disabled_reason"),
            ),
            **self._lock_values(now),
            "failures_total": F("failures_total") + 1,
            "failures": F("failures") + 1,
        }
        judged = self._count(rows, values)
        return Charge(judged=bool(judged), device_disabled=self._was_last(cap))

    def _count(self, rows: Any, values: Mapping[str, Any]) -> Any:
        if self.typed:
            return rows.update(**values)
        rows = rows.filter(self.open_now())
        if rows.filter(failures=self.failures).update(**values):
            return 1
        # Others were charged meanwhile: this may be the one that locks.
        self.overtaken = True
        return rows.update(**values)

    def miss(self, most: int) -> bool:
        """Count a wrong first response; False when the set-up had `most` before."""
        rows = type(self)._default_manager.filter(pk=self.pk, confirmed=False)
        return bool(rows.filter(failures__lt=most).update(failures=F("failures") + 1))

    def may_have_locked(self) -> bool:
        """Whether the charge just made can have begun a lock, as far as was read."""
        if self.typed:
            return attempts.may_have_locked(self.user)
        return self.overtaken or (self.failures + 1) % conf.get().LIMITS.FAILURES == 0

    def announce_lock(self, *, judged: bool) -> datetime | None:
        """Return the end of a lock that nobody has been told of yet; each is told once.

        `judged` is whether the charge just made was, in this transaction.
        """
        if self.typed:
            return attempts.announce_lock(self.user)
        if not judged:
            return None  # it was there before, and was told by whose charge began it
        rows = type(self)._default_manager.filter(
            pk=self.pk, locked_until__gt=clock.now()
        )
        until: datetime | None = rows.values_list("locked_until", flat=True).first()
        return until

    @property
    def lock_event(self) -> signals.Event:
        """What is told when answers of the device begin to be refused."""
        return signals.account_locked if self.typed else signals.device_locked

    def _lock_values(self, now: datetime) -> dict[str, Any]:
        if self.typed:
            return {}
        limits = conf.get().LIMITS
        until = Value(now + timedelta(seconds=limits.LOCK))
        rounds = list(range(limits.FAILURES - 1, self.cap, limits.FAILURES))
        return {"locked_until": Case(When(failures__in=rounds, then=until))}

    def _was_last(self, cap: int) -> bool:
        """Whether the failure just counted, and no other, reached the cap."""
        if self.failures + conf.get().LIMITS.FAILURES < cap:
            return False
        rows = type(self)._default_manager.filter(pk=self.pk)
        return bool(rows.values_list("failures", flat=True).first() == cap)

    # What django-otp asks

    def verify_is_allowed(self) -> tuple[bool, dict[str, Any] | None]:
        """django-otp's question whether a token would be judged now."""
        until = self.refused_until()
        if self.is_usable and until is None:
            return True, None
        return False, {
            "reason": VerifyNotAllowed.N_FAILED_ATTEMPTS,
            "failure_count": self.failures,
            "locked_until": until,
        }

    @sensitive_variables()
    def verify_token(self, token: str) -> bool:
        """Judge `token` for code that knows only django-otp; right at most once."""
        if not self.verify_is_allowed()[0]:
            return False
        try:
            verdict = self.judge(token)
        except (KeyTrouble, MalformedCode):
            return False
        if not verdict.right and (not verdict.is_charged or self._is_another(token)):
            return False
        with transaction.atomic(using=router.db_for_write(type(self))):
            if verdict.right:
                self.was_verified = bool(self.claim(verdict))
                return self.was_verified
            self._tell_of(self.charge())
        return False

    def _tell_of(self, charge: Charge) -> None:
        """Tell what a wrong token came to: its owner hears of guesses at any door."""
        context = Context()
        if charge.device_disabled:
            signals.device_disabled.emit(
                context, self.user, device=self, reason=charge.why
            )
        judged = charge.judged and self.may_have_locked()
        if until := self.announce_lock(judged=judged):
            self.lock_event.emit(
                context, self.user, device=self, until=until.isoformat()
            )

    @sensitive_variables()
    def _is_another(self, token: str) -> bool:
        """Whether `token` is of another device of the owner's, spent or not."""
        # django-otp asks one device after the other: a right code must not be
        # charged to those that are asked before the one it is for.
        others = type(self)._default_manager.filter(user=self.user_id, confirmed=True)
        for other in others.exclude(pk=self.pk):
            with suppress(KeyTrouble, MalformedCode):
                verdict = other.judge(token)
                if verdict.right or not verdict.is_charged:
                    return True
        return False

    def judge(self, response: Any) -> Verdict:
        """Compare `response` in memory: no write, `KeyTrouble` if that cannot be done."""
        raise NotImplementedError
