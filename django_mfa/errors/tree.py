"""What can be told to a person or a client, in one tree.

Each class is one thing to be told: a stable `code` to branch on, a translated
`message` that says what happened and what to do now, and `details`. Where clients
know a message by heart, what to do now stands in `hint`.
"""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from django_mfa import clock

if TYPE_CHECKING:
    from datetime import datetime

    from django.utils.functional import Promise


class MFAError(Exception):
    """The root: catch this one at a door."""

    code = "mfa_error"
    status = 400
    message: str | Promise = _("That did not work. Please try again.")
    hint: str | Promise = ""

    def __init_subclass__(cls) -> None:
        if "message" in vars(cls):
            cls.hint = vars(cls).get("hint", "")

    def __init__(self, message: str | Promise | None = None, **details: Any) -> None:
        if message:
            self.message, self.hint = message, ""
        self.details = details
        super().__init__(self.code)

    def __str__(self) -> str:
        if not self.hint:
            return str(self.message)
        said = {"what": self.message, "hint": self.hint}
        return gettext("%(what)s. %(hint)s") % said


class InvalidCode(MFAError):
    """The response was not right; wrong, unknown, spent and expired read alike."""

    code = "invalid_code"
    message = _("Invalid verification code")
    hint = _("Check that it is the newest one and try again.")


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


class LoginExpired(MFAError):
    """No sign-in is waiting for a proof, or it waited too long."""

    code = "login_expired"
    status = 401
    message = _("Your sign-in took too long or was ended. Please start again.")


class SetupExpired(MFAError):
    """The set-up was not confirmed in time."""

    code = "setup_expired"
    message = _("Setup session expired")
    hint = _("Please start again.")


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
    message = _("MFA is already enabled")
    hint = _("Remove the device you have, or add another.")


class NotEnabled(MFAError):
    """The person has no second factor that could be changed."""

    code = "not_enabled"
    message = _("MFA not enabled")
    hint = _("Set up a second step first.")


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
