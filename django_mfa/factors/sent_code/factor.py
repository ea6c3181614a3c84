from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple
from uuid import uuid4

from django.db import router, transaction
from django.db.models import Max
from django.utils.translation import get_language
from django.views.decorators.debug import sensitive_variables

from django_mfa import clock, conf, crypto
from django_mfa.accounts import service as accounts
from django_mfa.challenges import codes as challenges
from django_mfa.errors import AlreadyRegistered, SendTooSoon
from django_mfa.factors.base import Factor, Setup
from django_mfa.limits import sends
from django_mfa.values import NOTHING, Shown

from . import codes
from .models import Answer, SentCodeDevice
from .parcel import Parcel, Sent, place_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

    from django.contrib.auth.base_user import AbstractBaseUser

    from django_mfa.challenges.models import Challenge
    from django_mfa.factors.devices import MFADevice
    from django_mfa.limits.sends import Sending
    from django_mfa.values import Asking

    from .forms import DestinationForm


class Destination(NamedTuple):
    """A number or an address that codes may be sent to, as it is stored and shown."""

    text: str
    masked: str
    fields: Mapping[str, Any] = NOTHING

    def __repr__(self) -> str:
        return "<Destination>"


class SentCodeFactor(Factor):
    """A code that is made here and sent to a device that was proven before."""

    model: ClassVar[type[SentCodeDevice]]
    asks = True
    sends = True
    #: The form in which a new destination is typed.
    destination_form: ClassVar[type[DestinationForm]]

    # What differs

    @property
    def lifetime(self) -> int:
        """Seconds for which a code can be used."""
        raise NotImplementedError

    def read(self, text: str) -> Destination:
        """Return what was typed as a destination; raise an `MFAError` if it is none."""
        raise NotImplementedError

    def new_name(self) -> str:
        """Return how a new device is called."""
        raise NotImplementedError

    def sending(self, device: Any, purpose: str) -> Sending:
        """Return what is to be sent, for the guard; raise where that is not allowed now."""
        raise NotImplementedError

    def transmit(
        self, device: Any, asked: Challenge, parcel: Parcel
    ) -> Mapping[str, Any]:
        """Hand the code over, once, within a time-out; return what is to be noted of it.

        Raises a `SendFailed`. No transaction may be open.
        """
        raise NotImplementedError

    def tell(self, notice: str) -> None:
        """Send what is no code, as it came out of a queue; log what fails."""
        raise NotImplementedError

    def suggestion(self, user: AbstractBaseUser) -> str:
        """Return the destination that a set-up begins with, if one is known."""
        del user
        return ""

    # Enrolment

    def begin(
        self, user: AbstractBaseUser, *, host: str, waiting: MFADevice | None = None
    ) -> Setup:
        """Nothing is stored before a destination was typed; `add` does that."""
        del host
        return Setup(waiting, Shown(suggestion=self.suggestion(user)))

    @sensitive_variables()
    def add(self, user: AbstractBaseUser, text: str) -> SentCodeDevice:
        """Return a new device for the code to be sent to; `begin_wait` stores it."""
        where = self.read(text)
        known = self.model._default_manager.filter(self.model.at(where.text), user=user)
        if known.filter(confirmed=True).exists():
            raise AlreadyRegistered(self.registered_already())
        device = self.model(
            user=user, name=self.new_name(), masked=where.masked, **where.fields
        )
        device.destination = where.text
        return device

    def registered_already(self) -> Any:
        """Return what is told of a destination that the person has already."""
        raise NotImplementedError

    def badges(self, user_pk: Any) -> Mapping[UUID, tuple[str, ...]]:
        """Return where the codes go, masked: it tells two phones apart."""
        rows = self.model._default_manager.filter(user_id=user_pk, confirmed=True)
        places = rows.values_list("public_id", "masked")
        return {public_id: (masked,) for public_id, masked in places}

    # Sending

    def begin_wait(self, device: Any) -> None:
        """Note that a code goes out now; raise `SendTooSoon` if one just did.

        Stores a device that is new.
        """
        if device.confirmed:
            device.begin_wait()
            return
        with transaction.atomic(using=router.db_for_write(self.model)):
            # SECURITY: a new row for every number, or many of them at once, must not
            # be a way round the wait: all set-ups of a person share one.
            accounts.queue(device.user)
            device.last_sent = self._last_sent(device.user)
            if device.next_send:
                raise SendTooSoon(retry_at=device.next_send)
            if device.pk:
                device.begin_wait()
                return
            device.last_sent = clock.now()
            device.save(force_insert=True)

    def _last_sent(self, user: AbstractBaseUser) -> Any:
        waiting = self.model._default_manager.filter(user=user, confirmed=False)
        return waiting.aggregate(last=Max("last_sent"))["last"]

    def replaced(self, asking: Asking) -> str:
        """Return what the provider calls the message that a new one takes the place of."""
        before = self._asked(asking)
        return str(before.state.get("provider_id", "")) if before else ""

    def issue(
        self, asking: Asking, device: Any, reservation: Any, *, replaces: str
    ) -> Parcel:
        """Make a code, keep its digest, and void the one before it.

        Must run in a transaction, as its first write.
        """
        pk, code = uuid4(), codes.new_code()
        made = challenges.Made(
            pk=pk,
            digest=codes.digest(pk, code),
            device=device.public_id,
            lifetime=self.lifetime,
            state={
                "reservation": str(reservation),
                "about": asking.about,
                "waits_since": device.last_sent.isoformat(),
                "replaces": replaces,
            },
        )
        challenges.issue(self.slug, asking, made)
        sealed = crypto.seal(code, place_of(pk, asking.host))
        return Parcel(str(pk), self.slug, sealed, get_language() or "", asking.host)

    def look(self, asking: Asking, devices: Sequence[Any]) -> Sent | None:
        """Return how it stands with the code sent last, to one of `devices`."""
        asked = self._asked(asking)
        if asked is None:
            return None
        device = next(
            (each for each in devices if each.public_id == asked.device), None
        )
        if device is None:
            return None
        over = asked.taken is not None or asked.expires <= clock.now()
        over = over or asked.tries >= conf.get().SENT_CODES.TRIES
        return Sent(
            to=device.masked,
            device=str(device.public_id),
            until=None if over else asked.expires,
            again_at=device.next_send,
            failure=asked.state.get("failure", ""),
        )

    def _asked(self, asking: Asking) -> Challenge | None:
        """Return what was sent last, if it was for the very same thing."""
        asked = challenges.latest(self.slug, asking)
        return asked if asked and asked.state["about"] == asking.about else None

    # Challenge

    @sensitive_variables()
    def has_shape(self, response: Any) -> bool:
        """Whether it is a text of as many digits as a code has."""
        return codes.normalized(response) is not None

    @sensitive_variables()
    def take(self, asking: Asking, response: Any) -> Answer:
        """Find what was sent; where the provider made the code, have it judged there."""
        code = codes.normalized(response) or ""
        asked = self._asked(asking)
        says = self.judged_elsewhere(asked, code) if asked else None
        return Answer(code, asked, says)

    @sensitive_variables()
    def judged_elsewhere(self, asked: Challenge, code: str) -> bool | None:
        """Return what a provider that makes its own codes says of this one; None: we judge.

        Counts the try before it asks. No transaction may be open.
        """
        del asked, code
        return None

    @sensitive_variables()
    def candidates(self, user_pk: Any, response: Any) -> Sequence[MFADevice]:
        """Return the device to which the code was sent, or all of them if there was none."""
        devices = self.devices(user_pk)
        if response.asked is None:
            return devices
        there = [each for each in devices if each.public_id == response.asked.device]
        return there or devices

    def used(self, context: Any, device: MFADevice) -> None:
        """Tell the guard that a code was answered."""
        del context
        assert isinstance(device, SentCodeDevice)  # noqa: S101  # tells the type only
        assert device.asked is not None  # noqa: S101  # it was judged by that
        sends.answered(device.asked.state["reservation"])
