from __future__ import annotations

from django.urls import path

from .views import (
    app_passwords,
    approvals,
    browsers,
    codes,
    devices,
    login,
    passkeys,
    security,
    send,
    setup,
    sign_ins,
    step_up,
    verify,
)

app_name = "django_mfa"

urlpatterns = [
    path("", security.SecurityView.as_view(), name="security"),
    path("login/", login.LoginView.as_view(), name="login"),
    path("login/passkey/", passkeys.PasskeyLoginView.as_view(), name="passkey_login"),
    path(
        "login/passkey/begin/",
        passkeys.LoginBeginView.as_view(),
        name="passkey_login_begin",
    ),
    path("passkeys/accepted/", passkeys.AcceptedView.as_view(), name="accepted"),
    path("cancel/", login.CancelView.as_view(), name="cancel"),
    path("verify/", verify.VerifyView.as_view(), name="verify"),
    path("verify/<slug:factor>/", verify.VerifyView.as_view(), name="verify"),
    path(
        "verify/<slug:factor>/begin/",
        passkeys.VerifyBeginView.as_view(),
        name="verify_begin",
    ),
    path(
        "verify/<slug:factor>/send/",
        send.VerifySendView.as_view(),
        name="verify_send",
    ),
    path("step-up/", step_up.StepUpView.as_view(), name="step_up"),
    path("step-up/<slug:factor>/", step_up.StepUpView.as_view(), name="step_up"),
    path(
        "step-up/<slug:factor>/begin/",
        passkeys.StepUpBeginView.as_view(),
        name="step_up_begin",
    ),
    path(
        "step-up/<slug:factor>/send/",
        send.StepUpSendView.as_view(),
        name="step_up_send",
    ),
    path("setup/", setup.ChooseView.as_view(), name="setup"),
    path("setup/<slug:factor>/", setup.SetupView.as_view(), name="setup"),
    path(
        "setup/<slug:factor>/begin/",
        passkeys.SetupBeginView.as_view(),
        name="setup_begin",
    ),
    path("setup/<slug:factor>/send/", send.SetupSendView.as_view(), name="setup_send"),
    path("devices/<uuid:public_id>/", devices.DeviceView.as_view(), name="device"),
    path(
        "devices/<uuid:public_id>/default/",
        devices.DefaultView.as_view(),
        name="device_default",
    ),
    path(
        "devices/<uuid:public_id>/remove/",
        devices.RemoveView.as_view(),
        name="device_remove",
    ),
    path("recovery-codes/", codes.RecoveryCodesView.as_view(), name="recovery_codes"),
    path("recovery-codes/saved/", codes.SavedView.as_view(), name="codes_saved"),
    path("trusted-browsers/", browsers.BrowsersView.as_view(), name="trusted_browsers"),
    path(
        "trusted-browsers/<uuid:public_id>/",
        browsers.BrowserView.as_view(),
        name="trusted_browser",
    ),
    path("sign-ins/", sign_ins.SignInsView.as_view(), name="sign_ins"),
    path("approvals/", approvals.WaitingView.as_view(), name="approvals"),
    path("approve/<uuid:public_id>/", approvals.ApproveView.as_view(), name="approve"),
    path(
        "approve/<uuid:public_id>/<slug:factor>/begin/",
        passkeys.ApproveBeginView.as_view(),
        name="approve_begin",
    ),
    path(
        "approve/<uuid:public_id>/<slug:factor>/send/",
        send.ApproveSendView.as_view(),
        name="approve_send",
    ),
    path(
        "approve/<uuid:public_id>/<slug:factor>/",
        approvals.ApproveView.as_view(),
        name="approve",
    ),
    path(
        "app-passwords/",
        app_passwords.AppPasswordsView.as_view(),
        name="app_passwords",
    ),
    path(
        "app-passwords/revoke/",
        app_passwords.RevokeAllView.as_view(),
        name="app_passwords_revoke",
    ),
    path(
        "app-passwords/<uuid:public_id>/revoke/",
        app_passwords.RevokeView.as_view(),
        name="app_password_revoke",
    ),
    path("disable/", security.DisableView.as_view(), name="disable"),
]
