"""Lists in one line, the way people write them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.contrib.admin.widgets import AdminTextInputWidget
from django.utils.translation import gettext_lazy as _

from django_mfa.policy.models import Policy

if TYPE_CHECKING:
    ModelForm = forms.ModelForm[Policy]
else:
    ModelForm = forms.ModelForm


MAX_DIGITS = 10


class ListField(forms.JSONField):
    """Words or numbers with commas between them; a list in JSON is understood, too."""

    widget = AdminTextInputWidget

    def to_python(self, value: Any) -> Any:
        """Return the list; None where nothing is typed."""
        text = value.strip() if isinstance(value, str) else ""
        if text and text[0] not in '[{"':
            words = [word.strip() for word in text.split(",")]
            value = [_number(word) for word in words if word]
        try:
            return super().to_python(value)
        except (ValueError, RecursionError) as error:
            # SECURITY: numbers of thousands of digits, brackets as deep, are no 500.
            message = self.error_messages["invalid"]
            raise forms.ValidationError(message, "invalid") from error

    def bound_data(self, data: Any, initial: Any) -> Any:
        """Return what was typed, as it was typed."""
        return initial if self.disabled else data

    def prepare_value(self, value: Any) -> Any:
        """Return what stands in the field."""
        if isinstance(value, list):
            return ", ".join(map(str, value))
        return "" if value is None else value


def _number(word: str) -> int | str:
    is_short = len(word) < MAX_DIGITS
    return int(word) if is_short and word.isdecimal() else word


class NamesField(ListField):
    """A list that is never None."""

    def to_python(self, value: Any) -> Any:
        """Return the list."""
        return super().to_python(value) or []


class PolicyLists(ModelForm):
    """A policy, with its lists in one line each."""

    class Meta:
        model = Policy
        fields = ("reminder_days", "allowed_factors")  # the admin names the others
        field_classes: ClassVar[dict[str, Any]] = {
            "reminder_days": ListField,
            "allowed_factors": NamesField,
        }
        help_texts: ClassVar[dict[str, Any]] = {
            "reminder_days": _("Such as 3, 1. Empty: as the settings say."),
            "allowed_factors": _("Such as passkey, totp. Empty: all."),
        }
