"""A code as a mail, in text and HTML, by whatever mail backend the site has."""

from __future__ import annotations

import logging
import smtplib
import ssl
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils.translation import gettext
from django.views.decorators.debug import sensitive_variables

from django_mfa import conf
from django_mfa.errors import (
    AddressRefused,
    ProviderMisconfigured,
    ProviderSlow,
    ProviderUnavailable,
    SendFailed,
)
from django_mfa.limits.deadline import within
from django_mfa.values import one_line

log = logging.getLogger("django_mfa")

# RFC 3834 section 5: so that no holiday reply comes back.
HEADERS = {"Auto-Submitted": "auto-generated"}

#: What the errors of mail backends mean; the first that fits counts.
MEANING: tuple[tuple[tuple[type[BaseException], ...], type[SendFailed]], ...] = (
    ((TimeoutError,), ProviderSlow),
    ((smtplib.SMTPRecipientsRefused,), AddressRefused),
    (
        (
            smtplib.SMTPAuthenticationError,
            smtplib.SMTPSenderRefused,
            smtplib.SMTPNotSupportedError,
            ssl.SSLError,
            ImproperlyConfigured,
        ),
        ProviderMisconfigured,
    ),
    ((Exception,), ProviderUnavailable),
)


@sensitive_variables()
def send(to: str, code: str, host: str) -> None:
    """Send the code within the time-out; raise a `SendFailed` if that fails."""
    try:
        taken = within(conf.get().SENT_CODES.EMAIL_TIMEOUT, build(to, code, host).send)
    except Exception as error:  # noqa: BLE001  # each mail backend has its own errors
        failed = next(kind for kinds, kind in MEANING if isinstance(error, kinds))
        # SECURITY: the kind of error alone: its text may hold the address. For the
        # same reason ours does not name it as its cause.
        log.error(  # noqa: TRY400  # the traceback ends with that text
            "The mail with a code was not sent: %s (%s)",
            failed.code,
            type(error).__name__,
        )
    else:
        if taken:
            return
        failed = ProviderUnavailable
    raise failed


@sensitive_variables()
def build(to: str, code: str, host: str) -> EmailMultiAlternatives:
    """Write the mail in the active language."""
    context = _context(code, host)
    message = EmailMultiAlternatives(
        subject=context["subject"],
        body=render_to_string("django_mfa/mail/code.txt", context),
        from_email=conf.get().SENT_CODES.FROM_EMAIL,
        to=[to],
        headers=HEADERS,
    )
    html = render_to_string("django_mfa/mail/code.html", context)
    message.attach_alternative(html, "text/html")
    return message


@sensitive_variables()
def _context(code: str, host: str) -> dict[str, Any]:
    settings = conf.get()
    site_name = one_line(settings.SITE_NAME or host)
    # SECURITY: not in the subject, which mail servers log and locked phones show.
    subject = gettext("Your code for %(site)s") % {"site": site_name}
    return {
        "code": code,
        "site_name": site_name,
        "subject": one_line(subject),
        "minutes": settings.SENT_CODES.EMAIL_TTL // 60,
    }
