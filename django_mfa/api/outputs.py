"""The shape of the answers, for the OpenAPI schema."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from django_mfa.clients import issuer as issuers


class Output(serializers.Serializer[Any]):
    pass


class Issued(Output):
    """What a program gets that is let in, as the issuers of the site say it."""

    def get_fields(self) -> dict[str, Any]:
        """Return what the issuers give, and what is declared."""
        given = {
            name: serializers.CharField(required=False, help_text=text)
            for issuer in issuers.all_of_them().values()
            for name, text in issuer.fields.items()
        }
        return {**given, **super().get_fields()}


class Error(Output):
    """What went wrong: a code to branch on, a sentence to show."""

    code = serializers.CharField()
    detail = serializers.CharField()
    errors = serializers.DictField(  # type: ignore[assignment]  # a field
        child=serializers.ListField(child=serializers.CharField()),
        required=False,
        help_text="What is wrong with each field.",
    )
    mfa_required = serializers.BooleanField(required=False)
    methods = serializers.ListField(child=serializers.CharField(), required=False)
    max_age = serializers.IntegerField(required=False, allow_null=True)
    acr_values = serializers.CharField(required=False)


class Detail(Issued):
    detail = serializers.CharField()


class SignIn(Issued):
    """Either let in, or told what comes next."""

    mfa_required = serializers.BooleanField()
    code = serializers.CharField(required=False)
    mfa_token = serializers.CharField(required=False)
    session_id = serializers.CharField(required=False)
    methods = serializers.ListField(child=serializers.CharField(), required=False)
    expires_in = serializers.IntegerField(required=False)


class Verified(Issued):
    detail = serializers.CharField()
    method = serializers.CharField(required=False)
    mfa_required = serializers.BooleanField(required=False)
    code = serializers.CharField(required=False)
    mfa_token = serializers.CharField(required=False)
    session_id = serializers.CharField(required=False)
    methods = serializers.ListField(child=serializers.CharField(), required=False)
    expires_in = serializers.IntegerField(required=False)


class Challenge(Output):
    detail = serializers.CharField()
    method = serializers.CharField()
    expires_in = serializers.IntegerField(required=False)
    sent_to = serializers.CharField(required=False)
    device = serializers.CharField(required=False, allow_blank=True)
    retry_after = serializers.IntegerField(required=False)
    options = serializers.DictField(
        required=False, help_text="For the browser, where an authenticator is asked."
    )


class Options(Output):
    """Options as `navigator.credentials` takes them (WebAuthn Level 3)."""

    challenge = serializers.CharField()
    rp = serializers.DictField(required=False)
    rpId = serializers.CharField(required=False)  # noqa: N815
    user = serializers.DictField(required=False)
    pubKeyCredParams = serializers.ListField(  # noqa: N815
        child=serializers.DictField(), required=False
    )
    timeout = serializers.IntegerField(required=False)
    excludeCredentials = serializers.ListField(  # noqa: N815
        child=serializers.DictField(), required=False
    )
    allowCredentials = serializers.ListField(  # noqa: N815
        child=serializers.DictField(), required=False
    )
    userVerification = serializers.CharField(required=False)  # noqa: N815
    attestation = serializers.CharField(required=False)
    authenticatorSelection = serializers.DictField(required=False)  # noqa: N815
    extensions = serializers.DictField(required=False)
    hints = serializers.ListField(child=serializers.CharField(), required=False)
    mfa_token = serializers.CharField(required=False)


class Setup(Output):
    """What the person needs; secrets, to be shown once and kept nowhere."""

    method = serializers.CharField()
    expires_in = serializers.IntegerField()
    detail = serializers.CharField(required=False)
    sent_to = serializers.CharField(required=False)
    device = serializers.CharField(required=False, allow_blank=True)
    retry_after = serializers.IntegerField(required=False)
    secret = serializers.CharField(required=False, help_text="In base32.")
    secret_in_groups = serializers.CharField(
        required=False, help_text="The same, for typing."
    )
    uri = serializers.CharField(required=False, help_text="The `otpauth://` link.")
    qr = serializers.CharField(required=False, help_text="The QR code as SVG.")
    qr_code = serializers.CharField(
        required=False, help_text="The QR code as a PNG, in a data URI."
    )


class Device(Output):
    id = serializers.UUIDField()
    method = serializers.CharField()
    name = serializers.CharField()
    created = serializers.DateTimeField()
    last_used = serializers.DateTimeField(allow_null=True)
    uses = serializers.IntegerField()
    default = serializers.BooleanField()
    disabled = serializers.BooleanField()
    badges = serializers.ListField(child=serializers.CharField())


class Devices(Output):
    devices = Device(many=True)


class DeviceRef(Output):
    id = serializers.UUIDField()
    method = serializers.CharField()
    name = serializers.CharField()


class Confirmed(Issued):
    detail = serializers.CharField()
    device = DeviceRef()
    backup_codes = serializers.ListField(
        child=serializers.CharField(),
        required=False,
        help_text="With the first device: shown this once.",
    )


class CodesLeft(Output):
    remaining = serializers.IntegerField()
    created = serializers.DateTimeField(allow_null=True)
    low = serializers.BooleanField()


class Codes(Issued):
    backup_codes = serializers.ListField(child=serializers.CharField())


class Status(Output):
    enabled = serializers.BooleanField()
    verified = serializers.BooleanField()
    required = serializers.BooleanField()  # type: ignore[assignment]  # a field
    methods = serializers.ListField(child=serializers.CharField())
    default = serializers.UUIDField(allow_null=True)
    devices = serializers.IntegerField()
    backup_codes_remaining = serializers.IntegerField()
    amr = serializers.ListField(child=serializers.CharField())
    acr = serializers.CharField()
    verified_at = serializers.DateTimeField(allow_null=True)


class Event(Output):
    id = serializers.IntegerField()
    at = serializers.DateTimeField()
    event = serializers.CharField()
    result = serializers.CharField(allow_blank=True)
    method = serializers.CharField(allow_blank=True)
    device = serializers.CharField(allow_blank=True)
    device_name = serializers.CharField(allow_blank=True)
    address = serializers.CharField(allow_null=True)
    user_agent = serializers.CharField(allow_blank=True)


class Events(Output):
    events = Event(many=True)
    next = serializers.IntegerField(
        allow_null=True, help_text="For `before`: older events are there."
    )


class UserStatus(Output):
    id = serializers.CharField()
    enabled = serializers.BooleanField()
    required = serializers.BooleanField()  # type: ignore[assignment]  # a field
    methods = serializers.ListField(child=serializers.CharField())
    devices = serializers.IntegerField()
    locked_until = serializers.DateTimeField(allow_null=True)


class AppPassword(Output):
    id = serializers.UUIDField()
    name = serializers.CharField()
    prefix = serializers.CharField()
    scopes = serializers.ListField(child=serializers.CharField())
    created = serializers.DateTimeField()
    expires = serializers.DateTimeField(allow_null=True)
    last_used = serializers.DateTimeField(allow_null=True)
    last_address = serializers.CharField(allow_null=True)


class AppPasswords(Output):
    app_passwords = AppPassword(many=True)
    scopes = serializers.DictField(child=serializers.CharField())


class NewAppPassword(AppPassword):
    password = serializers.CharField()


class Browser(Output):
    id = serializers.UUIDField()
    name = serializers.CharField()
    created = serializers.DateTimeField()
    last_seen = serializers.DateTimeField()
    expires = serializers.DateTimeField()
    address = serializers.CharField(allow_null=True)
    current = serializers.BooleanField(help_text="Whether it is this browser.")


class Browsers(Output):
    trusted_devices = Browser(many=True)


class Approval(Output):
    id = serializers.UUIDField()
    action = serializers.CharField()
    summary = serializers.CharField()
    shown = serializers.DictField(child=serializers.CharField())
    requester = serializers.CharField()
    second_person = serializers.BooleanField()
    expires = serializers.DateTimeField()


class Approvals(Output):
    approvals = Approval(many=True)


class Accepted(Output):
    """Arguments for the Signal API of browsers (WebAuthn Level 3 section 5.1.10)."""

    rpId = serializers.CharField()  # noqa: N815
    userId = serializers.CharField()  # noqa: N815
    allAcceptedCredentialIds = serializers.ListField(  # noqa: N815
        child=serializers.CharField()
    )
    name = serializers.CharField(required=False)
    displayName = serializers.CharField(required=False)  # noqa: N815


class Sent(Output):
    method = serializers.CharField()
    detail = serializers.CharField()
    sent_to = serializers.CharField(help_text="Masked.")
    device = serializers.CharField(allow_blank=True)
    expires_in = serializers.IntegerField()
    retry_after = serializers.IntegerField()
