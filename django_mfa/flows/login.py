"""Sign in with a password: in, or held for what is owed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.auth import authenticate, load_backend
from django.views.decorators.debug import sensitive_variables

from django_mfa.errors import LoginExpired, WrongCredentials
from django_mfa.limits import addresses
from django_mfa.session.hold import lets_in

from . import trust
from .gate import tell_of_sign_in
from .owing import owed

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser

    from django_mfa.session import Context, Owed


#: Wrong passwords are counted apart from wrong codes: nobody without the password
#: is to keep the people beside them from giving their second factor.
GUESSES = ":password"


@sensitive_variables()
def check_password(ctx: Context, username: str, password: str) -> Any:
    """Return the user of this name and password, to be given to `begin`.

    Raises `WrongCredentials`, the same for names that nobody has, `TooManyAttempts`.
    """
    addresses.check(ctx.address, GUESSES)
    request = ctx.require_session().request
    user = authenticate(request, username=username, password=password)
    if user is None or not lets_in(load_backend(user.backend), user):
        addresses.charge(ctx.address, GUESSES)
        raise WrongCredentials
    return user


def begin(ctx: Context, user: AbstractBaseUser, next_url: str = "") -> Owed | None:
    """Take `user`, whose password was right, as far as that goes.

    Returns None when signed in, else what is owed first.
    """
    session = ctx.require_session()
    backend = user.backend  # set by `authenticate`
    if not lets_in(load_backend(backend), user):
        raise LoginExpired  # a password for machines, say
    what, factors = owed(user)
    trusted = what == "proof" and trust.is_trusted(session, user)
    if what is None or trusted:
        session.sign_in(user, backend, trusted=trusted)
        tell_of_sign_in(session, user)
        return None
    session.begin_hold(user, backend, owed=what, factors=factors, next_url=next_url)
    return what


def cancel(ctx: Context) -> None:
    """Give up a sign-in that waits."""
    ctx.require_session().give_up()
