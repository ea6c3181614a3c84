"""The policy rows as this process last read them, for a few seconds.

An edit made in this process is seen at once, by other processes when their
snapshot is over. What an open transaction wrote is never kept: it may not commit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.auth.models import Group
from django.db import connections, router, transaction
from django.db.models import Count, Max
from django.db.models.signals import post_delete, post_save

from django_mfa import clock, conf

from . import audience
from .models import Policy
from .rules import Rule, rule_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


#: A row that comes is the last, and one that goes leaves one less.
ENDS = {"count": Count("pk"), "last": Max("pk")}


class Snapshot:
    """All policies, those of the setting first."""

    def __init__(self) -> None:
        self.rows: tuple[Rule, ...] | None = None
        self.read_at = 0.0
        #: Of the tables of groups and permissions; differs when rows come or go.
        self.roles = ""
        #: Another one after each change; what was read before one is not kept.
        self.state = object()

    def fresh(self) -> tuple[Rule, ...] | None:
        """Return the rows if they may still be used."""
        if self.rows is None or _is_being_changed():
            return None
        age = clock.timestamp() - self.read_at
        return self.rows if 0 <= age < conf.get().POLICY_SNAPSHOT else None

    def keep(self, rows: Iterable[Policy], state: object) -> tuple[Rule, ...]:
        """Take what was read when it was in `state`."""
        rules = tuple(row.as_rule() for row in rows)
        # SECURITY: another thread may have committed an edit while these were read.
        if state is self.state and not _is_being_changed():
            self.rows, self.read_at = rules, clock.timestamp()
        return rules

    def forget(self) -> None:
        """Read again at the next question."""
        self.rows, self.state = None, object()


_snapshot = Snapshot()


def rules() -> tuple[Rule, ...]:
    """Return every active policy; at most one query in `POLICY_SNAPSHOT` seconds."""
    return from_settings() + _rows()


def concerning_sessions() -> Sequence[Rule]:
    """Return the policies that a session with proofs can offend."""
    return _concerning(_rows())


async def aconcerning_sessions() -> Sequence[Rule]:
    """`concerning_sessions` on the event loop."""
    rows = _snapshot.fresh()
    if rows is None:
        state = _snapshot.state
        rows = _snapshot.keep([row async for row in _active()], state)
        found = [await each.aaggregate(**ENDS) for each in _watched(rows)]
        _snapshot.roles = _mark_of(found)
    return _concerning(rows)


def roles_mark() -> str:
    """Return what differs once rows of groups and permissions have come or gone.

    Receivers notice changes at once (`flows.roles`); this is for the writes that
    send no signal, such as `bulk_create`, and is as old as the snapshot.
    """
    return _snapshot.roles


def _rows() -> tuple[Rule, ...]:
    rows = _snapshot.fresh()
    if rows is None:
        rows = _snapshot.keep(_active(), _snapshot.state)
        found = [each.aggregate(**ENDS) for each in _watched(rows)]
        _snapshot.roles = _mark_of(found)
    return rows


def _watched(rows: tuple[Rule, ...]) -> list[Any]:
    """Return the tables to look at: none where no session can know of groups."""
    by_rows = any(audience.is_by_rows(rule.who) for rule in _concerning(rows))
    tables = audience.tables() if by_rows else []
    return [table._default_manager for table in tables]


def _mark_of(found: Iterable[Mapping[str, Any]]) -> str:
    return ",".join(f"{each['count']}:{each['last']}" for each in found)


def _concerning(rows: tuple[Rule, ...]) -> Sequence[Rule]:
    found = [rule for rule in from_settings() if rule.concerns_sessions]
    return found + [rule for rule in rows if rule.concerns_sessions]


def forget() -> None:
    """Let the next question read the rows again, in this process."""
    _snapshot.forget()


class _Settings:
    """The rules of the setting, built once for each value of it."""

    source: Any = None
    rules: tuple[Rule, ...] = ()


def from_settings() -> tuple[Rule, ...]:
    """Return the policies of the setting `POLICIES`."""
    source = conf.get().POLICIES
    if source is not _Settings.source:
        _Settings.rules = tuple(rule_of(policy) for policy in source)
        _Settings.source = source
    return _Settings.rules


def _active() -> Any:
    return Policy.objects.filter(active=True).select_related("group")


def _changed(sender: Any, **kwargs: Any) -> None:
    """Forget now and again at the commit; between the two nothing is kept."""
    _snapshot.forget()
    using = router.db_for_write(Policy)
    if connections[using].in_atomic_block:
        transaction.on_commit(_committed, using=using)


def _renamed(sender: Any, *, created: bool, **kwargs: Any) -> None:
    if not created:
        _changed(sender)


def _committed() -> None:
    _snapshot.forget()


def _is_being_changed() -> bool:
    """Whether the transaction that is open here has changed a policy."""
    connection = connections[router.db_for_write(Policy)]
    waiting = connection.run_on_commit if connection.in_atomic_block else ()
    return any(each[1] is _committed for each in waiting)


def connect() -> None:
    """Listen to edits."""
    for signal in (post_save, post_delete):
        signal.connect(_changed, sender=Policy, dispatch_uid="django_mfa.snapshot")
    # SECURITY: a rule names its group: under a new name it would concern nobody.
    post_save.connect(_renamed, sender=Group, dispatch_uid="django_mfa.snapshot.group")
