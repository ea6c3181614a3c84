from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.forms import AuthenticationForm
from django.utils.translation import gettext_lazy as _

from django_mfa.factors.forms import CodeForm, NameForm

__all__ = ["CodeForm", "LoginForm", "NameForm", "PasswordForm", "SetupForm"]


class LoginForm(AuthenticationForm):
    """User name and password, as the site's user model names them."""


class PasswordForm(forms.Form):
    """The password of the signed-in user once more."""

    password = forms.CharField(
        label=_("Password"),
        strip=False,
        max_length=4096,
        widget=forms.PasswordInput(
            attrs={"autocomplete": "current-password", "autofocus": True}
        ),
    )


class SetupForm(CodeForm, NameForm):
    """The first code of a new device, and a name for it if one is wanted."""

    field_order = ("code", "name")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # What to do stands above the code; to begin below it would hide that.
        del self.fields["code"].widget.attrs["autofocus"]
        self.fields["name"].required = False
        self.fields["name"].label = _("Name of the device (optional)")
