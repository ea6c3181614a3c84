"""What happened, for whoever listens: the audit log, mails, metrics, your site.

Every signal is sent inside the transaction of the change it tells of, so a
receiver's row commits with it; whatever leaves the process waits for `on_commit`.
None carries a secret. All have the same arguments:

`sender` the user model, `event` the name below, `user` whom it concerns (or None),
`context` who acted and from where (`django_mfa.session.Context`), `factor`,
`device` (its public id), `device_name`, `reason`, `details` (plain JSON), `gone`
(rows of devices that are removed; of several, those that codes were sent to).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.auth import get_user_model
from django.dispatch import Signal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.contrib.auth.base_user import AbstractBaseUser

EVENTS: dict[str, Event] = {}


class Event(Signal):
    """A signal with a name of its own, under which the audit log keeps it."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name
        EVENTS[name] = self

    def emit(
        self,
        context: Any,  # session.Context, of a room above this one
        user: AbstractBaseUser | None,
        *,
        device: Any = None,  # a Device model of any factor
        factor: str = "",
        reason: str = "",
        gone: Sequence[Any] = (),  # as `device`
        **details: Any,
    ) -> None:
        """Tell every receiver; an error in one of them undoes the change."""
        self.send(
            sender=get_user_model(),
            event=self.name,
            user=user,
            context=context,
            factor=factor or getattr(device, "factor", ""),
            device=str(device.public_id) if device is not None else "",
            device_name=device.name if device is not None else "",
            reason=reason,
            details=details,
            gone=gone,
        )


#: A set-up was begun; nothing protects the account yet.
enrolment_started = Event("enrolment_started")
#: A device was proven and counts from now on.
device_confirmed = Event("device_confirmed")
#: A device was removed by its owner.
device_removed = Event("device_removed")
#: A device got another name; details: `before`.
device_renamed = Event("device_renamed")
#: A device is to be asked for first.
default_device_set = Event("default_device_set")
#: A response was right; details: `purpose`.
challenge_passed = Event("challenge_passed")
#: A response was refused; `reason` tells why, details: `purpose`.
challenge_failed = Event("challenge_failed")
#: Typed codes are refused for a while; details: `until`.
account_locked = Event("account_locked")
#: Codes of a device with a count of its own, as recovery codes have, are refused for a
#: while; details: `until`.
device_locked = Event("device_locked")
#: A device had too many wrong codes in a row and is out of use.
device_disabled = Event("device_disabled")
#: The counter of a passkey suggests that a copy of it exists; it was let in.
clone_suspected = Event("clone_suspected")
#: A recovery code was spent; details: `left`.
recovery_code_used = Event("recovery_code_used")
#: New recovery codes replaced the old ones; details: `count`.
recovery_codes_generated = Event("recovery_codes_generated")
#: The owner said that the codes are kept in a safe place.
recovery_codes_saved = Event("recovery_codes_saved")
#: The owner removed every factor.
mfa_disabled = Event("mfa_disabled")
#: An administrator removed every factor of a user; `reason` is theirs.
factors_reset = Event("factors_reset")
#: An app password was made; details: `scopes`.
app_password_made = Event("app_password_made")
#: An app password was used from a network that it was not used from before.
app_password_new_place = Event("app_password_new_place")
#: An app password opens nothing any more; `reason` says why, if not by its owner.
app_password_revoked = Event("app_password_revoked")
#: A stored secret cannot be opened with the keys at hand.
key_trouble = Event("key_trouble")
#: Somebody signed in without a factor being asked for; `reason` is the cause:
#: `no_factor`, `trusted_browser`, `single_sign_on`.
signed_in = Event("signed_in")
#: A browser was trusted; details: `name`.
browser_trusted = Event("browser_trusted")
#: Trust in a browser, or in all of them, was taken back; `reason` tells why.
browser_untrusted = Event("browser_untrusted")
#: All sessions of a user were ended, by themselves or by an administrator.
sessions_ended = Event("sessions_ended")
#: An administrator made a second factor a must for a user, or no more; details: `required`.
requirement_set = Event("requirement_set")
#: An administrator ended a lock before its time; `reason` is theirs.
account_unlocked = Event("account_unlocked")
#: A policy was made, edited or deleted; `reason` says which, details: `policy`.
policy_changed = Event("policy_changed")
#: Somebody was exempted from the policies; `reason` is why, details: `until`.
exemption_granted = Event("exemption_granted")
#: An exemption was edited; `reason` is why it is there, details: `until`, `fields`.
exemption_changed = Event("exemption_changed")
#: An exemption was deleted before its time or after; details: `until`.
exemption_deleted = Event("exemption_deleted")
#: A person was reminded to set up a factor; details: `until`.
enrolment_reminded = Event("enrolment_reminded")
#: An approval was asked for; details: `action`, `object`, `summary`, `approval`.
approval_requested = Event("approval_requested")
#: An approval was given; details as above.
approval_given = Event("approval_given")
#: An approval was refused by a person; details as above.
approval_refused = Event("approval_refused")
#: An approval was used, once and for all; details as above.
approval_used = Event("approval_used")
#: A code was made for a device and is sent; details: `purpose`.
code_sent = Event("code_sent")
#: A code could not be sent; `reason` tells why, details: `purpose`.
send_failed = Event("send_failed")
#: A code was not sent: a budget is spent, sending pauses, or the country or the kind
#: of number gets none, as `reason` says; details: `purpose`, `country` or `kind`.
send_refused = Event("send_refused")
#: Too few codes are used in a block of numbers or a country: sending there pauses
#: for a while; details: `place`, `sent`, `answered`, `until`.
sends_paused = Event("sends_paused")
#: An administrator ended a pause before its time; details: `place`.
sends_resumed = Event("sends_resumed")
