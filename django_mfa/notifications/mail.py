"""A notice as a mail, in text and HTML."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils.formats import date_format
from django.utils.translation import gettext, override

from django_mfa import conf
from django_mfa.limits.deadline import within
from django_mfa.values import one_line

from .subjects import SUBJECTS

if TYPE_CHECKING:
    from .notice import Notice

if TYPE_CHECKING:
    from collections.abc import Sequence

log = logging.getLogger("django_mfa")

# RFC 3834 section 5: so that no holiday reply comes back.
HEADERS = {"Auto-Submitted": "auto-generated"}


def send(notice: Notice, addresses: Sequence[str]) -> None:
    """Send it to each; whatever fails is logged, and nothing else suffers.

    One mail an address: none of them shows the others. No transaction may be open.
    """
    for to in addresses:
        try:
            with override(notice.language):
                message = build(notice._replace(to=to))
            within(conf.get().SENT_CODES.EMAIL_TIMEOUT, message.send)
        except TimeoutError as error:
            # Somebody waits for their page, and the next mail would take as long.
            _failed(notice, error)
            return
        except Exception as error:  # noqa: BLE001  # each mail backend has its own errors
            _failed(notice, error)


def _failed(notice: Notice, error: Exception) -> None:
    # SECURITY: the kind of error alone: its text may hold the address.
    log.error(
        "The notice %s to user %s was not sent: %s",
        notice.event,
        notice.user_pk,
        type(error).__name__,
    )


def build(notice: Notice) -> EmailMultiAlternatives:
    """Write the mail in the active language."""
    context = _context(notice)
    place = f"django_mfa/mail/{notice.event}"
    message = EmailMultiAlternatives(
        subject=context["subject"],
        body=render_to_string(f"{place}.txt", context),
        from_email=conf.get().NOTICES.FROM_EMAIL,
        to=[notice.to],
        headers=HEADERS,
    )
    message.attach_alternative(render_to_string(f"{place}.html", context), "text/html")
    return message


def _context(notice: Notice) -> dict[str, Any]:
    return {
        "notice": notice,
        "subject": _subject(notice),
        "when": _utc(notice.when),
        "until": _utc(notice.until),
    }


def _subject(notice: Notice) -> str:
    what = str(SUBJECTS[notice.event])
    if not notice.site_name:
        return one_line(what)
    named = gettext("%(site)s: %(what)s") % {"site": notice.site_name, "what": what}
    return one_line(named)


def _utc(moment: Any) -> str:
    return f"{date_format(moment, 'DATETIME_FORMAT')} UTC" if moment else ""
