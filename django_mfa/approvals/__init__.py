"""A proof bound to one action on one object, used once: `approve` is the name to use."""

from __future__ import annotations

from typing import Any

from django.utils.module_loading import import_string

#: What the outside uses; each lives further up, where flows and doors are.
NAMES = {
    "approve": "django_mfa.flows.approve.approve",
    "ApprovableModel": "django_mfa.approvals.mixins.ApprovableModel",
    "ApprovalRequiredMixin": "django_mfa.mixins.ApprovalRequiredMixin",
    "ApprovalAdminMixin": "django_mfa.mixins.ApprovalAdminMixin",
}


def __getattr__(name: str) -> Any:  # models cannot be imported with the package
    if name in NAMES:
        return import_string(NAMES[name])
    message = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(message)
