"""The shape of what people type; whether it is right is known by the flow alone."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables

from django_mfa.errors import MalformedCode

from .typed import plain

MAX_CODE = 64


class CodeForm(forms.Form):
    """One field, for a code from an app or a message, or a recovery code."""

    code = forms.CharField(
        label=_("Code"),
        max_length=MAX_CODE,
        widget=forms.TextInput(
            attrs={
                "autocomplete": "one-time-code",
                "autocapitalize": "none",
                "spellcheck": "false",
                "autofocus": True,
            }
        ),
        error_messages={"required": _("Enter the code.")},
    )

    @sensitive_variables()
    def clean_code(self) -> str:
        """Return the code, if it is plain letters and digits with spaces or hyphens."""
        code: str = self.cleaned_data["code"]
        # SECURITY: `isdigit` and `int` know the digits of every script and take
        # underscores; a code is ASCII or it is none.
        if not (code.isascii() and plain(code).isalnum()):
            raise forms.ValidationError(str(MalformedCode.message), MalformedCode.code)
        return code

    @sensitive_variables()
    def response(self) -> Any:
        """Return what the flow is to judge, from a valid form."""
        return self.cleaned_data["code"]


class NameForm(forms.Form):
    """A name for a device: one line of text."""

    name = forms.CharField(
        label=_("Name"),
        max_length=64,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def clean_name(self) -> str:
        """Return the name, without signs that cannot be seen or that turn the text round."""
        name: str = self.cleaned_data["name"]
        if not name.isprintable():
            raise forms.ValidationError(
                _("Use letters, digits, spaces and punctuation only."), "invalid"
            )
        return name
