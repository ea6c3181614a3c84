from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables

from django_mfa import clock, conf, lookups
from django_mfa.accounts import joined
from django_mfa.accounts import service as accounts
from django_mfa.challenges import service as challenges
from django_mfa.errors import InvalidResponse, MFAError
from django_mfa.factors.base import Factor, Setup
from django_mfa.signals import clone_suspected
from django_mfa.values import Asking, Credential, Proof, Purpose, Verdict

from . import decoys, options, registration
from .models import Passkey, digest_of
from .reading import Answer, Malformed, challenge_of, parsed, read
from .rp import RelyingParty, has_relying_party, relying_party

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from django.contrib.auth.base_user import AbstractBaseUser

    from django_mfa.factors.devices import MFADevice

UNKNOWN, DECOY = "unknown_credential", "made_up_credential"


class Taken(NamedTuple):
    """An answer whose challenge is spent, and by what it is to be judged."""

    answer: Answer | None
    problem: str
    site: RelyingParty
    purpose: Purpose
    must_verify: bool
    #: Made by the browser without asking its user, as was wanted.
    conditional: bool = False

    @property
    def must_name_user(self) -> bool:
        """Whether nobody was known before: then the answer itself says who it is."""
        return self.purpose == Purpose.PASSWORDLESS


class PasskeyFactor(Factor):
    """Passkeys and security keys: proof by signature, bound to this site."""

    slug = "passkey"
    label = _("Passkey")
    model = Passkey
    rank = 100
    amr = ("hwk", "user")
    phishing_resistant = True
    asks = True

    def is_offered(self, host: str) -> bool:
        """Whether this host has an RP id."""
        return has_relying_party(host)

    @property
    def most(self) -> int:
        """How many passkeys a person may have."""
        return conf.get().PASSKEY.MAX_DEVICES

    # Enrolment

    def begin(
        self, user: AbstractBaseUser, *, host: str, waiting: MFADevice | None = None
    ) -> Setup:
        """Nothing is stored before an authenticator answered; the page asks it."""
        del user, waiting
        return Setup(None, {"site": relying_party(host)})

    def pending(self, user: AbstractBaseUser, public_id: str) -> None:
        """Return None: no row waits."""

    @sensitive_variables()
    def try_out(
        self, user: AbstractBaseUser, response: Any, *, waiting: MFADevice | None
    ) -> Verdict:
        """Verify a registration; the verdict holds a passkey that is not stored."""
        del waiting
        return registration.judge(user, response)

    # Challenge

    def ask(self, asking: Asking) -> Mapping[str, Any]:
        """Make a challenge and return the options for the browser."""
        site = relying_party(asking.host)
        challenge = options.with_digest(options.new_challenge(), asking.about)
        challenges.issue(
            self.slug,
            asking,
            challenge,
            lifetime=conf.get().PASSKEY.TIMEOUT,
            state={"conditional": True} if asking.conditional else {},
        )
        if asking.purpose == Purpose.ENROL:
            return options.creation(
                site,
                challenge,
                user=asking.user,
                user_handle=accounts.user_handle(asking.user),
                known=self._of(asking.user_pk),
            )
        return options.request(
            site,
            challenge,
            verification=_verification(asking.purpose),
            allowed=self._allowed(asking),
        )

    @sensitive_variables()
    def take(self, asking: Asking, response: Any) -> Taken:
        """Spend the challenge that was answered; read the rest only then."""
        data = parsed(response)
        answer = _read(data)
        challenge = answer.client.challenge if answer else challenge_of(data)
        if challenge is None:
            challenges.spend(self.slug, asking)
            problem = "malformed"
        else:
            problem = challenges.take(self.slug, asking, challenge)
            if not problem and not options.is_about(challenge, asking.about):
                # SECURITY: what was signed is another action, object or amount.
                problem = challenges.OTHER_PURPOSE
        return Taken(
            answer,
            problem or ("" if answer else "malformed"),
            relying_party(asking.host),
            asking.purpose,
            must_verify=_verification(asking.purpose) == "required",
            conditional=_is_conditional(asking.purpose, challenge),
        )

    @sensitive_variables()
    def has_shape(self, response: Any) -> bool:
        """Whether it came from an authenticator."""
        return isinstance(response, Credential | Mapping)

    @sensitive_variables()
    def candidates(self, user_pk: Any, response: Any) -> Sequence[MFADevice]:
        """Return the one passkey with this id, if it is the user's, with that user."""
        if response.answer is None:
            return []
        named = {"digest": digest_of(response.answer.id)}
        if response.purpose != Purpose.PASSWORDLESS:
            # SECURITY: GHSA-f66q-9rf6-8795: the owner stands in the query, so that
            # another person's passkey answers nothing here.
            named["user_id"] = user_pk
        # Whether it is confirmed and in use is judged, so that the audit row tells.
        found = lookups.rows(Passkey, named)
        for passkey in found:
            passkey.user = joined.user(passkey.user_id)
        return [each for each in found if each.user is not None]

    @sensitive_variables()
    def judge(self, devices: Sequence[MFADevice], response: Any) -> Verdict:
        """Verify the answer with the passkey that it names."""
        if not devices:
            return Verdict(None, right=False, reason=_judged_unknown(response))
        verdict: Verdict = devices[0].judge(response)
        return verdict

    def badges(self, user_pk: Any) -> Mapping[UUID, tuple[str, ...]]:
        """Return the provider of each passkey, and whether it is synced."""
        return {each.public_id: each.badges() for each in self._of(user_pk)}

    def accepted(self, user: AbstractBaseUser, *, host: str) -> Mapping[str, Any]:
        """Return the arguments for the Signal API: which passkeys still count."""
        passkeys = self._of(user.pk)
        return {
            "rpId": relying_party(host).id,
            "userId": accounts.user_handle(user),
            "allAcceptedCredentialIds": [each.credential_id for each in passkeys],
            **options.names_of(user),
        }

    def refusal(self, asking: Asking, verdict: Verdict) -> MFAError:
        """Return the one refusal; whether the site knows the passkey, for the browser."""
        if verdict.reason == UNKNOWN and asking.purpose == Purpose.PASSWORDLESS:
            # SECURITY: told only for a fresh challenge, and never of a passkey that
            # belongs to somebody or was made up: the browser forgets it.
            return InvalidResponse(unknown_credential=True)
        return InvalidResponse()

    def proof(self, device: MFADevice, verdict: Verdict | None) -> Proof:
        """Return a proof as strong as the answer was: with its user checked, two factors."""
        assert isinstance(device, Passkey)  # noqa: S101  # tells the type only
        verified = verdict.claim["verified"] if verdict else device.verified_at_first
        # RFC 8176: a key that may be synced is a key in software, whoever keeps it.
        kind = "swk" if device.backup_eligible else "hwk"
        return Proof(
            factor=self.slug,
            device=str(device.public_id),
            at=int(clock.timestamp()),
            acr=self.acr,
            amr=(kind, "user", "pin") if verified else (kind, "user"),
            phishing_resistant=True,
            factors=2 if verified and conf.get().PASSKEY.SATISFIES_MFA else 1,
        )

    def used(self, context: Any, device: MFADevice) -> None:
        """Tell of a counter that fell behind, where that is let in."""
        if isinstance(device, Passkey) and device.is_suspect:
            clone_suspected.emit(context, device.user, device=device)

    def _of(self, user_pk: Any) -> Sequence[Passkey]:
        rows = Passkey.objects.filter(user_id=user_pk, confirmed=True)
        return list(rows.order_by("-last_used", "pk"))

    def _allowed(self, asking: Asking) -> Sequence[dict[str, Any]]:
        if asking.purpose != Purpose.PASSWORDLESS:
            usable = [each for each in self._of(asking.user_pk) if each.is_usable]
            return options.descriptors(usable)
        return options.of_name(asking.name) if asking.name else []


def _read(data: Mapping[str, Any] | None) -> Answer | None:
    try:
        return read(data or {})
    except Malformed:
        return None


def _judged_unknown(response: Any) -> str:
    """Return why an answer of no passkey that is known here is refused."""
    # SECURITY: a made-up passkey is judged and refused like a real one; if it were said
    # to be unknown, whoever asked for a name could tell the two apart.
    made_up = response.answer is not None and decoys.is_made_up(response.answer.id)
    if made_up:
        decoys.judge(response)
    return str(response.problem) or (DECOY if made_up else UNKNOWN)


def _verification(purpose: Purpose) -> str:
    # SECURITY: alone, a passkey that anybody can use who holds it is one factor.
    if purpose == Purpose.PASSWORDLESS:
        return "required"
    return conf.get().PASSKEY.USER_VERIFICATION


def _is_conditional(purpose: Purpose, challenge: bytes | None) -> bool:
    if purpose != Purpose.ENROL or challenge is None:
        return False
    return bool(challenges.state_of(challenge).get("conditional"))
