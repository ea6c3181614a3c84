from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from django_mfa.factors.sent_code.forms import MAX_DESTINATION, DestinationForm


class AddressForm(DestinationForm):
    """An e-mail address; whether codes can be sent there is known by the flow."""

    to = forms.CharField(
        label=_("E-mail address"),
        max_length=MAX_DESTINATION,
        strip=False,  # a line break at an end is refused as any other
        widget=forms.TextInput(
            attrs={
                "type": "email",
                "autocomplete": "email",
                "autocapitalize": "none",
                "spellcheck": "false",
                "dir": "ltr",
            }
        ),
        error_messages={"required": _("Enter your e-mail address.")},
    )
