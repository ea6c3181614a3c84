"""Approvals, and what they concern."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from .tree import MFAError, MFARequired


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
        "This request is over, or what it is about has changed. Nothing was done."
        " Go back and start again."
    )


class CannotBeShown(MFAError):
    """What is to be approved is too long to be shown, or holds what cannot be shown."""

    code = "cannot_be_shown"
    message = _(
        "This cannot be shown whole, so it cannot be approved. Nothing was done."
        " Shorten it and try again."
    )
