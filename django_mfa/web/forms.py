from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.forms import AuthenticationForm
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from django_mfa.errors import UnknownScope
from django_mfa.factors.forms import CodeForm, NameForm
from django_mfa.flows import app_passwords

__all__ = [
    "AppPasswordForm",
    "CodeForm",
    "LoginForm",
    "NameForm",
    "PasswordForm",
    "SetupForm",
]


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


def _scopes() -> list[tuple[str, str]]:
    return list(app_passwords.scopes().items())


def _spans() -> list[tuple[int | str, str]]:
    return [_span(days) for days in app_passwords.spans()]


def _span(days: int) -> tuple[int | str, str]:
    if not days:
        return "", gettext("Until it is revoked")
    return days, ngettext("%(days)d day", "%(days)d days", days) % {"days": days}


class AppPasswordForm(NameForm):
    """What a new app password is for, what it may do, and how long it lasts."""

    scopes = forms.MultipleChoiceField(
        label=_("What it may do"),
        choices=_scopes,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": UnknownScope.message},
    )
    days = forms.TypedChoiceField(
        label=_("Lasts"),
        choices=_spans,
        initial=lambda: _spans()[-1][0],
        coerce=int,
        empty_value=None,
        required=False,  # without a word it lasts as long as the site allows
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
