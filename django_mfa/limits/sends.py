"""Every code that is sent passes here first: budgets, pauses, a row for each.

Nothing is read back from numbers and addresses: they are kept as keyed digests.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

from django.db import router, transaction
from django.views.decorators.debug import sensitive_variables

from django_mfa import clock, conf, crypto, signals
from django_mfa.errors import (
    AddressRefused,
    DestinationRefused,
    NumberRefused,
    ProviderSlow,
    SendRefused,
)
from django_mfa.values import Purpose

from . import budgets, pauses
from .addresses import network
from .models import SendRecord

if TYPE_CHECKING:
    from uuid import UUID

    from django_mfa.session import Context

#: Refused for what they are: budgets keep them, so that numbers are not tried out.
KEPT = frozenset(
    {each.code for each in (AddressRefused, DestinationRefused, NumberRefused)}
)
#: Time-outs that are given back however small the budget is.
FEW = 5


class Sending(NamedTuple):
    """A code about to be sent: by which factor, where to, for whom.

    `country`, `kind` and `prefix` are those of a phone number, `masked` is what
    administrators may see of it, `proven` since when it is known to be the person's.
    """

    factor: str
    destination: str
    user: Any  # of whatever model the site has
    country: str = ""
    kind: str = ""
    prefix: str = ""
    purpose: str = ""
    masked: str = ""
    proven: datetime | None = None

    def __repr__(self) -> str:
        return "<Sending>"


@sensitive_variables()
def reserve(context: Context, sending: Sending) -> UUID:
    """Count a code that is about to be sent, and return under what name.

    Call it outside of transactions, so that it stands before anything is sent.
    Raises `SendRefused`, with an audit row, when a budget is spent or sending to
    that place pauses.
    """
    try:
        pauses.check(_places(sending), _known(sending))
        return _reserve(context, sending)
    except SendRefused as refusal:
        signals.send_refused.emit(
            context,
            sending.user,
            factor=sending.factor,
            reason=refusal.details["why"],
            purpose=sending.purpose,
            country=sending.country,
        )
        raise


@sensitive_variables()
def _reserve(context: Context, sending: Sending) -> UUID:
    address = network(context.address)
    record = SendRecord(
        factor=sending.factor,
        user=sending.user,
        destination=_destination(sending),
        masked=sending.masked,
        country=sending.country,
        kind=sending.kind,
        prefix=_prefix(sending),
        address=_digest(f"address:{address}") if address else "",
        purpose=sending.purpose,
    )
    subjects = _subjects(record)
    budgets.prepare(subjects)
    with transaction.atomic(using=router.db_for_write(SendRecord)):
        budgets.claim(subjects)
        record.save(force_insert=True)
        pauses.judge(context, sending.factor, _places(sending))
    return record.public_id


def sent(
    name: UUID | str, *, gateway: str, cost: Decimal | None = None, currency: str = ""
) -> None:
    """Note that a provider took the message, and what it costs."""
    rows = SendRecord.objects.filter(public_id=name, state=SendRecord.RESERVED)
    if cost is None:
        country = rows.values_list("country", flat=True).first()
        cost, currency = _cost_of(country), conf.get().SMS.CURRENCY
    rows.update(
        state=SendRecord.SENT,
        gateway=gateway[:128],
        cost=cost,
        currency="" if cost is None else currency[:3].upper(),
    )


def give_back(name: UUID | str, *, why: str) -> None:
    """Note that nothing was sent; what failed at the provider is not counted."""
    rows = SendRecord.objects.filter(public_id=name, state=SendRecord.RESERVED)
    record = rows.first()
    if record is None:
        return
    kept, doubts = why in KEPT, _doubts(record, why)
    state = SendRecord.REFUSED if kept else SendRecord.FAILED
    budgets.prepare(doubts)
    with transaction.atomic(using=router.db_for_write(SendRecord)):
        # Once: a task that is repeated gives nothing back a second time.
        if rows.update(state=state, reason=why[:64]) and not kept and _forgive(doubts):
            budgets.give_back(_subjects(record), record.at)


def _doubts(record: SendRecord, why: str) -> list[budgets.Subject]:
    """Whose time-outs a failure is one of: its message may arrive all the same.

    SECURITY: who finds a provider slow, or makes this site so, would have messages
    sent without a count. No more of them are given back than the budgets hold.
    """
    if why != ProviderSlow.code:
        return []
    return [
        budgets.Subject(each.scope, _digest(f"doubt:{each.digest}"), FEW)
        for each in _subjects(record)
    ]


def _forgive(doubts: list[budgets.Subject]) -> bool:
    """Count a time-out apart, if there is room for it; must run in a transaction."""
    try:
        with transaction.atomic(using=router.db_for_write(SendRecord)):
            budgets.claim(doubts)
    except SendRefused:
        return False
    return True


def answered(name: UUID | str) -> None:
    """Note that the code was used; one UPDATE."""
    rows = SendRecord.objects.filter(public_id=name, answered=None)
    rows.update(answered=clock.now())


def is_last(name: UUID | str) -> bool:
    """Whether nothing was sent since to the same place, by whomever."""
    record = SendRecord.objects.filter(public_id=name).first()
    if record is None:
        return False
    there = SendRecord.objects.filter(
        prefix=record.prefix, destination=record.destination, pk__gt=record.pk
    )
    return not there.exists()


def is_news(reason: str) -> bool:
    """Whether this is the first code today that is refused for `reason`."""
    return budgets.is_first_today(_digest(f"refused:{reason}"))


def prune() -> int:
    """Delete rows that are older than `SENDS.KEEP_DAYS`, and counters of months past."""
    since = clock.now() - timedelta(days=conf.get().SENDS.KEEP_DAYS)
    rows = SendRecord.objects.filter(at__lt=since).delete()[0]
    return rows + budgets.prune() + pauses.prune(since)


def _subjects(record: SendRecord) -> list[budgets.Subject]:
    """Whose budgets a send is counted in, narrow ones first."""
    # SECURITY: anybody may type a number. Were its owner's codes, and those of its
    # neighbours, counted with theirs, a stranger could keep them from signing in.
    typed = f":{Purpose.ENROL}" if record.purpose == Purpose.ENROL else ""
    found = {
        "number": f"{record.destination}{typed}",
        "user": str(record.user_id or ""),
        "address": record.address,
        "prefix": f"{record.prefix}{typed}" if record.prefix else "",
        "site": "all",
    }
    return [
        budgets.Subject(scope, _digest(f"{record.factor}:{scope}:{value}"))
        for scope, value in found.items()
        if value
    ]


@sensitive_variables()
def _places(sending: Sending) -> list[pauses.Place]:
    """Where a message goes, for the breaker; none for mails, which cost nothing."""
    block = f"{sending.prefix}•••• ({sending.country})"
    found = [
        pauses.Place("prefix", _prefix(sending), block),
        pauses.Place("country", sending.country, sending.country),
    ]
    return [place for place in found if place.value]


@sensitive_variables()
def _known(sending: Sending) -> pauses.Known | None:
    """Return what the breaker should know of a number that was proven."""
    if sending.proven is None:
        return None
    return pauses.Known(sending.proven, _destination(sending), _prefix(sending))


@sensitive_variables()
def _destination(sending: Sending) -> str:
    return _digest(f"{sending.factor}:{sending.destination}")


@sensitive_variables()
def _prefix(sending: Sending) -> str:
    return _digest(f"prefix:{sending.prefix}") if sending.prefix else ""


@sensitive_variables()
def _digest(text: str) -> str:
    return crypto.keyed_digest(text, "limits.sends")


def _cost_of(country: str | None) -> Decimal | None:
    costs = conf.get().SMS.COSTS
    cost = costs.get(country or "", costs.get("*") if country else None)
    return None if cost is None else Decimal(str(cost))
