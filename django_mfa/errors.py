"""Everything that can be told to a person or a client, in one tree.

Each class is one thing to be told: a stable `code` to branch on, a translated
`message` that says what happened and what to do now, and `details`.
"""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

from . import clock

if TYPE_CHECKING:
    from datetime import datetime

    from django.utils.functional import Promise


class MFAError(Exception):
    """The root: catch this one at a door."""

    code = "mfa_error"
    status = 400
    message: str | Promise = _("That did not work. Please try again.")

    def __init__(self, message: str | Promise | None = None, **details: Any) -> None:
        self.message = message or self.message
        self.details = details
        super().__init__(self.code)

    def __str__(self) -> str:
        return str(self.message)


class InvalidCode(MFAError):
    """The response was not right; wrong, unknown, spent and expired read alike."""

    code = "invalid_code"
    message = _(
        "Invalid verification code. Check that it is the newest one and try again."
    )


class MalformedCode(MFAError):
    """The response does not have the shape of any code; nothing was charged."""

    code = "malformed_code"
    message = _("Enter the digits of the code, or a recovery code.")


class InvalidResponse(InvalidCode):
    """An authenticator's answer was refused; every reason reads alike."""

    code = "invalid_response"
    message = _(
        "That did not work: the answer of your passkey was refused. Try again, or use"
        " another way."
    )


class MalformedResponse(MalformedCode):
    """What was sent is no request of this kind; nothing was looked at."""

    code = "malformed_response"
    message = _("The browser sent something that we cannot read. Please try again.")


class AlreadyRegistered(MFAError):
    """The passkey is registered, here or with another account."""

    code = "already_registered"
    status = 409
    message = _("This passkey is registered already. Use it, or choose another one.")


class TooManyAttempts(MFAError):
    """A limit was reached; `retry_at` says until when."""

    code = "too_many_attempts"
    status = 429
    message = _("Too many attempts. Wait a while, or use another way to sign in.")

    def __init__(self, retry_at: datetime | None = None, **details: Any) -> None:
        super().__init__(**details)
        self.retry_at = retry_at

    @property
    def retry_after(self) -> int:
        """Whole seconds until another try is judged; at least one."""
        if self.retry_at is None:
            return 60
        return max(1, ceil(self.retry_at.timestamp() - clock.timestamp()))


class SendRefused(TooManyAttempts):
    """A budget of sent codes is spent, or sending is paused; `retry_at` says until when."""

    code = "too_many_sends"
    message = _(
        "Too many codes were sent. Wait a while before you ask for another one, or"
        " use another way. A code that you already have stays valid until it expires."
    )


class SendFailed(MFAError):
    """No gateway took the message; nothing was counted and no try was lost."""

    code = "send_failed"
    status = 503
    message = _(
        "We could not send you a code just now. Try again in a minute, or use another"
        " way."
    )


class ProviderUnavailable(SendFailed):
    """The provider cannot be reached, or failed."""

    code = "send_unavailable"


class ProviderSlow(SendFailed):
    """The provider did not answer in time; the message may arrive all the same."""

    code = "send_timed_out"
    message = _(
        "The service that sends our codes did not answer in time. Try again in a"
        " minute, or use another way."
    )


class ProviderMisconfigured(SendFailed):
    """The provider refused us: credentials, sender, or balance. The log says which."""

    code = "send_misconfigured"
    message = _(
        "This site cannot send codes at present. Use another way, and tell the site's"
        " administrator."
    )


class NumberRefused(SendFailed):
    """The provider does not deliver to this number."""

    code = "number_refused"
    status = 400
    message = _(
        "No message can be sent to this number. Check it and try again, or use"
        " another way."
    )


class InvalidNumber(SendFailed):
    """What was typed is no phone number that could get a message; nothing was sent."""

    code = "invalid_number"
    status = 400
    message = _(
        "This is not a phone number that we can send a code to. Enter it with its"
        " country code, like +44 7400 123456."
    )


class DestinationRefused(SendFailed):
    """The site sends no codes to numbers of this kind or country; nothing was sent."""

    code = "destination_refused"
    status = 400
    message = _(
        "We send no codes to numbers of this kind or country. Use a mobile number of"
        " your own, or another way."
    )


class AddressRefused(SendFailed):
    """The mail server takes nothing for this address."""

    code = "address_refused"
    status = 400
    message = _(
        "No mail can be sent to this address. Check it and try again, or use another"
        " way."
    )


class InvalidAddress(SendFailed):
    """What was typed is no e-mail address that codes are sent to; nothing was sent."""

    code = "invalid_address"
    status = 400
    message = _(
        "This is not an e-mail address that we can send a code to. Check it and try"
        " again."
    )


class SendTooSoon(SendRefused):
    """A code went to this device a moment ago; `retry_at` says when the next one may."""

    code = "send_too_soon"
    message = _(
        "A code was sent a moment ago. It can take a minute to arrive; after that you"
        " can ask for another one."
    )


class LoginExpired(MFAError):
    """No sign-in is waiting for a proof, or it waited too long."""

    code = "login_expired"
    status = 401
    message = _("Your sign-in took too long or was ended. Please start again.")


class SetupExpired(MFAError):
    """The set-up was not confirmed in time."""

    code = "setup_expired"
    message = _("Setup session expired. Please start again.")


