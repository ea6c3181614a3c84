"""Passwords for machines: make, look through, revoke, and what a use of one is worth.

They end when they are revoked, when their time is over, when their owner is switched
off, and with a reset by an administrator. A change of the account's password or of its
factors leaves them: a machine goes on working, and the page offers to revoke them all.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from django.db import Error as DatabaseError
from django.db import router, transaction
from django.utils.translation import gettext, gettext_noop
from django.views.decorators.debug import sensitive_variables

from django_mfa import clock, conf, signals
from django_mfa.accounts import service as accounts
from django_mfa.app_passwords import service
from django_mfa.app_passwords.models import AppPassword
from django_mfa.errors import (
    AppPasswordNotFound,
    AppPasswordRefused,
    NotOffered,
    ScopeRequired,
    TooManyAppPasswords,
    Unavailable,
    UnknownScope,
)
from django_mfa.limits import addresses

from . import step_up

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from uuid import UUID

    from django_mfa.session import Context
    from django_mfa.values import Secret

#: Wrong ones are counted apart from wrong codes: a machine that goes on trying must
#: not keep the people beside it from signing in.
GUESSES = ":app_password"
#: Days that an app password may be made for, if the site does not allow less.
SPANS = (30, 90)
#: How often a note is tried that others got in the way of.
TRIES = 3

# The words of the scopes that a site has without naming any.
gettext_noop("See your data")
gettext_noop("Change your data")


class Made(NamedTuple):
    """A new app password: its row, and what is shown this once."""

    row: AppPassword
    secret: Secret


def is_on() -> bool:
    """Whether the site offers app passwords."""
    return conf.get().APP_PASSWORDS.ENABLED


def require_on() -> None:
    """Raise `NotOffered` where the site offers no app passwords."""
    if not is_on():
        raise NotOffered


def scopes() -> Mapping[str, str]:
    """Return what an app password can be allowed: names, with words for people."""
    named = conf.get().APP_PASSWORDS.SCOPES.items()
    return {name: gettext(str(label)) for name, label in named}


def spans() -> Sequence[int]:
    """Return the numbers of days that people choose from, 0 where it need not end."""
    most = conf.get().APP_PASSWORDS.MAX_AGE_DAYS
    return (*(days for days in SPANS if not most or days < most), most)


def own(ctx: Context) -> Sequence[AppPassword]:
    """Return the app passwords of the signed-in user, expired ones as well."""
    user = ctx.require_actor()
    require_on()
    return list(AppPassword.objects.filter(user_id=user.pk, revoked=None))


@sensitive_variables()
def make(
    ctx: Context, *, name: str, scopes: Iterable[str], days: int | None = None
) -> Made:
    """Make an app password for the signed-in user; what it returns is shown once.

    Without `days`, or with more than the site allows, it lasts as long as the site
    allows. Raises `StepUpRequired`, `UnknownScope`, `TooManyAppPasswords`.
    """
    user, session = ctx.require_actor(), ctx.require_session()
    require_on()
    step_up.require_fresh(ctx)
    allowed = _known(scopes)
    with session.all_or_nothing():
        # Of two at once the second one sees what the first one made.
        accounts.queue(user)
        rows = AppPassword.objects.filter(AppPassword.in_force(), user_id=user.pk)
        if rows.count() >= conf.get().APP_PASSWORDS.MAX_PER_USER:
            raise TooManyAppPasswords
        row, secret = service.issue(
            user,
            name=name.strip() or gettext("App password"),
            scopes=allowed,
            expires=_end(days),
            address=ctx.address,
        )
        signals.app_password_made.emit(ctx, user, device=row, scopes=allowed)
    return Made(row, secret)


def revoke(ctx: Context, public_id: UUID) -> None:
    """Revoke one of the signed-in user's own, at once.

    Raises `AppPasswordNotFound`, `StepUpRequired`.
    """
    user, session = ctx.require_actor(), ctx.require_session()
    row = AppPassword.objects.filter(
        user_id=user.pk, public_id=public_id, revoked=None
    ).first()
    if row is None:
        raise AppPasswordNotFound
    step_up.require_fresh(ctx)
    with session.all_or_nothing():
        end(ctx, user, [row])


def revoke_all(ctx: Context) -> None:
    """Revoke every one of the signed-in user's own; raise `StepUpRequired`."""
    user, session = ctx.require_actor(), ctx.require_session()
    step_up.require_fresh(ctx)
    with session.all_or_nothing():
        end_all(ctx, user)


def end_all(ctx: Context, user: Any, reason: str = "") -> None:
    """Revoke every app password of `user`. Must run in a transaction."""
    end(ctx, user, AppPassword.objects.filter(user_id=user.pk, revoked=None), reason)


def end(ctx: Context, user: Any, rows: Iterable[AppPassword], reason: str = "") -> None:
    """Revoke these app passwords of `user`. Must run in a transaction."""
    for row in rows:
        still = AppPassword.objects.filter(pk=row.pk, revoked=None)
        if still.update(revoked=clock.now()):
            signals.app_password_revoked.emit(ctx, user, device=row, reason=reason)


@sensitive_variables()
def use(ctx: Context, secret: str, *, username: str | None = None) -> AppPassword:
    """Return the row of an app password that is good now, and note its use.

    `row.user` is who it acts for. It proves nothing but itself: what it may do stands
    in `row.scopes` (`require_scope`). Raises `AppPasswordRefused`, `TooManyAttempts`.
    """
    if not is_on():
        raise AppPasswordRefused
    addresses.check(ctx.address, GUESSES)
    row = service.find(secret)
    if row is None or username not in (None, row.user.get_username()):
        addresses.charge(ctx.address, GUESSES)
        raise AppPasswordRefused
    # What is over was right once: it guesses nothing, and is not charged.
    _check(row)
    try:
        return _noted(ctx, row)
    except DatabaseError as error:
        raise Unavailable from error


def require_scope(row: AppPassword, scope: str) -> None:
    """Raise `ScopeRequired` unless the app password allows `scope`."""
    if scope not in row.scopes:
        raise ScopeRequired(scope=scope)


def _check(row: AppPassword) -> None:
    if row.is_over or not getattr(row.user, "is_active", True):
        raise AppPasswordRefused


def _noted(ctx: Context, row: AppPassword) -> AppPassword:
    """Return the row, once its use is written down where that is due."""
    for _try in range(TRIES):
        if not service.must_be_noted(row, ctx.address) or _note(ctx, row):
            return row
        # Another use of it was quicker, or its owner, who revoked it.
        again = service.reread(row)
        if again is None:
            raise AppPasswordRefused
        _check(again)
        row = again
    return row


def _note(ctx: Context, row: AppPassword) -> bool:
    is_new = service.is_new_place(row, ctx.address)
    with transaction.atomic(using=router.db_for_write(AppPassword)):
        if not service.note(row, ctx.address):
            return False
        if is_new:
            signals.app_password_new_place.emit(ctx, row.user, device=row)
    return True


def _known(names: Iterable[str]) -> list[str]:
    """Return the names in the order of the settings; raise `UnknownScope`."""
    offered, wanted = conf.get().APP_PASSWORDS.SCOPES, set(names)
    if not wanted or wanted - set(offered):
        raise UnknownScope
    return [name for name in offered if name in wanted]


def _end(days: int | None) -> datetime | None:
    most = conf.get().APP_PASSWORDS.MAX_AGE_DAYS
    lasts = min(filter(None, (days, most)), default=None)
    return clock.now() + timedelta(days=lasts) if lasts else None
