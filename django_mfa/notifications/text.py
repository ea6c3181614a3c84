"""A notice as a text message, to the phones of somebody whose phones changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.template.loader import render_to_string
from django.utils.translation import override
from django.views.decorators.debug import sensitive_variables

from django_mfa import conf
from django_mfa.extras import lazy

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django_mfa.factors.sms import texts
    from django_mfa.flows import texting

    from .notice import Notice
else:
    # Not needed to start a process.
    texts = lazy("django_mfa.factors.sms.texts")
    texting = lazy("django_mfa.flows.texting")

#: The events that are worth a text, and the template of each.
TEXTS = {
    "device_confirmed": "phone_added",
    "device_removed": "phone_removed",
    "mfa_disabled": "phone_removed",
    "factors_reset": "phone_removed",
}


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
    about = f"{notice.event} to user {notice.user_pk}"
    try:
        text = texts.Text(about, numbers, _text(notice), notice.language or "")
    except Exception as error:  # noqa: BLE001  # the templates are the site's
        texts.failed(about, error)
        return
    texting.send(notice.user_pk, text)


def _text(notice: Notice) -> str:
    template = f"django_mfa/sms/{TEXTS[notice.event]}.txt"
    with override(notice.language):
        return render_to_string(template, {"site_name": notice.site_name}).strip()
