"""A notice as a text message, to the phones of somebody whose phones changed."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from django.template.loader import render_to_string
from django.utils.translation import override
from django.views.decorators.debug import sensitive_variables

from django_mfa import conf
from django_mfa.errors import DestinationRefused, InvalidNumber, NumberRefused
from django_mfa.extras import lazy

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django_mfa.factors.sms import gateways

    from .notice import Notice
else:
    # Not needed to start a process.
    gateways = lazy("django_mfa.factors.sms.gateways")

log = logging.getLogger("django_mfa")

#: The events that are worth a text, and the template of each.
TEXTS = {
    "device_confirmed": "phone_added",
    "device_removed": "phone_removed",
    "mfa_disabled": "phone_removed",
    "factors_reset": "phone_removed",
}
#: About this number and no other: the next one may be reached.
ITS_OWN = (DestinationRefused, InvalidNumber, NumberRefused)


@sensitive_variables()
def send(notice: Notice, numbers: Sequence[str]) -> None:
    """Text every number once; what fails is logged by its kind, and nothing else suffers.

    No transaction may be open. SECURITY: no budget counts these texts: a thief could
    spend it before they add a phone, and the owner's codes could be spent on notices.
    They are bounded all the same: one for each of the few phones a person may have,
    when a device really changed, which takes a fresh proof (or an administrator's),
    and a new phone a code that the budgets do count.
    """
    if not numbers or notice.event not in TEXTS or not conf.get().NOTICES.SMS:
        return
    try:
        text = _text(notice)
        if gateways.for_texts():
            _send_all(notice, text, numbers)
    except Exception as error:  # noqa: BLE001  # templates and settings are the site's
        _failed(notice, error)


@sensitive_variables()
def _send_all(notice: Notice, text: str, numbers: Sequence[str]) -> None:
    for to in numbers:
        message = gateways.Message(
            to=to, text=text, code="", language=notice.language or ""
        )
        try:
            gateways.send(message)
        except ITS_OWN as error:
            _failed(notice, error)
        # Any other failure ends it: somebody waits for their page, and a provider
        # that is down is down for the next number as well.


def _text(notice: Notice) -> str:
    template = f"django_mfa/sms/{TEXTS[notice.event]}.txt"
    with override(notice.language):
        return render_to_string(template, {"site_name": notice.site_name}).strip()


def _failed(notice: Notice, error: Exception) -> None:
    # SECURITY: the kind of error alone: its text may hold the number.
    log.error(
        "The text %s to user %s was not sent: %s",
        notice.event,
        notice.user_pk,
        type(error).__name__,
    )
