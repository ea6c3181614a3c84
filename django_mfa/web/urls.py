from __future__ import annotations

from django.urls import path

from .late import LateView

app_name = "django_mfa"

urlpatterns = [
    path("", LateView("security.SecurityView"), name="security"),
    path("login/", LateView("login.LoginView"), name="login"),
    path("login/passkey/", LateView("passkeys.PasskeyLoginView"), name="passkey_login"),
    path(
        "login/passkey/begin/",
        LateView("passkeys.LoginBeginView"),
        name="passkey_login_begin",
    ),
    path("passkeys/accepted/", LateView("passkeys.AcceptedView"), name="accepted"),
    path("cancel/", LateView("login.CancelView"), name="cancel"),
    path("verify/", LateView("verify.VerifyView"), name="verify"),
    path("verify/<slug:factor>/", LateView("verify.VerifyView"), name="verify"),
    path(
        "verify/<slug:factor>/begin/",
        LateView("passkeys.VerifyBeginView"),
        name="verify_begin",
    ),
    path(
        "verify/<slug:factor>/send/",
        LateView("send.VerifySendView"),
        name="verify_send",
    ),
    path("step-up/", LateView("step_up.StepUpView"), name="step_up"),
    path("step-up/<slug:factor>/", LateView("step_up.StepUpView"), name="step_up"),
    path(
        "step-up/<slug:factor>/begin/",
        LateView("passkeys.StepUpBeginView"),
        name="step_up_begin",
    ),
    path(
        "step-up/<slug:factor>/send/",
        LateView("send.StepUpSendView"),
        name="step_up_send",
    ),
    path("setup/", LateView("setup.ChooseView"), name="setup"),
    path("setup/<slug:factor>/", LateView("setup.SetupView"), name="setup"),
    path(
        "setup/<slug:factor>/begin/",
        LateView("passkeys.SetupBeginView"),
        name="setup_begin",
    ),
    path(
        "setup/<slug:factor>/send/", LateView("send.SetupSendView"), name="setup_send"
    ),
    path("devices/<uuid:public_id>/", LateView("devices.DeviceView"), name="device"),
    path(
        "devices/<uuid:public_id>/default/",
        LateView("devices.DefaultView"),
        name="device_default",
    ),
    path(
        "devices/<uuid:public_id>/remove/",
        LateView("devices.RemoveView"),
        name="device_remove",
    ),
    path("recovery-codes/", LateView("codes.RecoveryCodesView"), name="recovery_codes"),
    path("recovery-codes/saved/", LateView("codes.SavedView"), name="codes_saved"),
    path(
        "trusted-browsers/", LateView("browsers.BrowsersView"), name="trusted_browsers"
    ),
    path(
        "trusted-browsers/<uuid:public_id>/",
        LateView("browsers.BrowserView"),
        name="trusted_browser",
    ),
    path("sign-ins/", LateView("sign_ins.SignInsView"), name="sign_ins"),
    path("approvals/", LateView("approvals.WaitingView"), name="approvals"),
    path(
        "approve/<uuid:public_id>/", LateView("approvals.ApproveView"), name="approve"
    ),
    path(
        "approve/<uuid:public_id>/<slug:factor>/begin/",
        LateView("passkeys.ApproveBeginView"),
        name="approve_begin",
    ),
    path(
        "approve/<uuid:public_id>/<slug:factor>/send/",
        LateView("send.ApproveSendView"),
        name="approve_send",
    ),
    path(
        "approve/<uuid:public_id>/<slug:factor>/",
        LateView("approvals.ApproveView"),
        name="approve",
    ),
    path(
        "app-passwords/",
        LateView("app_passwords.AppPasswordsView"),
        name="app_passwords",
    ),
    path(
        "app-passwords/revoke/",
        LateView("app_passwords.RevokeAllView"),
        name="app_passwords_revoke",
    ),
    path(
        "app-passwords/<uuid:public_id>/revoke/",
        LateView("app_passwords.RevokeView"),
        name="app_password_revoke",
    ),
    path("disable/", LateView("security.DisableView"), name="disable"),
]
