from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.core.validators import EmailValidator
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables

from django_mfa import conf
from django_mfa.errors import InvalidAddress
from django_mfa.extras import lazy
from django_mfa.factors.sent_code.factor import Destination, SentCodeFactor
from django_mfa.limits.sends import Sending

from .forms import AddressForm
from .models import EmailDevice

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.contrib.auth.base_user import AbstractBaseUser

    from django_mfa.challenges.models import Challenge
    from django_mfa.factors.sent_code.parcel import Parcel

    from . import mail
else:
    # Not needed to start a process.
    mail = lazy("django_mfa.factors.email.mail")

#: RFC 5321 sections 4.5.3.1.1 and 4.5.3.1.3, less the angle brackets.
LONGEST_NAME, LONGEST = 64, 254
#: Quoted names and addresses of machines, which are allowed and nobody has; and words
#: in an encoding (RFC 2047), which mail software may read as another address.
ODD = ('"', "[", "=?")
# Not even `localhost`, which it knows without being told.
validate = EmailValidator(allowlist=[])


class EmailFactor(SentCodeFactor):
    """Codes by e-mail, to an address that was proven."""

    slug = "email"
    label = _("E-mail")
    model = EmailDevice
    destination_form = AddressForm
    rank = 20
    # NIST SP 800-63B-4 section 3.1.3.1: e-mail is no out-of-band authenticator.
    acr = "aal1"
    # RFC 8176 has no name for mail; of those it has, a one-time password is true.
    amr = ("otp",)

    @property
    def lifetime(self) -> int:
        """Seconds for which a code can be used."""
        return conf.get().SENT_CODES.EMAIL_TTL

    @sensitive_variables()
    def read(self, text: str) -> Destination:
        """Return the address that was typed, if codes may be sent to it."""
        address = text.strip(" \t")
        # SECURITY: ASCII alone: a look-alike domain in another script, or a line
        # break that would begin a header, is no address here.
        if not (address.isascii() and address.isprintable()) or len(address) > LONGEST:
            raise InvalidAddress
        # SECURITY: no mail server is sent to our own machines.
        if any(sign in address for sign in ODD):
            raise InvalidAddress
        try:
            validate(address)
        except ValidationError:
            raise InvalidAddress from None
        name, _at, domain = address.rpartition("@")
        if len(name) > LONGEST_NAME:
            raise InvalidAddress
        return Destination(f"{name}@{domain.lower()}", mask(address))

    def new_name(self) -> str:
        """Return how a new address is called."""
        return gettext("E-mail")

    def registered_already(self) -> Any:
        """Return what is told of an address that the person has already."""
        return _("This address is registered already. Use it, or another one.")

    def suggestion(self, user: AbstractBaseUser) -> str:
        """Return the address of the account."""
        return str(getattr(user, user.get_email_field_name(), "") or "")

    @sensitive_variables()
    def sending(self, device: Any, purpose: str) -> Sending:
        """Return what is to be sent, for the guard."""
        return Sending(
            factor=self.slug,
            # SECURITY: written otherwise it is the same mailbox for nearly every
            # server, and must not have a budget of its own.
            destination=device.destination.lower(),
            user=device.user,
            purpose=purpose,
            masked=device.masked,
        )

    @sensitive_variables()
    def transmit(
        self, device: Any, asked: Challenge, parcel: Parcel
    ) -> Mapping[str, Any]:
        """Hand the mail to Django's mail backend."""
        del asked
        mail.send(device.destination, parcel.code, parcel.host)
        return {"gateway": "email"}


def mask(address: str) -> str:
    """Return what may be shown of an address: how its name and its domain begin."""
    name, _at, domain = address.rpartition("@")
    return f"{name[:1]}•••@{domain[:1]}•••.{domain.rpartition('.')[2]}"[:64]
