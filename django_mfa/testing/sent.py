"""Phones and addresses that are proven already."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django_mfa import clock
from django_mfa.factors.email.factor import mask
from django_mfa.factors.email.models import EmailDevice
from django_mfa.factors.sms import numbers
from django_mfa.factors.sms.models import PhoneDevice

if TYPE_CHECKING:
    from django_mfa.factors.sent_code.models import SentCodeDevice

#: Reserved for fiction by Ofcom: nobody has it.
NUMBER = "+447700900123"


def store_phone(user: Any, number: str = NUMBER, **fields: Any) -> PhoneDevice:
    """Store a confirmed phone; its number is taken as it is, in E.164."""
    device = PhoneDevice(
        user=user,
        name=fields.pop("name", "Phone"),
        masked=numbers.mask(number),
        country=numbers.read(number).country,
        **fields,
    )
    _store(device, number)
    return device


def store_email(user: Any, address: str = "", **fields: Any) -> EmailDevice:
    """Store a confirmed address: that of the user, if none is given."""
    address = address or getattr(user, user.get_email_field_name()) or "me@example.com"
    name = fields.pop("name", "E-mail")
    device = EmailDevice(user=user, name=name, masked=mask(address), **fields)
    _store(device, address)
    return device


def _store(device: SentCodeDevice, destination: str) -> None:
    device.confirmed, device.verified_at = True, clock.now()
    device.destination = destination
    device.save(force_insert=True)
