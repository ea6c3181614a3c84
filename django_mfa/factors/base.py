"""What every factor is: a folder that holds only what differs.

Flows and doors are written once against `Factor`; `testing.FactorContract` is
what each must pass. A site adds one by naming its class in `FACTORS`.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from django.utils.translation import pgettext
from django.views.decorators.debug import sensitive_variables

from django_mfa import clock, conf
from django_mfa.errors import (
    FactorNotAvailable,
    InvalidCode,
    KeyTrouble,
    MalformedCode,
    SetupExpired,
)
from django_mfa.values import Proof, Shown, Verdict

from .forms import CodeForm

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

    from django import forms
    from django.contrib.auth.base_user import AbstractBaseUser
    from django.utils.functional import Promise

    from django_mfa.errors import MFAError
    from django_mfa.values import Asking

    from .devices import MFADevice


class Setup(NamedTuple):
    """A set-up that waits for its first response: the device, and what to show."""

    #: The device that waits; None where nothing is stored before it is proven.
    device: Any
    show: Mapping[str, Any]

    @property
    def seconds_left(self) -> int:
        """For how long it still waits: nothing renews that."""
        left = conf.get().SETUP_TTL
        if self.device is not None:
            left -= int(clock.timestamp() - self.device.created.timestamp())
        return max(0, left)

    def __repr__(self) -> str:
        return "<Setup>"


class Factor:
    """A kind of proof. Stateless; the rows are its devices."""

    slug: ClassVar[str]
    label: ClassVar[str | Promise]
    model: ClassVar[type[MFADevice]]
    form: ClassVar[type[forms.Form]] = CodeForm
    #: Whether a device of it, by itself, makes the person one with a second factor.
    primary: ClassVar[bool] = True
    #: Whether people set it up on the set-up pages.
    enrollable: ClassVar[bool] = True
    #: How strong it is among others; the strongest is asked for first.
    rank: ClassVar[int] = 0
    acr: ClassVar[str] = "aal2"
    amr: ClassVar[tuple[str, ...]] = ()
    phishing_resistant: ClassVar[bool] = False
    #: Whether a response answers what was asked before, and so needs its challenge.
    asks: ClassVar[bool] = False
    #: Whether what is asked is a code that is sent: typed as any other is.
    sends: ClassVar[bool] = False

    def is_offered(self, host: str) -> bool:
        """Whether people can set it up, on the site behind `host`."""
        del host  # a factor that needs a secure name looks at it
        return self.enrollable

    @property
    def is_ceremony(self) -> bool:
        """Whether the client answers by itself: what `ask` returns, it turns into JSON."""
        return self.asks and not self.sends

    @property
    def strength(self) -> str:
        """Say in a word how well it protects an account, for its owner to read."""
        if self.phishing_resistant:
            return pgettext("protection", "Best")
        if self.sends or self.acr == "aal1":
            return pgettext("protection", "Basic")
        return pgettext("protection", "Good")

    @property
    def most(self) -> int:
        """How many devices of it a person may have."""
        return conf.get().LIMITS.MAX_DEVICES

    # Enrolment

    @sensitive_variables()
    def begin(
        self, user: AbstractBaseUser, *, host: str, waiting: MFADevice | None = None
    ) -> Setup:
        """Begin a set-up, or go on with the one that waits in this session."""
        device = waiting or self.new_device(user)
        return Setup(device, Shown(self.show(device, host=host)))

    def new_device(self, user: AbstractBaseUser) -> MFADevice:
        """Return a device that is stored and not yet confirmed."""
        raise NotImplementedError

    def show(self, device: MFADevice, *, host: str) -> Mapping[str, Any]:
        """Return what the person needs for the set-up; secrets, so for that page alone."""
        raise NotImplementedError

    def pending(self, user: AbstractBaseUser, public_id: str) -> Any:
        """Return this set-up of `user` if it still waits; those that are over go."""
        since = clock.now() - timedelta(seconds=conf.get().SETUP_TTL)
        waiting = list(self.model._default_manager.filter(user=user, confirmed=False))
        over = [device.pk for device in waiting if device.created <= since]
        if over:  # a page that is only looked at waits for nobody who writes
            self.model._default_manager.filter(pk__in=over, confirmed=False).delete()
        found = (each for each in waiting if each.pk not in over)
        return next((each for each in found if str(each.public_id) == public_id), None)

    @sensitive_variables()
    def try_out(
        self, user: AbstractBaseUser, response: Any, *, waiting: MFADevice | None
    ) -> Verdict:
        """Judge the first response of a set-up; raise `SetupExpired` if none waits."""
        del user
        if waiting is None:
            raise SetupExpired
        return waiting.judge(response)

    # Challenge

    def ask(self, asking: Asking) -> Mapping[str, Any]:
        """Make a challenge and return what the client needs to answer it: plain JSON."""
        del asking
        raise FactorNotAvailable

    @sensitive_variables()
    def take(self, asking: Asking, response: Any) -> Any:
        """Spend the challenge that `response` answers; return what is to be judged.

        Called once for every response, right or wrong, before anything else looks
        at it and outside of transactions: what it spends stays spent.
        """
        del asking
        return response

    @sensitive_variables()
    def candidates(self, user_pk: Any, response: Any) -> Sequence[MFADevice]:
        """Return the devices that may have given `response`, with user and account."""
        del response
        return self.devices(user_pk)

    def badges(self, user_pk: Any) -> Mapping[UUID, tuple[str, ...]]:
        """Return what is worth a word of each device, by its public id."""
        del user_pk
        return {}

    def accepted(self, user: AbstractBaseUser, *, host: str) -> Mapping[str, Any]:
        """Return what the browser of `user` should know of their devices: plain JSON."""
        del user, host
        raise FactorNotAvailable

    def refusal(self, asking: Asking, verdict: Verdict) -> MFAError:
        """Return what is told of a refused response; never why it was refused."""
        del asking, verdict
        return InvalidCode()

    def has_shape(self, response: Any) -> bool:
        """Whether `response` can be one of this factor's at all."""
        raise NotImplementedError

    def devices(self, user_pk: Any) -> Sequence[MFADevice]:
        """Return the confirmed devices of a user with user and account, the last used first."""
        rows = self.model._default_manager.filter(user_id=user_pk, confirmed=True)
        found = rows.select_related("user", "user__mfa_account")
        return sorted(found, key=_last_used_first)

    @sensitive_variables()
    def judge(self, devices: Sequence[MFADevice], response: Any) -> Verdict:
        """Compare `response` with every device that may answer, in memory.

        Raise `KeyTrouble` when none fits and one of them could not be compared, with
        what another one made of it as `refused`; `MalformedCode` when it has the
        shape of none.
        """
        refused: list[Verdict] = []
        trouble: KeyTrouble | None = None
        for device in devices:
            try:
                verdict = device.judge(response)
            except MalformedCode:
                continue  # the codes of another device may be longer or shorter
            except KeyTrouble as error:
                error.details["device"] = device
                trouble = error
                continue
            if verdict.right:
                return verdict
            refused.append(verdict)
        spent = [verdict for verdict in refused if not verdict.is_charged]
        # SECURITY: one guess is one charge, on the device that was asked for; to
        # charge all would let typing errors disable devices nobody uses.
        wrong = next(iter(spent or refused), None)
        if trouble:
            trouble.details["refused"] = wrong
            raise trouble
        if wrong is None:
            raise MalformedCode
        return wrong

    def proof(self, device: MFADevice, verdict: Verdict | None) -> Proof:
        """Return what a right answer of `device` shows."""
        del verdict  # a factor whose answers differ in strength looks at it
        return Proof(
            factor=self.slug,
            device=str(device.public_id),
            at=int(clock.timestamp()),
            acr=self.acr,
            amr=self.amr,
            phishing_resistant=self.phishing_resistant,
        )

    def used(self, context: Any, device: MFADevice) -> None:
        """Be told of a right answer, inside its transaction, for events of its own."""


def _last_used_first(device: MFADevice) -> tuple[float, int]:
    used = device.last_used
    return (-used.timestamp() if used else 0.0, device.pk)
