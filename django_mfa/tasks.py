"""Codes sent by Celery, whose workers find this module by its name."""

from __future__ import annotations

from typing import Any

from django_mfa.extras import require
from django_mfa.flows import sending

celery = require("celery", extra="celery")


@celery.shared_task(name="django_mfa.deliver", ignore_result=True)  # type: ignore[untyped-decorator]  # Celery has no types
def deliver(parcel: dict[str, Any]) -> str:
    """Send what the parcel holds; return what came of it."""
    return sending.deliver_quietly(parcel)


def enqueue(parcel: dict[str, Any]) -> None:
    """Hand the parcel to the broker; an error at once if that does not answer."""
    # The person waits: whether to try again is theirs to say.
    deliver.apply_async((parcel,), retry=False)
