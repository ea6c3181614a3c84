"""Codes that are not sent, and why."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from .tree import MFAError, TooManyAttempts


class SendRefused(TooManyAttempts):
    """A budget of sent codes is spent, or sending is paused; `retry_at` says until when."""

    code = "too_many_sends"
    message = _(
        "Too many codes were sent. Wait a while before you ask for another one, or"
        " use another way. A code that you already have stays valid until it expires."
    )


class SendFailed(MFAError):
    """No gateway took the message; nothing was counted and no try was lost."""

    code = "send_failed"
    status = 503
    message = _(
        "We could not send you a code just now. Try again in a minute, or use another"
        " way."
    )


class ProviderUnavailable(SendFailed):
    """The provider cannot be reached, or failed."""

    code = "send_unavailable"


class ProviderSlow(SendFailed):
    """The provider did not answer in time; the message may arrive all the same."""

    code = "send_timed_out"
    message = _(
        "The service that sends our codes did not answer in time. Try again in a"
        " minute, or use another way."
    )


class ProviderMisconfigured(SendFailed):
    """The provider refused us: credentials, sender, or balance. The log says which."""

    code = "send_misconfigured"
    message = _(
        "This site cannot send codes at present. Use another way, and tell the site's"
        " administrator."
    )


class NumberRefused(SendFailed):
    """The provider does not deliver to this number."""

    code = "number_refused"
    status = 400
    message = _(
        "No message can be sent to this number. Check it and try again, or use"
        " another way."
    )


class InvalidNumber(SendFailed):
    """What was typed is no phone number that could get a message; nothing was sent."""

    code = "invalid_number"
    status = 400
    message = _(
        "This is not a phone number that we can send a code to. Enter it with its"
        " country code, like +44 7400 000000."
    )


class DestinationRefused(SendFailed):
    """The site sends no codes to numbers of this kind or country; nothing was sent."""

    code = "destination_refused"
    status = 400
    message = _(
        "We send no codes to numbers of this kind or country. Use a mobile number of"
        " your own, or another way."
    )


class AddressRefused(SendFailed):
    """The mail server takes nothing for this address."""

    code = "address_refused"
    status = 400
    message = _(
        "No mail can be sent to this address. Check it and try again, or use another"
        " way."
    )


class InvalidAddress(SendFailed):
    """What was typed is no e-mail address that codes are sent to; nothing was sent."""

    code = "invalid_address"
    status = 400
    message = _(
        "This is not an e-mail address that we can send a code to. Check it and try"
        " again."
    )


class SendTooSoon(SendRefused):
    """A code went to this device a moment ago; `retry_at` says when the next one may."""

    code = "send_too_soon"
    message = _(
        "A code was sent a moment ago. It can take a minute to arrive; after that you"
        " can ask for another one."
    )
