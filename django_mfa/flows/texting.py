"""Send a text that is no code: at once, or by whoever sends the codes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

from django.views.decorators.debug import sensitive_variables

from django_mfa import conf, crypto
from django_mfa.challenges import codes as challenges
from django_mfa.factors import registry
from django_mfa.factors.sent_code.parcel import Parcel, place_of
from django_mfa.factors.sms import texts

from . import sending

if TYPE_CHECKING:
    from django_mfa.factors.sms.texts import Text

SMS = "sms"


@sensitive_variables()
def send(user_pk: Any, text: Text) -> None:
    """Send it; whatever fails is logged, and nothing else suffers.

    No transaction may be open.
    """
    if conf.get().SENT_CODES.DISPATCHER == "inline" or SMS not in registry.factors():
        texts.send(text)
        return
    try:
        sending.enqueue(_packed(user_pk, text))
    except Exception as error:  # noqa: BLE001  # each queue has its own errors
        texts.failed(text.about, error)


@sensitive_variables()
def _packed(user_pk: Any, text: Text) -> Parcel:
    """Return it as a queue carries it: sealed whole, with a row that is sent once."""
    pk = uuid4()
    challenges.announce(SMS, pk, user_pk)
    sealed = crypto.seal(text.as_json(), place_of(pk, ""))
    return Parcel(str(pk), SMS, sealed, text.language)
