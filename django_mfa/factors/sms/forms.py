from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from django_mfa.factors.sent_code.forms import MAX_DESTINATION, DestinationForm


class NumberForm(DestinationForm):
    """A phone number, as people write it."""

    to = forms.CharField(
        label=_("Phone number"),
        max_length=MAX_DESTINATION,
        strip=False,  # a line break at an end is refused as any other
        widget=forms.TextInput(
            attrs={"type": "tel", "autocomplete": "tel", "dir": "ltr"}
        ),
        help_text=_("With the country code, like +44 7400 000000."),
        error_messages={"required": _("Enter your phone number.")},
    )
