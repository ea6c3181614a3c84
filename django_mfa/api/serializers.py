"""The shape of what is sent: taken from the forms of the pages, field by field."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.exceptions import NON_FIELD_ERRORS
from django.views.decorators.debug import sensitive_variables
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError

from django_mfa.factors.forms import CodeForm, NameForm

from .fields import Days, Flag, Names, Text, UUIDText

if TYPE_CHECKING:
    from django import forms

MAX_TEXT = 4096
MAX_TOKEN = 128
MAX_REASON = 255
MAX_TO = 254


class Input(serializers.Serializer[Any]):
    """What a request holds: the fields named, and no other."""

    #: Forms of the pages that have the last word on their fields.
    read_by: tuple[type[forms.Form], ...] = ()

    @sensitive_variables()
    def to_internal_value(self, data: Any) -> Any:
        """Refuse what is not asked for: a slip of the pen must not pass for a yes."""
        if isinstance(data, dict):
            unknown = set(data) - set(self.fields)
            if unknown:
                raise ValidationError(
                    {
                        str(name)[:64]: ["There is no such field."]
                        for name in sorted(unknown)[:16]
                    }
                )
        return super().to_internal_value(data)

    @sensitive_variables()
    def validate(self, attrs: Any) -> Any:
        """Return the fields as the forms of the pages read them."""
        for form_class in self.read_by:
            attrs |= self._read_by(form_class, attrs)
        return attrs

    @sensitive_variables()
    def _read_by(self, form_class: type[forms.Form], attrs: Any) -> dict[str, Any]:
        names = [name for name in form_class.base_fields if name in attrs]
        if not names:
            return {}
        form = form_class({name: attrs[name] for name in names})
        if form.is_valid():
            return {name: form.cleaned_data[name] for name in names}
        raise ValidationError(
            {
                "non_field_errors" if name == NON_FIELD_ERRORS else name: [
                    ErrorDetail(error["message"], error["code"]) for error in found
                ]
                for name, found in form.errors.get_json_data().items()
            }
        )


def text_of(form: type[forms.Form], name: str, **options: Any) -> Text:
    """Return the field `name` of a page's form as a field of the API."""
    field: Any = form.base_fields[name]
    options.setdefault("required", field.required)
    return Text(
        max_length=field.max_length,
        trim_whitespace=field.strip,
        help_text=options.pop("help_text", ""),
        **options,
    )


class Waiting(Input):
    """What belongs to a sign-in that waits, for programs without a cookie."""

    mfa_token = Text(
        required=False,
        max_length=MAX_TOKEN,
        help_text="The token that `login` returned. Browsers with a session need none.",
    )
    session_id = Text(
        required=False, max_length=MAX_TOKEN, help_text="The same, by another name."
    )


class MethodField(Text):
    """The name of a factor, which clients call a method."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("required", False)
        super().__init__(max_length=32, **options)


class LoginInput(Input):
    username = Text(max_length=254, help_text="As on the login page.")
    password = Text(max_length=MAX_TEXT, trim_whitespace=False)


class ChallengeInput(Waiting):
    method = MethodField(
        help_text="One of the `methods` that were offered; else the first of them."
    )


class Answering(Input):
    """A response of any kind: a code that was typed, or what an authenticator said."""

    read_by = (CodeForm,)

    code = text_of(
        CodeForm, "code", required=False, help_text="A code of any kind that is typed."
    )
    credential = serializers.DictField(
        required=False, help_text="What the authenticator answered, as JSON."
    )
    method = MethodField(help_text="Which factor it is; else its shape decides.")


class CodeInput(Answering, Waiting):
    trust = Flag(
        required=False,
        default=False,
        help_text="Ask this browser no more, where the policies allow that.",
    )


class StepUpInput(Answering):
    password = Text(
        required=False,
        max_length=MAX_TEXT,
        trim_whitespace=False,
        help_text="For people without a factor.",
    )


class SetupInput(Waiting):
    to = Text(
        required=False,
        max_length=MAX_TO,
        trim_whitespace=False,
        help_text="The number or address, for a factor whose codes are sent; without"
        " one, the address of the account.",
    )


class SendInput(Waiting):
    device = Text(
        required=False,
        max_length=36,
        help_text="The id of one's device, where there are several.",
    )


class ConfirmInput(Waiting):
    read_by = (CodeForm, NameForm)

    code = text_of(CodeForm, "code", help_text="The first code of the new device.")
    name = text_of(NameForm, "name", required=False)


class CredentialInput(Waiting):
    """The answer of an authenticator, as `credential.toJSON()` makes it."""

    credential = serializers.DictField(
        required=False, help_text="The whole of it, in the place of its parts."
    )
    id = Text(required=False, max_length=MAX_TEXT)
    rawId = Text(required=False, max_length=MAX_TEXT)  # noqa: N815  # WebAuthn's name
    type = Text(required=False, max_length=32)
    response = serializers.DictField(required=False)
    clientExtensionResults = serializers.DictField(required=False)  # noqa: N815
    authenticatorAttachment = Text(  # noqa: N815
        required=False, allow_null=True, max_length=32
    )
    name = text_of(NameForm, "name", required=False)


class NameInput(Waiting):
    """What is ours beside the answer of an authenticator."""

    read_by = (NameForm,)

    name = text_of(NameForm, "name", required=False)


class CancelInput(Waiting):
    pass


class RegisterInput(Waiting):
    conditional = Flag(
        required=False,
        default=False,
        help_text="The browser is to make it without a question.",
    )


class AuthenticateInput(Waiting):
    username = Text(
        required=False,
        max_length=254,
        help_text="The name that was typed, if one was: for a sign-in by passkey alone.",
    )


class DeviceInput(Input):
    read_by = (NameForm,)

    name = text_of(NameForm, "name", required=False)
    default = Flag(required=False, help_text="`true`: ask for this device first.")


class DeviceIdInput(Input):
    id = UUIDText()


class ReasonInput(Input):
    reason = Text(max_length=MAX_REASON, help_text="Why: it is kept in the audit log.")


class RequireInput(ReasonInput):
    required = Flag(  # type: ignore[assignment]  # a field, which the class collects
        required=False,
        default=True,
        help_text="Whether the user must have a second factor: `false` ends that.",
    )


class EventsInput(Input):
    before = serializers.IntegerField(required=False, min_value=1, max_value=2**63 - 1)


class AppPasswordInput(Input):
    read_by = (NameForm,)

    name = text_of(NameForm, "name", help_text="What it is for.")
    scopes = Names(help_text="What it is to allow.")
    days = Days(required=False, allow_null=True, min_value=1, max_value=36500)


class RenameInput(Input):
    read_by = (NameForm,)

    name = text_of(NameForm, "name")


class ApprovalIdInput(Input):
    id = UUIDText()


class ApprovalChallengeInput(ApprovalIdInput):
    method = MethodField(required=True)


class ApprovalInput(Answering):
    id = UUIDText()
