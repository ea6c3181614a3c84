"""Mails to the site's administrators (`ADMINS`): what they must look at."""

from __future__ import annotations

import logging
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.mail import mail_admins
from django.db import router, transaction
from django.utils.formats import date_format
from django.utils.translation import gettext, override

from django_mfa import conf
from django_mfa.limits import pauses, sends
from django_mfa.limits.deadline import within
from django_mfa.limits.models import SendPause

if TYPE_CHECKING:
    from collections.abc import Callable

log = logging.getLogger("django_mfa")


def tell_of_pause(sender: Any, *, details: dict[str, Any], **happened: Any) -> None:
    """Mail once that sending pauses somewhere, when the pause is committed."""
    _when_committed(lambda: _mail("a pause", lambda: _of_pause(details)))


def tell_of_refusal(sender: Any, *, reason: str, **happened: Any) -> None:
    """Mail that codes are not sent: once a day for each reason, however many there are."""
    if reason == pauses.WHY or not settings.ADMINS:
        return  # they are told of the pause

    def tell() -> None:
        if sends.is_news(reason):
            _mail("a refusal", lambda: _of_refusal(reason))

    _when_committed(tell)


def _when_committed(tell: Callable[[], None]) -> None:
    using = router.db_for_write(SendPause)
    transaction.on_commit(tell, using=using, robust=True)


def _mail(what: str, words: Callable[[], tuple[str, str]]) -> None:
    try:
        with override(settings.LANGUAGE_CODE):
            subject, text = words()
        within(conf.get().SENT_CODES.EMAIL_TIMEOUT, mail_admins, subject, text)
    except Exception as error:  # noqa: BLE001  # each mail backend has its own errors
        kind = type(error).__name__
        log.error("The administrators were not told of %s: %s", what, kind)  # noqa: TRY400  # as in mail


def _of_refusal(reason: str) -> tuple[str, str]:
    subject = gettext("A code was not sent: %(reason)s") % {"reason": reason}
    text = gettext(
        "A code was refused before it was sent (%(reason)s). That happens to people who"
        " ask too often. If there are many of them, a limit may be too low, or somebody"
        " has codes sent at your expense.\n\n"
        "Who asked, and from where, stands in the audit log, under send_refused. What is"
        " allowed is set by DJANGO_MFA['SENDS'] and DJANGO_MFA['SMS']. You get this mail"
        " once a day at most for each reason."
    )
    return subject, text % {"reason": reason}


def _of_pause(details: dict[str, Any]) -> tuple[str, str]:
    until = datetime.fromisoformat(details["until"])
    known = {**details, "until": f"{date_format(until, 'DATETIME_FORMAT')} UTC"}
    subject = gettext("No codes are sent to %(place)s for a while") % known
    text = gettext(
        "Of %(sent)s codes that were sent to %(place)s, %(answered)s were used. That is"
        " what it looks like when somebody has codes sent to numbers they earn from. So"
        " none are sent there until %(until)s, except to people who proved their number"
        " before it began and use their codes.\n\n"
        "If all is well, end the pause in the admin, under “Pauses in sending”. What"
        " counts as too few is set by DJANGO_MFA['SENDS'], the countries that get codes"
        " at all by DJANGO_MFA['SMS']['COUNTRIES']."
    )
    return subject, text % known
