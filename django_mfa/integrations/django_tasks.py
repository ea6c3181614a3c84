"""Codes sent by `django.tasks`, which Django has from version 6.0 on."""

from __future__ import annotations

from typing import Any

from django_mfa.extras import require
from django_mfa.flows import sending

tasks = require("django.tasks")


@tasks.task  # type: ignore[untyped-decorator]  # imported when it is there
def deliver(parcel: dict[str, Any]) -> str:
    """Send what the parcel holds; return what came of it."""
    return sending.deliver_quietly(parcel)


def enqueue(parcel: dict[str, Any]) -> None:
    """Hand the parcel to the site's task backend."""
    deliver.enqueue(parcel)
