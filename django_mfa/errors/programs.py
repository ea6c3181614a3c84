"""App passwords, and what they open."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from .tree import MFAError


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
