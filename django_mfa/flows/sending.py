"""Send a code: made and kept in one transaction, sent after it, by whoever sends."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.db import router, transaction
from django.utils.module_loading import import_string
from django.utils.translation import override
from django.views.decorators.debug import sensitive_variables

from django_mfa import conf, signals
from django_mfa.accounts.models import MFAAccount
from django_mfa.challenges import codes as challenges
from django_mfa.errors import (
    DestinationRefused,
    FactorNotAvailable,
    KeyTrouble,
    MFAError,
    SendFailed,
    TooManyAttempts,
)
from django_mfa.factors import registry
from django_mfa.factors.sent_code.factor import SentCodeFactor
from django_mfa.factors.sent_code.parcel import Parcel, Sent
from django_mfa.limits import addresses, sends
from django_mfa.session import Context
from django_mfa.values import Purpose

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from django_mfa.challenges.models import Challenge
    from django_mfa.factors.base import Factor
    from django_mfa.values import Asking

log = logging.getLogger("django_mfa")

#: Our ways to have somebody else send, by the names that DISPATCHER takes.
OURS = {
    "tasks": "django_mfa.integrations.django_tasks.enqueue",
    "celery": "django_mfa.tasks.enqueue",
}


def require_sender(kind: Factor) -> SentCodeFactor:
    """Return `kind` as what it is; raise `FactorNotAvailable` if it sends nothing."""
    if not isinstance(kind, SentCodeFactor):
        raise FactorNotAvailable
    return kind


def look(kind: Factor, asking: Asking) -> tuple[Sent | None, Sequence[Any]]:
    """Return how it stands with the code sent last, and where codes can be sent."""
    sender = require_sender(kind)
    devices = [each for each in sender.devices(asking.user_pk) if each.is_usable]
    return sender.look(asking, devices), devices


def send_to_owner(ctx: Context, kind: Factor, asking: Asking, device: str) -> Sent:
    """Send a code to a confirmed device of the person; the last used, unless one is named.

    Raises `TooManyAttempts` while typed codes are refused, and what `send` raises.
    """
    sender = require_sender(kind)
    addresses.check(ctx.address)
    # SECURITY: where a code goes is never said by whoever asks for it, only which of
    # the owner's devices that were proven.
    usable = [each for each in sender.devices(asking.user_pk) if each.is_usable]
    wanted = [each for each in usable if device in ("", str(each.public_id))]
    if not wanted:
        raise FactorNotAvailable
    if until := wanted[0].refused_until():
        raise TooManyAttempts(retry_at=until)
    return send(ctx, sender, asking, wanted[0])


def send(ctx: Context, kind: SentCodeFactor, asking: Asking, device: Any) -> Sent:
    """Send a new code to `device`; the one before it is over.

    Raises `SendTooSoon` and `SendRefused` (nothing changes), and `SendFailed`: then
    wait and quota are given back, and another try may follow at once.
    """
    kind.begin_wait(device)
    try:
        with telling(ctx, device.user, kind, asking.purpose):
            wanted = kind.sending(device, asking.purpose)
        reservation = sends.reserve(ctx, wanted)
    except BaseException:
        device.end_wait(device.last_sent)
        raise
    try:
        # Read before: SQLite locks out a transaction that reads and then writes.
        replaces = kind.replaced(asking)
        with ctx.require_session().all_or_nothing():
            parcel = kind.issue(asking, device, reservation, replaces=replaces)
            signals.code_sent.emit(
                ctx, device.user, device=device, purpose=asking.purpose
            )
    except BaseException as error:
        device.end_wait(device.last_sent)
        sends.give_back(reservation, why=getattr(error, "code", "error"))
        raise
    dispatch(_addressed(ctx, parcel))
    sent = kind.look(asking, [device])
    return sent or Sent(device.masked, str(device.public_id))


@contextmanager
def telling(ctx: Context, user: Any, kind: Factor, purpose: str) -> Iterator[None]:
    """Tell the log of a country or kind of number that the site sends nothing to."""
    try:
        yield
    except DestinationRefused as error:
        said = dict(error.details)
        reason = said.pop("why", "")
        signals.send_refused.emit(
            ctx, user, factor=kind.slug, reason=reason, purpose=purpose, **said
        )
        raise


def dispatch(parcel: Parcel) -> None:
    """Have the parcel delivered: here and now, or by whom the settings name.

    The transaction that made it is over: nothing here holds a lock.
    """
    if conf.get().SENT_CODES.DISPATCHER == "inline":
        deliver(parcel)
        return
    try:
        enqueue(parcel)
    except Exception as error:
        asked = challenges.begin_sending(parcel.challenge)
        if asked is None:
            return  # somebody got it all the same, and sends
        _failed(parcel, asked, type(error).__name__)
        raise SendFailed(why="dispatcher") from error


def enqueue(parcel: Parcel) -> None:
    """Hand the parcel to whom the settings name; raises whatever they raise."""
    how = conf.get().SENT_CODES.DISPATCHER
    give: Callable[[Any], Any] = (
        import_string(OURS.get(how, how)) if isinstance(how, str) else how
    )
    give(parcel.as_json())


@sensitive_variables()
def deliver(parcel: Parcel) -> None:
    """Send what the parcel holds, unless that was begun before; raise if it fails.

    SECURITY: begun once is never begun again, so a task that is repeated sends
    nothing twice. If its process ends after the provider took the message, the code
    that arrives is the one that is kept; if before, the person asks for another.
    """
    kind = require_sender(registry.get(parcel.factor))
    asked = challenges.begin_sending(parcel.challenge)
    if asked is None:
        return
    if asked.purpose == Purpose.NOTICE:
        _tell(kind, parcel)
        return
    try:
        device = _device(kind, asked)
        with override(parcel.language or None):
            came = kind.transmit(device, asked, parcel)
    except Exception as error:
        _failed(parcel, asked, getattr(error, "code", type(error).__name__))
        raise
    challenges.note(asked, **came)
    cost = came.get("cost")
    sends.sent(
        asked.state["reservation"],
        gateway=came["gateway"],
        cost=Decimal(cost) if cost else None,
        currency=came.get("currency", ""),
    )


@sensitive_variables()
def _tell(kind: SentCodeFactor, parcel: Parcel) -> None:
    try:
        kind.tell(parcel.code)
    except KeyTrouble as error:
        log.error("A notice was not sent: %s", error.code)  # noqa: TRY400  # as below
        raise


@sensitive_variables()
def deliver_quietly(data: Mapping[str, Any]) -> str:
    """Send a parcel that came out of a queue; return what came of it, and never raise.

    SECURITY: workers log what their tasks raise, with all that stands in it. Here the
    failure is noted and told already.
    """
    try:
        deliver(Parcel.from_json(data))
    except MFAError as error:
        return error.code
    except Exception as error:  # noqa: BLE001  # as above
        log.error("A code was not sent: %s", type(error).__name__)  # noqa: TRY400
        return "error"
    return "done"


def _addressed(ctx: Context, parcel: Parcel) -> Parcel:
    """Note who asked for it, for the audit row of a failure."""
    return parcel._replace(
        address=ctx.address,
        user_agent=ctx.user_agent,
        request_id=ctx.request_id,
    )


def _device(kind: SentCodeFactor, asked: Challenge) -> Any:
    rows = kind.model._default_manager.filter(public_id=asked.device)
    owned = rows.filter(user=asked.user_id, disabled_at=None).select_related("user")
    device = owned.first()
    if device is None:
        raise FactorNotAvailable
    return device


def _failed(parcel: Parcel, asked: Challenge, reason: str) -> None:
    """Give back what the sending cost, and tell of it; the code was not lost, it stays."""
    challenges.note(asked, failure=reason)
    sends.give_back(asked.state["reservation"], why=reason)
    kind = require_sender(registry.get(parcel.factor))
    rows = kind.model._default_manager.filter(public_id=asked.device)
    device = rows.select_related("user").first()
    if device is None:
        return
    device.end_wait(datetime.fromisoformat(asked.state["waits_since"]))
    context = Context(
        address=parcel.address,
        user_agent=parcel.user_agent,
        request_id=parcel.request_id,
        host=parcel.host,
    )
    with transaction.atomic(using=router.db_for_write(MFAAccount)):
        signals.send_failed.emit(
            context,
            device.user,
            device=device,
            reason=reason,
            purpose=asked.purpose,
        )
