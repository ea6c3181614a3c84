"""`path("api/v1/auth/", include("django_mfa.api.urls"))`: may be mounted twice.

A second mount may let programs in by another issuer than the first one of the setting:
`path("api/app/", include("django_mfa.api.urls", "app"), {"issuer": "jwt"})`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.urls import path

from .views import (
    account,
    app_passwords,
    approvals,
    browsers,
    devices,
    login,
    passkeys,
    people,
    sending,
    setup,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.urls import URLPattern

app_name = "django_mfa_api"

ROUTES: tuple[tuple[str, Any, str], ...] = (
    ("login", login.LoginView, "login"),
    ("login/mfa", login.VerifyView, "login_mfa"),
    ("login/cancel", login.CancelView, "login_cancel"),
    ("mfa/status", account.StatusView, "status"),
    ("mfa/challenge", login.ChallengeView, "challenge"),
    ("mfa/verify", login.VerifyView, "verify"),
    ("mfa/step-up", login.StepUpView, "step_up"),
    ("mfa/enable", setup.EnableView, "enable"),
    ("mfa/confirm", setup.ConfirmView, "confirm"),
    ("mfa/backup-codes", account.CodesView, "backup_codes"),
    ("mfa/backup-codes/regenerate", account.RegenerateView, "regenerate"),
    ("mfa/backup-codes/saved", account.SavedView, "codes_saved"),
    ("mfa/devices", devices.DevicesView, "devices"),
    ("mfa/devices/<uuid:public_id>", devices.DeviceView, "device"),
    ("mfa/device", devices.DeviceByBodyView, "device_by_body"),
    ("mfa/disable", devices.DisableView, "disable"),
    ("mfa/app-passwords", app_passwords.AppPasswordsView, "app_passwords"),
    (
        "mfa/app-passwords/<uuid:public_id>",
        app_passwords.AppPasswordView,
        "app_password",
    ),
    ("mfa/trusted-devices", browsers.BrowsersView, "trusted_devices"),
    (
        "mfa/trusted-devices/<uuid:public_id>",
        browsers.BrowserView,
        "trusted_device",
    ),
    ("mfa/sign-out-others", browsers.EndOthersView, "sign_out_others"),
    ("mfa/approvals", approvals.ApprovalsView, "approvals"),
    ("mfa/approvals/challenge", approvals.ApprovalChallengeView, "approval_ask"),
    ("mfa/approvals/refuse", approvals.RefuseView, "approval_refuse"),
    ("mfa/events", account.EventsView, "events"),
    ("mfa/admin/users/<str:id>/status", people.PersonView, "user_status"),
    ("mfa/admin/users/<str:id>/reset", people.ResetView, "user_reset"),
    ("mfa/admin/users/<str:id>/unlock", people.UnlockView, "user_unlock"),
    ("mfa/admin/users/<str:id>/require", people.RequireView, "user_require"),
    ("mfa/admin/users/<str:id>/sign-out", people.SignOutView, "user_sign_out"),
    ("mfa/<slug:factor>/setup", setup.SetupView, "setup"),
    ("mfa/<slug:factor>/send", sending.SendView, "send"),
    ("mfa/<slug:factor>/verify", setup.ConfirmSetupView, "setup_verify"),
    ("passkey/register/begin", passkeys.RegisterBeginView, "register_begin"),
    ("passkey/register/complete", passkeys.RegisterCompleteView, "register_complete"),
    ("passkey/authenticate/begin", passkeys.AuthenticateBeginView, "passkey_begin"),
    (
        "passkey/authenticate/complete",
        passkeys.AuthenticateCompleteView,
        "passkey_complete",
    ),
    ("passkey/accepted", passkeys.AcceptedView, "passkey_accepted"),
    ("passkey/credentials", devices.CredentialsView, "credentials"),
    ("passkey/credentials/<uuid:public_id>", devices.CredentialView, "credential"),
)


def _both_spellings() -> Iterator[URLPattern]:
    """Every address with a slash at its end and without; the last is `reverse`d."""
    for route, view, name in ROUTES:
        yield path(f"{route}/", view.as_view(), name=name)
        yield path(route, view.as_view(), name=name)


urlpatterns = list(_both_spellings())
