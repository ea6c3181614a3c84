"""What of ours stands in an admin site."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.contrib import admin
from django.contrib.admin.apps import AdminConfig
from django.contrib.auth import get_user_model

from django_mfa.accounts.models import MFAAccount
from django_mfa.app_passwords.models import AppPassword
from django_mfa.approvals.models import Approval
from django_mfa.audit.models import AuditEvent
from django_mfa.factors.devices import MFADevice
from django_mfa.factors.email.models import EmailDevice
from django_mfa.factors.passkey.models import AuthenticatorModel, Passkey
from django_mfa.factors.recovery_code.models import RecoveryCodeSet
from django_mfa.factors.sms.models import PhoneDevice
from django_mfa.factors.totp.models import TOTPDevice
from django_mfa.limits.models import SendPause, SendRecord
from django_mfa.policy.models import Exemption, Policy
from django_mfa.trusted_devices.models import TrustedDevice

from .app_passwords import AppPasswordAdmin
from .devices import (
    AccountAdmin,
    AuthenticatorModelAdmin,
    DeviceAdmin,
    PasskeyAdmin,
    PhoneDeviceAdmin,
    RecoveryCodeSetAdmin,
    SentCodeDeviceAdmin,
    TOTPDeviceAdmin,
)
from .events import AuditEventAdmin
from .policies import ApprovalAdmin, ExemptionAdmin, PolicyAdmin, TrustedDeviceAdmin
from .sends import SendPauseAdmin, SendRecordAdmin
from .site import GuardedSiteMixin
from .users import MFAUserAdminMixin

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.contrib.admin import AdminSite
    from django.db.models import Model

ADMINS: dict[type[Model], type[admin.ModelAdmin[Any]]] = {
    TOTPDevice: TOTPDeviceAdmin,
    Passkey: PasskeyAdmin,
    AuthenticatorModel: AuthenticatorModelAdmin,
    PhoneDevice: PhoneDeviceAdmin,
    EmailDevice: SentCodeDeviceAdmin,
    RecoveryCodeSet: RecoveryCodeSetAdmin,
    AppPassword: AppPasswordAdmin,
    MFAAccount: AccountAdmin,
    AuditEvent: AuditEventAdmin,
    Policy: PolicyAdmin,
    Exemption: ExemptionAdmin,
    TrustedDevice: TrustedDeviceAdmin,
    Approval: ApprovalAdmin,
    SendRecord: SendRecordAdmin,
    SendPause: SendPauseAdmin,
}


def connect() -> None:
    """Add ours to the site's admin, after the site's own admin modules had their say."""
    # A `SimpleAdminConfig` finds nothing by itself: such a site calls `add_to`.
    if isinstance(apps.get_app_config("admin"), AdminConfig):
        admin.autodiscover()
        add_to(admin.site)


def add_to(site: AdminSite) -> None:
    """Register with `site` what is not yet; on a guarded site the user's page as well.

    A model that you registered yourself stays as you want it.
    """
    for model, model_admin in _ours():
        if not site.is_registered(model):
            site.register(model, model_admin)
    if isinstance(site, GuardedSiteMixin):
        add_to_users(site)


def add_to_users(site: AdminSite) -> None:
    """Put `MFAUserAdminMixin` before the class with which users are registered."""
    users = get_user_model()
    if not site.is_registered(users):
        return
    current = type(site.get_model_admin(users))
    if not issubclass(current, MFAUserAdminMixin):
        parts = {"__module__": current.__module__, "__doc__": current.__doc__}
        site.unregister(users)
        site.register(
            users, type(current.__name__, (MFAUserAdminMixin, current), parts)
        )


def _ours() -> Iterator[tuple[type[Model], type[admin.ModelAdmin[Any]]]]:
    yield from ADMINS.items()
    for model in apps.get_models():
        if issubclass(model, MFADevice) and model not in ADMINS:
            yield model, DeviceAdmin
