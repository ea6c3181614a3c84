"""What people are told of, in the words of a mail's subject."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django.utils.functional import Promise

#: The events people are told of; each has templates of its name.
SUBJECTS: dict[str, Promise] = {
    "device_confirmed": _("A second step was added to your account"),
    "device_removed": _("A second step was removed from your account"),
    "device_renamed": _("A second step of your account was renamed"),
    "device_disabled": _("A second step of your account was switched off"),
    "account_locked": _("Too many wrong codes for your account"),
    "device_locked": _("Too many wrong codes for your account"),
    "clone_suspected": _("There may be a copy of a passkey of yours"),
    "recovery_code_used": _("A recovery code of your account was used"),
    "recovery_codes_generated": _("Your account has new recovery codes"),
    "mfa_disabled": _("Your account has no second step any more"),
    "enrolment_reminded": _("Please set up a second step for your account"),
    "app_password_made": _("An app password was made for your account"),
    "app_password_new_place": _("An app password was used from a new place"),
    "app_password_revoked": _("An app password of your account was revoked"),
    "factors_reset": _("An administrator removed your second steps"),
    "requirement_set": _("An administrator changed what your account needs"),
    "sessions_ended": _("You were signed out everywhere"),
    "account_unlocked": _("An administrator unlocked your account"),
}
