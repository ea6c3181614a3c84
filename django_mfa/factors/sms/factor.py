from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from django.template.loader import render_to_string
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables

from django_mfa import conf
from django_mfa.challenges import codes as challenges
from django_mfa.errors import SendFailed
from django_mfa.factors.sent_code import codes
from django_mfa.factors.sent_code.factor import Destination, SentCodeFactor
from django_mfa.limits import sends
from django_mfa.limits.sends import Sending
from django_mfa.values import one_line

from . import gateways, numbers, texts
from .forms import NumberForm
from .models import PhoneDevice

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django_mfa.challenges.models import Challenge
    from django_mfa.factors.sent_code.parcel import Parcel

PORT = re.compile(r":[0-9]*$")


class SMSFactor(SentCodeFactor):
    """Codes in text messages, to a phone that was proven."""

    slug = "sms"
    label = _("Text message")
    model = PhoneDevice
    destination_form = NumberForm
    rank = 30
    # RFC 8176 section 2: confirmation by text message to a registered number.
    amr = ("sms",)

    @property
    def lifetime(self) -> int:
        """Seconds for which a code can be used."""
        return conf.get().SENT_CODES.SMS_TTL

    @sensitive_variables()
    def read(self, text: str) -> Destination:
        """Return the number that was typed, if codes may be sent to it."""
        number = numbers.parse(text)
        return Destination(
            number.e164, numbers.mask(number.e164), {"country": number.country}
        )

    def new_name(self) -> str:
        """Return how a new phone is called."""
        return gettext("Phone")

    def registered_already(self) -> Any:
        """Return what is told of a number that the person has already."""
        return _("This phone number is registered already. Use it, or another one.")

    @sensitive_variables()
    def sending(self, device: Any, purpose: str) -> Sending:
        """Return what is to be sent, for the guard.

        Raises `DestinationRefused`: what is allowed may have changed since.
        """
        number = numbers.read(device.destination)
        numbers.require_allowed(number)
        return Sending(
            factor=self.slug,
            destination=number.e164,
            user=device.user,
            country=number.country,
            kind=number.kind,
            prefix=number.prefix,
            purpose=purpose,
            masked=device.masked,
            proven=device.verified_at if device.confirmed else None,
        )

    @sensitive_variables()
    def transmit(
        self, device: Any, asked: Challenge, parcel: Parcel
    ) -> Mapping[str, Any]:
        """Hand the message to the gateways."""
        message = gateways.Message(
            to=device.destination,
            text=text_of(parcel.code, parcel.host),
            code=parcel.code,
            reference=parcel.challenge,
            language=parcel.language,
            replaces=asked.state["replaces"],
        )
        receipt = gateways.send(message)
        return {**receipt.as_json(), "elsewhere": gateways.checks_codes(receipt)}

    @sensitive_variables()
    def tell(self, notice: str) -> None:
        """Send a text to the phones of its owner."""
        texts.send(texts.Text.from_json(notice))

    @sensitive_variables()
    def judged_elsewhere(self, asked: Challenge, code: str) -> bool | None:
        """Have a provider judge the code that it made itself."""
        receipt = _receipt(asked, code)
        if receipt is None:
            return None
        device = PhoneDevice.objects.filter(public_id=asked.device)
        phone = device.select_related("user__mfa_account").first()
        if phone is None or phone.refused_until() or asked.user_id != phone.user_id:
            return False
        if "gateway" not in asked.state and not sends.is_last(
            asked.state["reservation"]
        ):
            # SECURITY: the provider is asked by the number alone, and would judge a
            # code that was sent since, in another browser.
            return False
        # SECURITY: counted before it is asked: the provider's own limit is not ours.
        if not challenges.count_try(asked.pk, tries=conf.get().SENT_CODES.TRIES):
            return False
        try:
            return gateways.check(receipt, phone.destination, code)
        except SendFailed:
            if "gateway" not in asked.state:
                # SECURITY: nobody knows who sent it, and a code of ours is compared
                # here: were the wrong ones free, any number could be tried.
                return False
            challenges.give_try_back(asked.pk)
            raise


@sensitive_variables()
def text_of(code: str, host: str) -> str:
    """Return the message; its last line is for browsers (WICG, origin-bound codes)."""
    settings, domain = conf.get(), PORT.sub("", host)
    context = {
        "code": code,
        "site_name": one_line(settings.SITE_NAME or domain),
        "minutes": settings.SENT_CODES.SMS_TTL // 60,
    }
    said = render_to_string("django_mfa/sms/code.txt", context).strip()
    return f"{said}\n\n@{domain} #{code}" if domain else said


@sensitive_variables()
def _receipt(asked: Challenge, code: str) -> gateways.Receipt | None:
    """Return the receipt of a message whose code the provider made, else None."""
    state = asked.state
    if state.get("elsewhere"):
        return gateways.Receipt.from_json(state)
    if "gateway" in state or asked.sent is None or codes.is_right(asked, code):
        return None
    # Whoever sent it was ended before it could note by whom: perhaps by one of these.
    return next(filter(gateways.checks_codes, _possible()), None)


def _possible() -> list[gateways.Receipt]:
    return [gateways.Receipt(name) for name in conf.get().SMS.GATEWAYS]
