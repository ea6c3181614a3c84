from __future__ import annotations

import hashlib
from textwrap import wrap
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, models, router, transaction
from django.db.models import F, Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables

from django_mfa import clock, conf
from django_mfa.accounts import service as accounts
from django_mfa.errors import AlreadyRegistered
from django_mfa.extras import lazy
from django_mfa.factors.devices import Charge, MFADevice
from django_mfa.updates import compare_and_set
from django_mfa.values import Verdict

from .aaguids import provider

if TYPE_CHECKING:
    from . import ceremony, reading, rules
else:
    # Not needed to start a process, only to judge an answer.
    ceremony = lazy("django_mfa.factors.passkey.ceremony")
    reading = lazy("django_mfa.factors.passkey.reading")
    rules = lazy("django_mfa.factors.passkey.rules")

CLONE = "possible_clone"


def digest_of(credential_id: bytes) -> str:
    """Return by what a credential id is found: one index, whatever its length."""
    return hashlib.sha256(credential_id).hexdigest()


class Passkey(MFADevice):
    """A passkey or security key: the public half of a key pair (WebAuthn L3)."""

    factor = "passkey"
    # A signature cannot be guessed, so nobody can lock its owner out by failing.
    typed = False
    guessable = False
    #: Whether the answer just judged suggests a copy; it may be let in all the same.
    is_suspect = False

    credential_id = models.TextField(_("credential id"), editable=False)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    public_key = models.BinaryField(_("public key"), editable=False)
    algorithm = models.IntegerField(_("algorithm"), editable=False)
    sign_count = models.BigIntegerField(_("signatures"), default=0, editable=False)
    aaguid = models.CharField(_("model"), max_length=36, editable=False)
    transports = models.JSONField(_("transports"), default=list, editable=False)
    attachment = models.CharField(max_length=16, blank=True, editable=False)
    backup_eligible = models.BooleanField(_("can be synced"), editable=False)
    backed_up = models.BooleanField(_("is synced"), editable=False)
    verified_at_first = models.BooleanField(
        _("checked its user when it was added"), editable=False
    )
    verified_last = models.BooleanField(
        _("checked its user when last used"), default=False, editable=False
    )
    attestation = models.CharField(_("attestation"), max_length=32, editable=False)
    trust = models.CharField(_("trust"), max_length=16, editable=False)
    discoverable = models.BooleanField(
        _("can sign in without a user name"), null=True, editable=False
    )

    class Meta:
        verbose_name = _("passkey")
        verbose_name_plural = _("passkeys")

    @property
    def raw_id(self) -> bytes:
        """The credential id in bytes."""
        return reading.decode(self.credential_id)

    def badges(self) -> tuple[str, ...]:
        """Return who keeps it, and whether it is synced, for its owner to read."""
        keeper = provider(self.aaguid)
        synced = gettext("Synced") if self.backed_up else gettext("On one device")
        return (keeper, synced) if keeper and keeper != self.name else (synced,)

    @sensitive_variables()
    def judge(self, response: Any) -> Verdict:
        """Verify the signature and every rule of section 7.2; a `Taken` answers."""
        if response.problem or not self.is_usable:
            return self._refused(response.problem or "disabled")
        try:
            found = ceremony.authenticate(
                response.answer,
                ceremony.Expected(
                    response.site.id,
                    response.site.origins,
                    must_verify=response.must_verify,
                ),
                key=bytes(self.public_key),
            )
        except ceremony.Refused as error:
            return self._refused(error.reason)
        case = rules.UsedPasskey(
            answer=response.answer,
            found=found,
            top_origins=response.site.top_origins,
            user_handle=self._user_handle(),
            must_name_user=response.must_name_user,
            was_backup_eligible=self.backup_eligible,
        )
        if broken := rules.first_broken(case, rules.ASSERTION):
            return self._refused(broken)
        return self._counted(found)

    def _counted(self, found: Any) -> Verdict:
        """Compare the signature counter (7.2 step 22)."""
        flags, count = found.flags, found.sign_count
        details: dict[str, Any] = {"user_verified": flags.verified}
        if (count or self.sign_count) and count <= self.sign_count:
            details |= {"stored_count": self.sign_count, "count": count}
            self.is_suspect = True
            if conf.get().PASSKEY.CLONE != "log":
                return Verdict(self, right=False, reason=CLONE, details=details)
            details[CLONE] = True
        claim = {
            "count": count,
            "verified": flags.verified,
            "backed_up": flags.backed_up,
        }
        return Verdict(self, right=True, claim=claim, details=details)

    def claim(self, verdict: Verdict) -> bool:
        """Spend a right answer: raise the counter if it still stands lower.

        So that of two copies one passes. Must be the first write of a transaction.
        """
        count, now = verdict.claim["count"], clock.now()
        values = {
            "verified_last": verdict.claim["verified"],
            "backed_up": verdict.claim["backed_up"],
            "last_used": now,
            "failures": 0,
        }
        where: dict[str, Any] = {"id": self.pk, "confirmed": True, "disabled_at": None}
        if not self.is_suspect:
            values["sign_count"] = count
            where |= {"sign_count__lt": count} if count else {"sign_count": 0}
        return compare_and_set(Passkey, where, values, add_one=("uses",)) == 1

    @classmethod
    def open_now(cls) -> Q:
        """Passkeys that are confirmed and in use; nothing locks them."""
        return Q(confirmed=True, disabled_at=None)

    def refused_until(self) -> None:
        """Return None: no failure of anybody makes the owner wait."""

    def may_have_locked(self) -> bool:
        """Whether a failure can have begun a lock: never."""
        return False

    def charge(self) -> Charge:
        """Count a refused answer, for the owner to see; it locks nothing."""
        rows = type(self)._default_manager.filter(pk=self.pk)
        rows.update(failures=F("failures") + 1, failures_total=F("failures_total") + 1)
        if not self.is_suspect or conf.get().PASSKEY.CLONE != "disable":
            return Charge(judged=True)
        off = rows.filter(disabled_at=None).update(
            disabled_at=clock.now(), disabled_reason=CLONE
        )
        return Charge(judged=True, device_disabled=bool(off), why=CLONE)

    def confirm(self, verdict: Verdict) -> bool:
        """Store it. Raise `AlreadyRegistered` when the id is known, to whomever.

        The unique index decides, so that of two at once one is stored.
        """
        try:
            with transaction.atomic(using=router.db_for_write(Passkey)):
                self.confirmed = True
                self.save(force_insert=True)
        except IntegrityError as error:
            raise AlreadyRegistered from error
        return True

    def _refused(self, reason: str) -> Verdict:
        return Verdict(self, right=False, reason=reason)

    def _user_handle(self) -> bytes:
        return reading.decode(accounts.of(self.user).user_handle or "")

    # What django-otp asks

    def verify_token(self, token: str) -> bool:
        """Return False: no text that is typed proves a passkey."""
        del token
        return False


class AuthenticatorModel(models.Model):
    """What the FIDO Metadata Service says of a model of authenticators."""

    aaguid = models.CharField(max_length=36, primary_key=True)
    description = models.CharField(_("description"), max_length=255)
    statuses = models.JSONField(_("status reports"), default=list)
    roots = models.JSONField(_("root certificates"), default=list, editable=False)
    #: The number of the metadata that it comes from; it only goes up.
    serial = models.PositiveIntegerField(_("metadata number"))

    class Meta:
        verbose_name = _("authenticator model")
        verbose_name_plural = _("authenticator models")
        default_permissions = ("view",)

    def __str__(self) -> str:
        return self.description

    def root_certificates(self) -> list[bytes]:
        """Return the roots as PEM."""
        return [
            b"-----BEGIN CERTIFICATE-----\n%s\n-----END CERTIFICATE-----\n"
            % "\n".join(wrap("".join(root.split()), 64)).encode()
            for root in self.roots
        ]
