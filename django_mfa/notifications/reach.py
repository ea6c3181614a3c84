"""Where a person is told of a change: what was proven to be theirs, old and new."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from django.contrib.auth.base_user import BaseUserManager
from django.db import router
from django.db.models import Q
from django.views.decorators.debug import sensitive_variables

from django_mfa.errors import KeyTrouble
from django_mfa.factors.email.models import EmailDevice
from django_mfa.factors.sms.models import PhoneDevice

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from django_mfa.factors.sent_code.models import SentCodeDevice

log = logging.getLogger("django_mfa")

#: What changes where codes are sent, beside removals, which say what is gone.
CHANGES = frozenset({"device_confirmed", "device_disabled"})


@sensitive_variables()
def addresses(account: str, happened: Mapping[str, Any]) -> list[str]:
    """Return the addresses that are mailed, each once, that of the account first.

    SECURITY: whoever holds the account may have changed its address. So a change of
    where codes are sent is told wherever they were sent before. One that was never
    proven may be anybody's, and hears nothing.
    """
    found = [account]
    if _concerns(happened, EmailDevice) or _concerns(happened, PhoneDevice):
        found += _destinations(EmailDevice, happened)
    plain = [BaseUserManager.normalize_email(each) for each in found if each]
    return list(dict.fromkeys(plain))


@sensitive_variables()
def numbers(happened: Mapping[str, Any]) -> list[str]:
    """Return the proven numbers of a person whose phones changed, each once."""
    if not _concerns(happened, PhoneDevice):
        return []
    return list(dict.fromkeys(_destinations(PhoneDevice, happened)))


def _concerns(happened: Mapping[str, Any], model: type[SentCodeDevice]) -> bool:
    if any(isinstance(device, model) for device in happened["gone"]):
        return True
    return happened["event"] in CHANGES and happened["factor"] == model.factor


@sensitive_variables()
def _destinations(
    model: type[SentCodeDevice], happened: Mapping[str, Any]
) -> Iterator[str]:
    gone = [device for device in happened["gone"] if isinstance(device, model)]
    for device in [*gone, *_there(model, happened)]:
        try:
            yield device.destination
        except KeyTrouble:
            log.error("A device of user %s cannot be told: no key", device.user_id)  # noqa: TRY400  # as in mail


def _there(
    model: type[SentCodeDevice], happened: Mapping[str, Any]
) -> Iterator[SentCodeDevice]:
    """Find what is proven and in use, or was until it was switched off just now."""
    in_use = Q(disabled_at=None) | Q(public_id=happened["device"] or None)
    # Not from a copy of the database that has yet to hear of the new one.
    rows = model._default_manager.using(router.db_for_write(model))
    owned = rows.filter(in_use, user_id=happened["user"].pk, confirmed=True)
    yield from owned.order_by("pk")
