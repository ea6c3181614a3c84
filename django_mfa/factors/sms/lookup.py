"""Ask a look-up service of the site's about a number, before anything is sent to it."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from django.utils.module_loading import import_string
from django.views.decorators.debug import sensitive_variables

from django_mfa import conf
from django_mfa.errors import DestinationRefused, ProviderUnavailable
from django_mfa.limits.deadline import within

if TYPE_CHECKING:
    from .numbers import PhoneNumber

log = logging.getLogger("django_mfa")

REFUSE, ALLOW = "refuse", "allow"


@sensitive_variables()
def check(number: PhoneNumber) -> None:
    """Raise `DestinationRefused` when the site's hook objects to the number.

    Raises `ProviderUnavailable` when the hook fails, unless LOOKUP_FAILS allows it.
    """
    sms = conf.get().SMS
    if not sms.LOOKUP:
        return
    try:
        objection = within(sms.TIMEOUT, _ask, sms.LOOKUP, number)
    except Exception as error:  # noqa: BLE001  # a hook of a site raises what it likes
        failed = type(error).__name__
    else:
        if objection:
            raise DestinationRefused(why="lookup", lookup=str(objection)[:64])
        return
    # SECURITY: the kind of error alone: its text may hold the number.
    log.error("The look-up of a number failed: %s", failed)
    # SECURITY: a thief of a SIM card must not get in by the look-up being down, so
    # it refuses; other factors still work. A site may choose otherwise.
    if sms.LOOKUP_FAILS != ALLOW:
        raise ProviderUnavailable(gateway="lookup", why=failed)


@sensitive_variables()
def _ask(hook: Any, number: PhoneNumber) -> Any:
    return (hook if callable(hook) else import_string(hook))(number)
