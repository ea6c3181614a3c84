"""Mails to the site's administrators (`ADMINS`): what they must look at."""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.mail import mail_admins
from django.db import router, transaction
from django.utils.formats import date_format
from django.utils.translation import gettext, override

from django_mfa import conf
from django_mfa.limits.deadline import within
from django_mfa.limits.models import SendPause

log = logging.getLogger("django_mfa")


def tell_of_pause(sender: Any, *, details: dict[str, Any], **happened: Any) -> None:
    """Mail once that sending pauses somewhere, when the pause is committed."""

    def send() -> None:
        try:
            with override(settings.LANGUAGE_CODE):
                words = _words(details)
            within(conf.get().SENT_CODES.EMAIL_TIMEOUT, mail_admins, *words)
        except Exception as error:  # noqa: BLE001  # each mail backend has its own errors
            kind = type(error).__name__
            log.error("The administrators were not told of a pause: %s", kind)  # noqa: TRY400  # as in mail

    using = router.db_for_write(SendPause)
    transaction.on_commit(send, using=using, robust=True)


def _words(details: dict[str, Any]) -> tuple[str, str]:
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
