"""What a mail says, as plain values: no row, no secret, nothing that changes later."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from django.utils.dateparse import parse_datetime
from django.utils.translation import get_language

from django_mfa import clock, conf
from django_mfa.errors import FactorNotAvailable
from django_mfa.factors import registry
from django_mfa.limits.browsers import describe
from django_mfa.policy import engine
from django_mfa.values import one_line

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from django.utils.functional import Promise

    from django_mfa.session import Context

#: Done by somebody else, whose address and browser are not the owner's to know.
BY_OTHERS = frozenset(
    {
        *("enrolment_reminded", "factors_reset", "requirement_set"),
        *("sessions_ended", "account_unlocked"),
    }
)


class Notice(NamedTuple):
    """One mail: to whom, of what, when and from where; `to` may be nowhere."""

    event: str
    to: str
    user_pk: Any
    user_name: str
    site_name: str
    factor: str | Promise
    device_name: str
    before: str
    when: datetime
    address: str
    browser: str
    until: datetime | None
    left: int | None
    is_low: bool
    is_required: bool
    because: tuple[str, ...]
    language: str | None

    def __repr__(self) -> str:
        return "<Notice>"


def notice_of(happened: Mapping[str, Any]) -> Notice | None:
    """Note what a mail will say; None where it is nobody's."""
    user, context = happened["user"], happened["context"]
    if user is None:
        return None
    details, left = happened["details"], happened["details"].get("left")
    return Notice(
        event=happened["event"],
        to=_address_of(user),
        user_pk=user.pk,
        user_name=user.get_username(),
        site_name=one_line(conf.get().SITE_NAME or context.host),
        factor=_label(happened["factor"]),
        device_name=one_line(happened["device_name"]),
        before=one_line(details.get("before", "")),
        when=clock.now(),
        until=parse_datetime(details["until"]) if "until" in details else None,
        left=left,
        is_low=left is not None and left <= conf.get().RECOVERY_CODES.WARN_AT,
        is_required=bool(details.get("required")),
        because=_because(happened["event"], user),
        language=get_language(),
        **_origin(happened["event"], user, context),
    )


def _address_of(user: Any) -> str:
    return str(getattr(user, user.get_email_field_name(), "") or "")


def _label(factor: str) -> str | Promise:
    try:
        return registry.get(factor).label
    except FactorNotAvailable:
        return factor


def _because(event: str, user: Any) -> tuple[str, ...]:
    """Return which policies ask for what, where that is what the mail is about."""
    return tuple(engine.explain(user)) if event == "enrolment_reminded" else ()


def _origin(event: str, user: Any, context: Context) -> dict[str, str]:
    other = context.actor is not None and context.actor.pk != user.pk
    if other or event in BY_OTHERS:
        return {"address": "", "browser": ""}
    return {"address": context.address, "browser": describe(context.user_agent)}
