from __future__ import annotations

from django import forms

MAX_DESTINATION = 320


class DestinationForm(forms.Form):
    """Where codes are to be sent: one line, judged by the flow."""

    to = forms.CharField(max_length=MAX_DESTINATION)