class DeviceNotFound(MFAError):
    """No such device of this person's."""

    code = "not_found"
    status = 404
    message = _("There is no such device. It may have been removed already.")


class UserNotFound(MFAError):
    """An administrator named somebody who is not there."""

    code = "user_not_found"
    status = 404
    message = _("There is no such user.")


class FactorNotAvailable(MFAError):
    """The factor is unknown, switched off, or not enrolled by this person."""

    code = "factor_not_available"
    status = 404
    message = _("This way to verify is not available. Choose another one.")


class TooManyDevices(MFAError):
    """The person has as many devices of this factor as the site allows."""

    code = "too_many_devices"
    status = 409
    message = _("You have reached the number of devices allowed. Remove one first.")


class NotOffered(MFAError):
    """The site has switched this off."""

    code = "not_offered"
    status = 404
    message = _("This site does not offer that.")


class AppPasswordNotFound(MFAError):
    """No such app password of this person's."""

    code = "app_password_not_found"
    status = 404
    message = _("There is no such app password. It may have been revoked already.")


class TooManyAppPasswords(MFAError):
    """The person has as many app passwords as the site allows."""

    code = "too_many_app_passwords"
    status = 409
    message = _(
        "You have reached the number of app passwords allowed. Revoke one first."
    )


class UnknownScope(MFAError):
    """An app password was to be allowed nothing, or something that does not exist."""

    code = "unknown_scope"
    message = _("Choose what the app password may do.")


class AppPasswordRefused(MFAError):
    """The app password opens nothing; wrong, revoked and expired read alike."""

    code = "invalid_app_password"
    status = 401
    message = _("This app password is wrong or has ended. Make a new one.")


class AppPasswordNotAccepted(MFAError):
    """App passwords open nothing here, whatever they allow."""

    code = "app_password_not_accepted"
    status = 403
    message = _("App passwords are not accepted here.")


class ScopeRequired(MFAError):
    """The app password does not allow this."""

    code = "insufficient_scope"
    status = 403
    message = _("Your app password does not allow this. Make one that does.")


class FactorRequired(MFAError):
    """The last device that a policy asks for cannot be removed."""

    code = "factor_required"
    status = 409
    message = _(
        "Your account must keep a second step. Add another one before you remove"
        " this one."
    )


class MFARequired(MFAError):
    """A proof is owed before this can be seen."""

    code = "mfa_required"
    status = 403
    message = _("Please verify with your second step to go on.")


class EnrolmentRequired(MFARequired):
    """A factor must be set up before this can be seen."""

    code = "mfa_enrolment_required"
    message = _("Your account needs a second step. Please set one up to go on.")


class StepUpRequired(MFARequired):
    """A fresher or a stronger proof is owed."""

    code = "step_up_required"
    #: Whether only its `methods` will do, whatever else the person has.
    narrows = False
    message = _("Please confirm that it is you to go on.")


class ApprovalRequired(MFARequired):
    """This very action must be approved first."""

    code = "approval_required"
    message = _("Please look at what is about to happen and approve it.")

    def __init__(self, draft: Any = None, **details: Any) -> None:
        super().__init__(**details)
        #: What is to be approved; the door that answers stores it.
        self.draft = draft


class ApprovalNotFound(MFAError):
    """No such request that this person may see."""

    code = "approval_not_found"
    status = 404
    message = _("There is no such request. It may have been answered already.")


class ApprovalVoid(MFAError):
    """An approval that is over, was used, or is for something that changed since."""

    code = "approval_void"
    status = 409
    message = _(
        "This request is over or what it is about has changed. Nothing was done."
        " Start again from where you came."
    )


class WrongPassword(MFAError):
    """The password that was asked for again was not right."""

    code = "wrong_password"
    message = _("This is not the password of your account. Please try again.")


class WrongCredentials(MFAError):
    """No such name with such a password; which of them was wrong is not told."""

    code = "wrong_credentials"
    status = 401
    message = _("User name or password is wrong. Please try again.")


class AlreadyEnabled(MFAError):
    """The person has an authenticator app, and asked for their first one."""

    code = "already_enabled"
    message = _("MFA is already enabled. Remove the device you have, or add another.")


class NotEnabled(MFAError):
    """The person has no second factor that could be changed."""

    code = "not_enabled"
    message = _("MFA not enabled. Set up a second step first.")


class NotPermitted(MFAError):
    """The person who acts may not do this."""

    code = "not_permitted"
    status = 403
    message = _("You are not allowed to do this.")


class ReasonRequired(MFAError):
    """An administrator's action was asked for without a reason."""

    code = "reason_required"
    message = _("Say why: the reason is kept in the audit log.")


class KeyTrouble(MFAError):
    """A sealed secret cannot be opened with the keys at hand; nothing is lost."""

    code = "key_trouble"
    status = 503
    message = _(
        "We cannot check this device right now. It is kept. Use another way to"
        " verify, or tell the site's administrator."
    )


class Unavailable(MFAError):
    """Something that this site depends on failed; nothing was half done."""

    code = "temporarily_unavailable"
    status = 503
    message = _(
        "We could not finish this just now, and nothing was changed. Try again."
    )
